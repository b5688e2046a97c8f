#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "formats/array_file.h"

namespace trp {

/// Fields stay in the order in which they are given.
using Json = nlohmann::ordered_json;

/// The bytes of a file that should be JSON, and where they are; for messages.
struct JsonPlace {
  std::string name;
  std::uint64_t offset = 0;
};

/// Is told of what the parser meets, as nlohmann-json's parser_callback_t is, and returns whether
/// that is kept.
using JsonListener = std::function<bool(int depth, Json::parse_event_t event, const Json& parsed)>;

/// Returns a JSON object whose keys are unique and that holds objects or arrays at most `max_depth`
/// deep, itself counted. Throws Error, which names the file and the byte. An object takes time in
/// proportion to the square of what is kept of its members: without a listener it may have 10,000.
Json parse_json_object(std::string_view text, int max_depth, const JsonPlace& place,
                       const JsonListener& listener = {});

/// Returns an object of texts as metadata, in its order, and the reverse.
Metadata to_metadata(const Json& object, const std::string& file_name);
Json to_json(const Metadata& metadata);

/// Returns the text of an entry of the metadata. Throws Error if it is none.
std::string metadata_text(const std::string& name, const Json& value, const std::string& file_name);

/// Returns one line without spaces, or indented lines. NaN and infinity are written as null. Bytes
/// that are not UTF-8, as in names of files, are replaced.
std::string json_text(const Json& json, int indent = -1);

}  // namespace trp
