#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "formats/array_file.h"

namespace trp {

using Json = nlohmann::ordered_json;

/// The bytes of a file that should be JSON, and where they are; for messages.
struct JsonPlace {
  std::string name;
  std::uint64_t offset = 0;
};

/// A JSON object whose keys are unique and that holds objects or arrays at most `most_depth` deep,
/// itself counted. Throws Error that names the file and the byte.
Json parse_json_object(std::string_view text, int most_depth, const JsonPlace& place);

/// An object of texts as metadata, in its order, and back.
Metadata to_metadata(const Json& object, const std::string& file_name);
Json to_json(const Metadata& metadata);

/// One line without spaces.
std::string json_text(const Json& json);

}  // namespace trp
