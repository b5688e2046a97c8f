#include "formats/strict_json.h"

#include <algorithm>
#include <functional>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "core/text.h"
#include "formats/array_checks.h"
#include "formats/array_file.h"
#include "trp/error.h"

namespace trp {
namespace {

/// Notices what nlohmann-json would let pass.
class StructureCheck {
 public:
  StructureCheck(int most_depth, const JsonPlace& place) : most_depth_(most_depth), place_(place) {}

  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    const bool opens =
        event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
    if (opens) {
      if (depth >= most_depth_) {
        throw Error(
            fmt::format("{}: expected JSON nested at most {} deep at byte {}, found more; {}",
                        place_.name, most_depth_, place_.offset, kDamagedHint));
      }
      keys_.resize(static_cast<std::size_t>(depth) + 1);
      keys_.back().clear();
    }
    if (event == Json::parse_event_t::key) {
      const auto key = parsed.get<std::string>();
      if (!keys_[static_cast<std::size_t>(depth) - 1].insert(key).second) {
        throw Error(
            fmt::format("{}: expected each name once in the JSON at byte {}, found {} again; {}",
                        place_.name, place_.offset, in_quotes(key), kDamagedHint));
      }
    }
    return true;
  }

 private:
  int most_depth_;
  const JsonPlace& place_;
  std::vector<std::set<std::string>> keys_;  // of the objects that are open, outermost first
};

}  // namespace

Json parse_json_object(std::string_view text, int most_depth, const JsonPlace& place) {
  // nlohmann-json would take it for the end of the text.
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos) {
    throw Error(fmt::format(
        "{}: expected JSON from byte {} to {}, found a zero byte at byte {}; {}", place.name,
        place.offset, place.offset + text.size() - 1, place.offset + zero, kDamagedHint));
  }
  StructureCheck check(most_depth, place);
  Json json;
  try {
    json = Json::parse(text.begin(), text.end(), std::ref(check));
  } catch (const Json::parse_error& error) {
    throw Error(fmt::format("{}: expected JSON from byte {} to {}, found an error at byte {}; {}",
                            place.name, place.offset, place.offset + text.size() - 1,
                            place.offset + std::max<std::size_t>(error.byte, 1) - 1, kDamagedHint));
  } catch (const Json::exception&) {  // a number too large for any type
    throw Error(fmt::format("{}: expected JSON with numbers of up to 64 bits at byte {}; {}",
                            place.name, place.offset, kDamagedHint));
  }
  if (!json.is_object()) {
    throw Error(fmt::format("{}: expected a JSON object at byte {}, found {}; {}", place.name,
                            place.offset, json.type_name(), kDamagedHint));
  }
  return json;
}

Metadata to_metadata(const Json& object, const std::string& file_name) {
  Metadata metadata;
  if (!object.is_object()) {
    throw Error(fmt::format("{}: expected an object as metadata, found {}; {}", file_name,
                            object.type_name(), kDamagedHint));
  }
  for (const auto& item : object.items()) {
    if (!item.value().is_string()) {
      throw Error(fmt::format("{}: expected a text for {} in the metadata, found {}; {}", file_name,
                              in_quotes(item.key()), item.value().type_name(), kDamagedHint));
    }
    metadata.emplace_back(item.key(), item.value().get<std::string>());
  }
  return metadata;
}

Json to_json(const Metadata& metadata) {
  Json object = Json::object();
  for (const auto& [name, text] : metadata) object[name] = text;
  return object;
}

std::string json_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace trp
