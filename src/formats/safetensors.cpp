#include "formats/safetensors.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "core/fail.h"
#include "core/partition.h"
#include "core/text.h"
#include "formats/bytes.h"
#include "formats/json_fields.h"
#include "formats/strict_json.h"

namespace trp {

template <>
struct JsonFields<TensorEntry> {
  static constexpr std::tuple kFields{JsonField{"dtype", &TensorEntry::dtype},
                                      JsonField{"shape", &TensorEntry::shape},
                                      JsonField{"data_offsets", &TensorEntry::offsets}};
};

namespace {

using Event = Json::parse_event_t;

constexpr std::string_view kMetadataKey = "__metadata__";
constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kDataAlignment = 64;  // of the first byte of data, so that it can be mapped
constexpr std::uint64_t kFormatMaxHeaderBytes = 100'000'000;  // as in the format's own reader
constexpr std::uint64_t kMaxHeaderBytes = 24'000'000;         // that we read within a second
constexpr std::size_t kMaxTensors = 100'000;                  // and entries of the metadata
constexpr int kMaxRank = 8;
constexpr int kHeaderDepth = 3;  // header, tensor, shape

Range data_of(const TensorEntry& entry) { return {entry.offsets[0], entry.offsets[1]}; }

TensorEntry read_entry(const std::string& name, const Json& json, Index data_bytes,
                       const std::string& file) {
  const std::string where = fmt::format("{}: tensor {}", file, in_quotes(name));
  TensorEntry entry;
  read_at(where, [&] { read_value(json, entry); });
  entry.name = name;
  if (entry.dtype != "F32") {
    fail(
        "{}: expected elements of type F32, found {}; hint: save the model as 32-bit floats, "
        "model.float() in PyTorch",
        where, in_quotes(entry.dtype));
  }
  if (entry.offsets.size() != 2)
    throw damaged(where, "two data_offsets", fmt::format("{}", entry.offsets.size()));
  const auto [begin, end] = data_of(entry);
  if (begin > end || end > data_bytes) {
    throw damaged(where, fmt::format("data_offsets in order and up to {}", data_bytes),
                  fmt::format("{} to {}", begin, end));
  }
  check_data_size(entry.shape, static_cast<std::uint64_t>(end - begin), name, file);
  return entry;
}

/// At once: to keep what a tensor should not have would take time.
void check_field(const std::string& tensor, const std::string& field, const std::string& file) {
  if (field == "dtype" || field == "shape" || field == "data_offsets") return;
  throw damaged(fmt::format("{}: tensor {}", file, in_quotes(tensor)),
                "dtype, shape and data_offsets", in_quotes(field));
}

/// Every byte belongs to exactly one tensor.
void check_gapless(std::vector<TensorEntry> entries, Index data_bytes, const std::string& file) {
  std::ranges::sort(entries, {}, &TensorEntry::offsets);
  Index end = 0;
  for (const TensorEntry& entry : entries) {
    const Index begin = data_of(entry).begin;
    if (begin != end) {
      throw damaged(
          fmt::format("{}: tensor {}", file, in_quotes(entry.name)),
          fmt::format("its data at offset {}", end),
          fmt::format("{}: {}", begin, begin < end ? "tensors overlap" : "there is a hole"));
    }
    end = data_of(entry).end;
  }
  if (end != data_bytes) {
    throw damaged(file, fmt::format("{} bytes of data, as the header says", end),
                  fmt::format("{}", data_bytes));
  }
}

/// Reads the JSON of a header and takes what it says of tensors and metadata as it is parsed: an
/// object of all of it would look for each name among all others.
SafetensorsHeader read_json(std::string_view text, Index data_bytes, const std::string& file) {
  SafetensorsHeader header;
  std::string name, inner_name;
  int rank = 0;
  const auto listener = [&](int depth, Event event, const Json& parsed) {
    if (event == Event::key) (depth == 1 ? name : inner_name) = parsed.get<std::string>();
    if (event == Event::key && depth == 2 && name != kMetadataKey)
      check_field(name, inner_name, file);
    if (std::max(header.tensors.size(), header.metadata.size()) > kMaxTensors)
      fail("{}: expected at most {} tensors and texts, found more", file, kMaxTensors);
    if (depth > 1 && name == kMetadataKey) {
      if (event == Event::key) return false;
      header.metadata.emplace_back(inner_name, metadata_text(inner_name, parsed, file));
      return true;
    }
    rank = depth == 3 ? rank + 1 : 0;
    if (rank > kMaxRank)
      fail("{}: tensor {}: expected at most {} dimensions", file, in_quotes(name), kMaxRank);
    const bool is_member = depth == 1 && (event == Event::value || event == Event::object_end ||
                                          event == Event::array_end);
    if (is_member && name != kMetadataKey)
      header.tensors.push_back(read_entry(name, parsed, data_bytes, file));
    else if (is_member && event != Event::object_end)
      throw damaged(file, "an object as metadata", parsed.type_name());
    return !is_member;
  };
  parse_json_object(text, kHeaderDepth, {file, kLengthBytes}, listener);
  return header;
}

}  // namespace

std::vector<std::uint8_t> encode_safetensors(std::span<const NamedArray> arrays,
                                             const Metadata& metadata) {
  Json::object_t header;  // whose members are put at the end without a look at the others
  header.emplace_back(kMetadataKey, to_json(metadata));
  std::uint64_t offset = 0;
  for (const NamedArray& array : arrays) {
    if (array.name == kMetadataKey) fail("an array cannot have the name {}", kMetadataKey);
    const std::uint64_t end = offset + array.values.size() * sizeof(float);
    header.emplace_back(
        array.name,
        Json{{"dtype", "F32"}, {"shape", array.shape}, {"data_offsets", {offset, end}}});
    offset = end;
  }
  std::string text = json_text(std::move(header));
  while ((kLengthBytes + text.size()) % kDataAlignment != 0) text += ' ';
  if (text.size() > kMaxHeaderBytes) {
    fail("expected a header of at most {} bytes, found {}", kMaxHeaderBytes, text.size());
  }
  std::vector<std::uint8_t> bytes;
  bytes.reserve(kLengthBytes + text.size() + static_cast<std::size_t>(offset));
  append_numbers(bytes, static_cast<std::uint64_t>(text.size()));
  bytes.insert(bytes.end(), text.begin(), text.end());
  for (const NamedArray& array : arrays) append_floats(bytes, array.values);
  return bytes;
}

std::size_t safetensors_header_bytes(std::span<const std::uint8_t> start, std::uint64_t file_bytes,
                                     const std::string& name) {
  if (start.size() <= kLengthBytes) {
    throw damaged(name, fmt::format("at least {} bytes", kLengthBytes + 2),
                  fmt::format("{}", start.size()));
  }
  const auto length = load<std::uint64_t>(start.data());
  const auto max_length = std::min<std::uint64_t>(kMaxHeaderBytes, file_bytes - kLengthBytes);
  if (length < 2 || length > max_length) {
    throw damaged(name, fmt::format("a header of 2 to {} bytes", max_length),
                  fmt::format("a length of {} at byte 0", length));
  }
  return kLengthBytes + static_cast<std::size_t>(length);
}

SafetensorsHeader parse_safetensors_header(std::span<const std::uint8_t> start,
                                           std::uint64_t file_bytes, const std::string& name) {
  const std::size_t bytes = safetensors_header_bytes(start, file_bytes, name);
  const auto data_bytes = static_cast<Index>(file_bytes - bytes);
  SafetensorsHeader header =
      read_json(text_of(start.subspan(kLengthBytes, bytes - kLengthBytes)), data_bytes, name);
  header.bytes = bytes;
  check_gapless(header.tensors, data_bytes, name);
  return header;
}

ArrayFile take_arrays(SafetensorsHeader header, std::span<const std::uint8_t> bytes) {
  ArrayFile file{.arrays = {}, .metadata = std::move(header.metadata)};
  for (TensorEntry& tensor : header.tensors) {
    const auto data = bytes.subspan(header.bytes + static_cast<std::size_t>(data_of(tensor).begin),
                                    static_cast<std::size_t>(data_of(tensor).size()));
    NamedArray array{std::move(tensor.name), std::move(tensor.shape),
                     std::vector<float>(data.size() / sizeof(float))};
    std::ranges::copy(data, bytes_of(array.values).begin());
    file.arrays.push_back(std::move(array));
  }
  return file;
}

bool starts_safetensors(std::span<const std::uint8_t> start) {
  return start.size() > kLengthBytes && start[kLengthBytes] == '{' &&
         load<std::uint64_t>(start.data()) <= kFormatMaxHeaderBytes;
}

}  // namespace trp
