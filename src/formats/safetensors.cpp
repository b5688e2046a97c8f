#include "formats/safetensors.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "core/fail.h"
#include "core/partition.h"
#include "core/text.h"
#include "formats/array_checks.h"
#include "formats/json_fields.h"
#include "formats/little_endian.h"
#include "formats/strict_json.h"

namespace trp {
namespace {

constexpr std::string_view kMetadataKey = "__metadata__";
constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kDataAlignment = 64;  // of the first byte of data, so that it can be mapped
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // as in the format's own reader
constexpr int kHeaderDepth = 3;                         // header, tensor, shape

/// What the header says of a tensor. Offsets count from the end of the header.
struct TensorEntry {
  std::string dtype;
  std::vector<Index> shape;
  std::vector<Index> offsets;  // where the data begin and end
  std::string name;

  Range data() const { return {offsets[0], offsets[1]}; }
};

}  // namespace

template <>
struct JsonFields<TensorEntry> {
  static constexpr std::tuple kFields{JsonField{"dtype", &TensorEntry::dtype},
                                      JsonField{"shape", &TensorEntry::shape},
                                      JsonField{"data_offsets", &TensorEntry::offsets}};
};

namespace {

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
  const auto [begin, end] = entry.data();
  if (begin > end || end > data_bytes) {
    throw damaged(where, fmt::format("data_offsets in order and up to {}", data_bytes),
                  fmt::format("{} to {}", begin, end));
  }
  check_data_size(entry.shape, static_cast<std::uint64_t>(end - begin), name, file);
  return entry;
}

/// Every byte belongs to exactly one tensor.
void check_gapless(std::vector<TensorEntry> entries, Index data_bytes, const std::string& file) {
  std::ranges::sort(entries, {}, &TensorEntry::offsets);
  Index end = 0;
  for (const TensorEntry& entry : entries) {
    const Index begin = entry.data().begin;
    if (begin != end) {
      throw damaged(
          fmt::format("{}: tensor {}", file, in_quotes(entry.name)),
          fmt::format("its data at offset {}", end),
          fmt::format("{}: {}", begin, begin < end ? "tensors overlap" : "there is a hole"));
    }
    end = entry.data().end;
  }
  if (end != data_bytes) {
    throw damaged(file, fmt::format("{} bytes of data, as the header says", end),
                  fmt::format("{}", data_bytes));
  }
}

/// Returns how long the header is.
std::size_t read_header_length(std::span<const std::uint8_t> bytes, const std::string& name) {
  if (bytes.size() < kLengthBytes) {
    throw damaged(name, fmt::format("at least {} bytes", kLengthBytes + 2),
                  fmt::format("{}", bytes.size()));
  }
  const auto length = little_endian<std::uint64_t>(bytes.data());
  const auto max_length = std::min<std::uint64_t>(kMaxHeaderBytes, bytes.size() - kLengthBytes);
  if (length < 2 || length > max_length) {
    throw damaged(name, fmt::format("a header of 2 to {} bytes", max_length),
                  fmt::format("a length of {} at byte 0", length));
  }
  return static_cast<std::size_t>(length);
}

Json read_header(std::span<const std::uint8_t> header, const std::string& name) {
  const std::string_view text = text_of(header);
  if (text.front() != '{') {
    throw damaged(name, fmt::format("a header that begins with {{ at byte {}", kLengthBytes),
                  in_quotes(text.substr(0, 1)));
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

ArrayFile parse_safetensors(std::span<const std::uint8_t> bytes, const std::string& name) {
  const std::size_t length = read_header_length(bytes, name);
  const Json header = read_header(bytes.subspan(kLengthBytes, length), name);
  const auto data = bytes.subspan(kLengthBytes + length);
  const auto data_bytes = static_cast<Index>(data.size());

  ArrayFile file;
  std::vector<TensorEntry> entries;
  for (const auto& item : header.items()) {
    if (item.key() == kMetadataKey) {
      file.metadata = to_metadata(item.value(), name);
    } else {
      entries.push_back(read_entry(item.key(), item.value(), data_bytes, name));
    }
  }
  check_gapless(entries, data_bytes, name);
  for (TensorEntry& entry : entries) {
    const Range range = entry.data();
    file.arrays.push_back({std::move(entry.name), std::move(entry.shape),
                           to_floats(data.subspan(static_cast<std::size_t>(range.begin),
                                                  static_cast<std::size_t>(range.size())))});
  }
  return file;
}

bool starts_safetensors(std::span<const std::uint8_t> start) {
  return start.size() > kLengthBytes && start[kLengthBytes] == '{' &&
         little_endian<std::uint64_t>(start.data()) <= kMaxHeaderBytes;
}

}  // namespace trp
