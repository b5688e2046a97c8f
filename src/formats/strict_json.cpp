#include "formats/strict_json.h"

#include <algorithm>
#include <unordered_set>
#include <vector>

#include <fmt/format.h>

#include "core/fail.h"
#include "core/text.h"

namespace trp {
namespace {

/// Notices what nlohmann-json would let pass.
class StructureCheck {
 public:
  StructureCheck(int max_depth, std::size_t max_members, const JsonPlace& place)
      : max_depth_(max_depth), max_members_(max_members), place_(place) {}

  void operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    const auto level = static_cast<std::size_t>(depth);
    if (event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start) {
      if (depth >= max_depth_) {
        throw damaged(
            place_.name,
            fmt::format("JSON nested at most {} deep at byte {}", max_depth_, place_.offset),
            "more");
      }
      keys_.resize(level + 1);
      keys_.back().clear();
    }
    if (event != Json::parse_event_t::key) return;
    if (keys_[level - 1].size() == max_members_) {
      throw damaged(
          place_.name,
          fmt::format("JSON objects of at most {} members at byte {}", max_members_, place_.offset),
          "more");
    }
    if (!keys_[level - 1].insert(parsed.get<std::string>()).second) {
      throw damaged(place_.name,
                    fmt::format("each name once in the JSON at byte {}", place_.offset),
                    in_quotes(parsed.get<std::string>()) + " again");
    }
  }

 private:
  int max_depth_;
  std::size_t max_members_;
  const JsonPlace& place_;
  std::vector<std::unordered_set<std::string>> keys_;  // of the open objects, outermost first
};

}  // namespace

Json parse_json_object(std::string_view text, int max_depth, const JsonPlace& place,
                       const JsonListener& listener) {
  const auto bad_byte = [&](std::string_view what, std::size_t index) {
    return damaged(place.name,
                   fmt::format("JSON from byte {} to {}", place.offset,
                               place.offset + std::max<std::size_t>(text.size(), 1) - 1),
                   fmt::format("{} at byte {}", what, place.offset + index));
  };
  // nlohmann-json would take it for the end of the text.
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos)
    throw bad_byte("a zero byte", zero);
  constexpr std::size_t kMaxMembers = 10'000;
  StructureCheck check(max_depth, listener ? SIZE_MAX : kMaxMembers, place);
  Json json;
  try {
    json = Json::parse(text.begin(), text.end(),
                       [&](int depth, Json::parse_event_t event, const Json& parsed) {
                         check(depth, event, parsed);
                         return !listener || listener(depth, event, parsed);
                       });
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

std::string metadata_text(const std::string& name, const Json& value,
                          const std::string& file_name) {
  if (value.is_string()) return value.get<std::string>();
  throw damaged(file_name, fmt::format("a text for {} in the metadata", in_quotes(name)),
                value.is_discarded() ? "a list or an object" : value.type_name());
}

Metadata to_metadata(const Json& object, const std::string& file_name) {
  Metadata metadata;
  for (const auto& item : object.items())
    metadata.emplace_back(item.key(), metadata_text(item.key(), item.value(), file_name));
  return metadata;
}

Json to_json(const Metadata& metadata) {
  Json::object_t object;
  for (const auto& [name, text] : metadata) object.emplace_back(name, text);  // all at the end
  return object;
}

std::string json_text(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace trp
