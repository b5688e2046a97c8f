#include "formats/safetensors.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "core/text.h"
#include "formats/array_checks.h"
#include "formats/little_endian.h"
#include "formats/strict_json.h"
#include "trp/error.h"

namespace trp {
namespace {

constexpr std::string_view kMetadataKey = "__metadata__";
constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kDataAlignment = 64;  // of the first byte of data, so that it can be mapped
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // as in the format's own reader
constexpr int kHeaderDepth = 3;                         // header, tensor, shape

/// A tensor as the header describes it; offsets count from the end of the header.
struct TensorEntry {
  std::string name;
  std::vector<Index> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// Reads what the header of a file says of one tensor.
class EntryReader {
 public:
  EntryReader(const std::string& name, const Json& json, const std::string& file)
      : name_(name), json_(json), file_(file) {}

  TensorEntry read(std::uint64_t data_bytes) const {
    check_members();
    if (const Json& dtype = json_["dtype"]; dtype != "F32") {
      throw Error(fmt::format(
          "{}: expected elements of type F32, found {}; hint: save the model as 32-bit floats, "
          "model.float() in PyTorch",
          where(), in_quotes(json_text(dtype))));
    }
    TensorEntry entry{.name = name_, .shape = {}};
    if (!json_["shape"].is_array()) throw bad("a list as its shape", json_["shape"].type_name());
    for (const Json& size : json_["shape"])
      entry.shape.push_back(static_cast<Index>(whole_number(size, "its shape")));
    const Json& offsets = json_["data_offsets"];
    if (!offsets.is_array() || offsets.size() != 2)
      throw bad("two data_offsets", in_quotes(json_text(offsets)));
    entry.begin = whole_number(offsets[0], "data_offsets");
    entry.end = whole_number(offsets[1], "data_offsets");
    if (entry.begin > entry.end || entry.end > data_bytes) {
      throw bad(fmt::format("data_offsets in order and up to {}", data_bytes),
                fmt::format("{} to {}", entry.begin, entry.end));
    }
    check_data_size(entry.shape, entry.end - entry.begin, name_, file_);
    return entry;
  }

 private:
  std::string where() const { return fmt::format("{}: tensor {}", file_, in_quotes(name_)); }
  Error bad(std::string_view expected, std::string_view found) const {
    return damaged(where(), expected, found);
  }

  void check_members() const {
    if (!json_.is_object()) throw bad("an object in the header", json_.type_name());
    for (const auto& item : json_.items())
      if (std::ranges::find(kMembers, item.key()) == std::end(kMembers))
        throw bad("dtype, shape and data_offsets", in_quotes(item.key()));
    for (const char* member : kMembers)
      if (!json_.contains(member)) throw bad(fmt::format("{} in the header", member), "none");
  }

  std::uint64_t whole_number(const Json& json, std::string_view what) const {
    constexpr std::uint64_t kMax = std::numeric_limits<Index>::max();
    if (json.is_number_unsigned() && json.get<std::uint64_t>() <= kMax)
      return json.get<std::uint64_t>();
    throw bad(fmt::format("whole numbers from 0 to 2^63-1 as {}", what),
              in_quotes(json_text(json)));
  }

  static constexpr std::array<const char*, 3> kMembers = {"dtype", "shape", "data_offsets"};

  const std::string& name_;
  const Json& json_;
  const std::string& file_;
};

/// Every byte belongs to exactly one tensor.
void check_gapless(std::vector<TensorEntry> entries, std::uint64_t data_bytes,
                   const std::string& file) {
  std::ranges::sort(entries, {},
                    [](const auto& entry) { return std::pair(entry.begin, entry.end); });
  std::uint64_t end = 0;
  for (const TensorEntry& entry : entries) {
    if (entry.begin != end) {
      throw damaged(fmt::format("{}: tensor {}", file, in_quotes(entry.name)),
                    fmt::format("its data at offset {}", end),
                    fmt::format("{}: {}", entry.begin,
                                entry.begin < end ? "tensors overlap" : "there is a hole"));
    }
    end = entry.end;
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
      entries.push_back(EntryReader(item.key(), item.value(), name).read(data.size()));
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
         little_endian<std::uint64_t>(start.data()) <= kMaxHeaderBytes;
}

}  // namespace trp
