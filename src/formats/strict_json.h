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

/// Returns a JSON object whose keys are unique and that holds objects or arrays at most `max_depth`
/// deep, itself counted. Throws Error, which names the file and the byte.
Json parse_json_object(std::string_view text, int max_depth, const JsonPlace& place);

/// Returns an object of texts as metadata, in its order, and the reverse.
Metadata to_metadata(const Json& object, const std::string& file_name);
Json to_json(const Metadata& metadata);

/// Returns one line without spaces.
std::string json_text(const Json& json);

}  // namespace trp
