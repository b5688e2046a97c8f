#include "formats/safetensors.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "core/text.h"
#include "formats/array_checks.h"
#include "formats/array_file.h"
#include "formats/little_endian.h"
#include "formats/strict_json.h"
#include "trp/error.h"

namespace trp {
namespace {

constexpr std::string_view kMetadataKey = "__metadata__";
constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kDataAlignment = 64;  // of the first byte of data, so that it can be mapped
constexpr std::uint64_t kLongestHeader = 100'000'000;  // as in the format's own reader
constexpr int kHeaderDepth = 3;                        // header, tensor, shape

/// A tensor as the header describes it; offsets count from the end of the header.
struct TensorEntry {
  std::string name;
  std::vector<Index> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

std::uint64_t whole_number(const Json& json, const std::string& file, const std::string& tensor,
                           std::string_view what) {
  if (!json.is_number_unsigned() ||
      json.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<Index>::max()}) {
    throw Error(
        fmt::format("{}: tensor {}: expected whole numbers from 0 to 2^63-1 as {}, found {}; {}",
                    file, in_quotes(tensor), what, in_quotes(json_text(json)), kDamagedHint));
  }
  return json.get<std::uint64_t>();
}

const Json& member(const Json& tensor, const std::string& file, const std::string& name,
                   std::string_view key) {
  const auto found = tensor.find(key);
  if (found == tensor.end()) {
    throw Error(fmt::format("{}: tensor {}: expected {} in the header, found none; {}", file,
                            in_quotes(name), key, kDamagedHint));
  }
  return *found;
}

void check_members(const Json& tensor, const std::string& file, const std::string& name) {
  if (!tensor.is_object()) {
    throw Error(fmt::format("{}: tensor {}: expected an object in the header, found {}; {}", file,
                            in_quotes(name), tensor.type_name(), kDamagedHint));
  }
  for (const auto& item : tensor.items()) {
    if (item.key() == "dtype" || item.key() == "shape" || item.key() == "data_offsets") continue;
    throw Error(fmt::format("{}: tensor {}: expected dtype, shape and data_offsets, found {}; {}",
                            file, in_quotes(name), in_quotes(item.key()), kDamagedHint));
  }
}

std::vector<Index> read_shape(const Json& json, const std::string& file, const std::string& name) {
  if (!json.is_array()) {
    throw Error(fmt::format("{}: tensor {}: expected a list as its shape, found {}; {}", file,
                            in_quotes(name), json.type_name(), kDamagedHint));
  }
  std::vector<Index> shape;
  for (const Json& size : json) {
    shape.push_back(static_cast<Index>(whole_number(size, file, name, "its shape")));
  }
  return shape;
}

TensorEntry read_entry(const std::string& name, const Json& json, std::uint64_t data_bytes,
                       const std::string& file) {
  check_members(json, file, name);
  const Json& dtype = member(json, file, name, "dtype");
  if (dtype != "F32") {
    throw Error(fmt::format(
        "{}: tensor {}: expected elements of type F32, found {}; hint: save the model as 32-bit "
        "floats, model.float() in PyTorch",
        file, in_quotes(name), in_quotes(json_text(dtype))));
  }
  TensorEntry entry{.name = name,
                    .shape = read_shape(member(json, file, name, "shape"), file, name)};
  const Json& offsets = member(json, file, name, "data_offsets");
  if (!offsets.is_array() || offsets.size() != 2) {
    throw Error(fmt::format("{}: tensor {}: expected two data_offsets, found {}; {}", file,
                            in_quotes(name), in_quotes(json_text(offsets)), kDamagedHint));
  }
  entry.begin = whole_number(offsets[0], file, name, "data_offsets");
  entry.end = whole_number(offsets[1], file, name, "data_offsets");
  if (entry.begin > entry.end || entry.end > data_bytes) {
    throw Error(fmt::format(
        "{}: tensor {}: expected data_offsets in order and up to {}, found {} to {}; {}", file,
        in_quotes(name), data_bytes, entry.begin, entry.end, kDamagedHint));
  }
  check_data_size(entry.shape, entry.end - entry.begin, name, file);
  return entry;
}

/// Every byte belongs to exactly one tensor.
void check_gapless(std::vector<TensorEntry> entries, std::uint64_t data_bytes,
                   const std::string& file) {
  std::ranges::sort(entries, {},
                    [](const auto& entry) { return std::pair(entry.begin, entry.end); });
  std::uint64_t end = 0;
  for (const TensorEntry& entry : entries) {
    if (entry.begin != end) {
      throw Error(fmt::format("{}: tensor {}: expected its data at offset {}, found {}: {}; {}",
                              file, in_quotes(entry.name), end, entry.begin,
                              entry.begin < end ? "tensors overlap" : "there is a hole",
                              kDamagedHint));
    }
    end = entry.end;
  }
  if (end != data_bytes) {
    throw Error(fmt::format("{}: expected {} bytes of data, as the header says, found {}; {}", file,
                            end, data_bytes, kDamagedHint));
  }
}

/// Returns how long the header is.
std::size_t read_header_length(std::span<const std::uint8_t> bytes, const std::string& name) {
  if (bytes.size() < kLengthBytes) {
    throw Error(fmt::format("{}: expected at least {} bytes, found {}; {}", name, kLengthBytes + 2,
                            bytes.size(), kDamagedHint));
  }
  const auto length = little_endian<std::uint64_t>(bytes.data());
  const std::uint64_t most = std::min<std::uint64_t>(kLongestHeader, bytes.size() - kLengthBytes);
  if (length < 2 || length > most) {
    throw Error(
        fmt::format("{}: expected a header of 2 to {} bytes, found a length of {} at byte 0; {}",
                    name, most, length, kDamagedHint));
  }
  return static_cast<std::size_t>(length);
}

Json read_header(std::span<const std::uint8_t> header, const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(header.data()), header.size());
  if (text.front() != '{') {
    throw Error(fmt::format("{}: expected a header that begins with {{ at byte {}, found {}; {}",
                            name, kLengthBytes, in_quotes(text.substr(0, 1)), kDamagedHint));
  }
  return parse_json_object(text, kHeaderDepth, {name, kLengthBytes});
}

}  // namespace

std::vector<std::uint8_t> encode_safetensors(const ArrayFile& file) {
  Json header = Json::object();
  header[std::string(kMetadataKey)] = to_json(file.metadata);
  std::uint64_t offset = 0;
  for (const NamedArray& array : file.arrays) {
    const std::uint64_t end = offset + array.values.size() * sizeof(float);
    header[array.name] = {
        {"dtype", "F32"}, {"shape", array.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = json_text(header);
  while ((kLengthBytes + text.size()) % kDataAlignment != 0) text += ' ';
  std::vector<std::uint8_t> bytes;
  bytes.reserve(kLengthBytes + text.size() + static_cast<std::size_t>(offset));
  append_little_endian(bytes, static_cast<std::uint64_t>(text.size()));
  bytes.insert(bytes.end(), text.begin(), text.end());
  for (const NamedArray& array : file.arrays) append_floats(bytes, array.values);
  return bytes;
}

ParsedArrayFile parse_safetensors(std::span<const std::uint8_t> bytes, const std::string& name) {
  const std::size_t length = read_header_length(bytes, name);
  const Json header = read_header(bytes.subspan(kLengthBytes, length), name);
  const auto data = bytes.subspan(kLengthBytes + length);

  ParsedArrayFile parsed;
  std::vector<TensorEntry> entries;
  for (const auto& item : header.items()) {
    if (item.key() == kMetadataKey) {
      parsed.content.metadata = to_metadata(item.value(), name);
      parsed.metadata = {kLengthBytes, static_cast<Index>(kLengthBytes + length)};
    } else {
      entries.push_back(read_entry(item.key(), item.value(), data.size(), name));
    }
  }
  check_gapless(entries, data.size(), name);
  for (TensorEntry& entry : entries) {
    parsed.content.arrays.push_back(
        {std::move(entry.name), std::move(entry.shape),
         to_floats(data.subspan(static_cast<std::size_t>(entry.begin),
                                static_cast<std::size_t>(entry.end - entry.begin)))});
  }
  return parsed;
}

bool starts_safetensors(std::span<const std::uint8_t> start) {
  return start.size() > kLengthBytes && start[kLengthBytes] == '{' &&
         little_endian<std::uint64_t>(start.data()) <= kLongestHeader;
}

}  // namespace trp
