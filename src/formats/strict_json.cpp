#include "formats/strict_json.h"

#include <algorithm>
#include <functional>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "core/fail.h"
#include "core/text.h"
#include "formats/array_checks.h"
#include "formats/array_file.h"

namespace trp {
namespace {

/// Notices what nlohmann-json would let pass.
class StructureCheck {
 public:
  StructureCheck(int max_depth, const JsonPlace& place) : max_depth_(max_depth), place_(place) {}

  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    using Event = Json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      if (depth >= max_depth_) {
        throw damaged(
            place_.name,
            fmt::format("JSON nested at most {} deep at byte {}", max_depth_, place_.offset),
            "more");
      }
      keys_.resize(static_cast<std::size_t>(depth) + 1);
      keys_.back().clear();
    }
    if (event == Event::key) {
      const auto key = parsed.get<std::string>();
      if (!keys_[static_cast<std::size_t>(depth) - 1].insert(key).second) {
        throw damaged(place_.name,
                      fmt::format("each name once in the JSON at byte {}", place_.offset),
                      in_quotes(key) + " again");
      }
    }
    return true;
  }

 private:
  int max_depth_;
  const JsonPlace& place_;
  std::vector<std::set<std::string>> keys_;  // of the objects that are open, outermost first
};

}  // namespace

Json parse_json_object(std::string_view text, int max_depth, const JsonPlace& place) {
  const auto bad_byte = [&](std::string_view what, std::size_t index) {
    return damaged(place.name,
                   fmt::format("JSON from byte {} to {}", place.offset,
                               place.offset + std::max<std::size_t>(text.size(), 1) - 1),
                   fmt::format("{} at byte {}", what, place.offset + index));
  };
  // nlohmann-json would take it for the end of the text.
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos)
    throw bad_byte("a zero byte", zero);
  StructureCheck check(max_depth, place);
  Json json;
  try {
    json = Json::parse(text.begin(), text.end(), std::ref(check));
  } catch (const Json::parse_error& error) {
    throw bad_byte("an error", std::max<std::size_t>(error.byte, 1) - 1);
  } catch (const Json::exception&) {  // a number too large for any type
    fail("{}: expected JSON with numbers of up to 64 bits at byte {}; {}", place.name, place.offset,
         kDamagedHint);
  }
  if (!json.is_object()) {
    throw damaged(place.name, fmt::format("a JSON object at byte {}", place.offset),
                  json.type_name());
  }
  return json;
}

Metadata to_metadata(const Json& object, const std::string& file_name) {
  if (!object.is_object()) throw damaged(file_name, "an object as metadata", object.type_name());
  Metadata metadata;
  for (const auto& item : object.items()) {
    if (!item.value().is_string()) {
      throw damaged(file_name, fmt::format("a text for {} in the metadata", in_quotes(item.key())),
                    item.value().type_name());
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
