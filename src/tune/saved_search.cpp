#include "tune/saved_search.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "core/fail.h"
#include "formats/array_file.h"
#include "formats/bytes.h"
#include "formats/json_fields.h"
#include "train/score_json.h"

namespace trp {

template <>
struct JsonFields<TrialResult> {
  static constexpr std::tuple kFields{JsonField{"trial", &TrialResult::trial},
                                      JsonField{"epochs", &TrialResult::epochs},
                                      JsonField{"validation", &TrialResult::validation},
                                      JsonField{"seconds", &TrialResult::seconds}};
};

template <>
struct JsonFields<SavedSearch> {
  static constexpr std::tuple kFields{JsonField{"results", &SavedSearch::results}};
};

namespace {

constexpr const char* kSearchKey = "search";  // of what is searched
constexpr const char* kFoundKey = "found";

}  // namespace

std::vector<std::uint8_t> encode_search(const SavedSearch& search) {
  return encode_array_file({.arrays = {},
                            .metadata = {{kSearchKey, json_text(search.identity)},
                                         {kFoundKey, json_text(value_to_json(search))}}},
                           ArrayFormat::kSafetensors);
}

std::vector<TrialResult> load_search(const std::string& path, const Json& identity) {
  constexpr int kMaxDepth = 4;
  const DecodedArrayFile file = read_array_file(path);
  const std::string* known = find_metadata(file.content.metadata, kSearchKey);
  const std::string* found = find_metadata(file.content.metadata, kFoundKey);
  if (!file.verified || !known || !found)
    fail("{}: expected what --checkpoint of tune has written, found another file", path);
  const Json other = parse_json_object(*known, kMaxDepth, {.name = path});
  for (const auto& item : identity.items())
    if (other.value(item.key(), Json()) != item.value())
      fail("{} belongs to a different search: its {} is another; hint: give the same options", path,
           item.key());
  return read_at(path, [&] {
    SavedSearch saved;
    read_value(parse_json_object(*found, kMaxDepth, {.name = path}), saved);
    return saved.results;
  });
}

bool starts_search(std::span<const std::uint8_t> start) {
  constexpr std::size_t kBeforeHeader = 8;
  const std::string_view text = text_of(start);
  return text.substr(std::min(kBeforeHeader, text.size()))
      .starts_with(R"({"__metadata__":{"program":"tensor_relu_parallel","search":)");
}

}  // namespace trp
