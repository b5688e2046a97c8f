#include "formats/npz.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

#include <fmt/ranges.h>

#include "core/fail.h"
#include "core/partition.h"
#include "core/text.h"
#include "formats/bytes.h"
#include "formats/strict_json.h"
#include "formats/zip.h"

namespace trp {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kEnding = ".npy";
constexpr std::string_view kMagic = "\x93NUMPY"sv;
constexpr std::size_t kAlignment = 64;   // of the data in a .npy file
constexpr std::size_t kVersionByte = 6;  // then the minor version, then the header's length
constexpr Index kMaxNpyHeaderBytes = 65'536;

std::string header_text(const std::vector<Index>& shape) {
  return fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}{}), }}",
                     fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

std::vector<std::uint8_t> encode_npy(const NamedArray& array) {
  constexpr std::size_t kFixedBytes = 10;
  std::string header = header_text(array.shape);
  while ((kFixedBytes + header.size() + 1) % kAlignment != 0) header += ' ';
  header += '\n';
  const std::size_t size = header.size();  // with version 1.0 before it
  header.insert(0, {1, 0, static_cast<char>(size), static_cast<char>(size >> 8)});
  header.insert(0, kMagic);
  std::vector<std::uint8_t> bytes(header.begin(), header.end());
  append_floats(bytes, array.values);
  return bytes;
}

/// What stands between two texts, or nothing.
std::string_view between(std::string_view text, std::string_view before, std::string_view after) {
  const std::size_t found = text.find(before);
  if (found == std::string_view::npos) return {};
  text.remove_prefix(found + before.size());
  return text.substr(0, text.find(after));
}

/// Reads the sizes in the one form of a Python dictionary that NumPy writes.
std::vector<Index> read_shape(std::string_view header, const std::string& where) {
  if (const auto type = between(header, "{'descr': '", "'"); !type.empty() && type != "<f4") {
    fail(
        "{}: expected elements of type '<f4', 32-bit floats, found {}; hint: convert the array "
        "with .astype('<f4')",
        where, in_quotes(type));
  }
  if (between(header, "'fortran_order': ", ",") == "True") {
    fail(
        "{}: expected rows one after the other, found Fortran's order; hint: convert the array "
        "with numpy.ascontiguousarray",
        where);
  }
  std::vector<Index> shape;
  for (std::string_view sizes = between(header, "'shape': (", ")"); !sizes.empty();) {
    Index size = 0;
    const auto [end, error] = std::from_chars(sizes.data(), sizes.data() + sizes.size(), size);
    if (error != std::errc() || size < 0) throw damaged(where, "a size", in_quotes(sizes));
    shape.push_back(size);
    sizes.remove_prefix(static_cast<std::size_t>(end - sizes.data()));
    sizes.remove_prefix(std::min(sizes.size(), sizes.find_first_not_of(", ")));
  }
  // Whatever else there is must be as it would have been written.
  const std::string expected = header_text(shape);
  if (!header.starts_with(expected) ||
      header.find_first_not_of(' ', expected.size()) != header.size() - 1 || header.back() != '\n')
    throw damaged(where, fmt::format("the header {}, spaces and a line feed", expected),
                  in_quotes(header));
  return shape;
}

/// Unpacks the first `count` bytes of the entry, or all if there are fewer.
std::vector<std::uint8_t> unpack_start(const PackedEntry& entry, std::size_t count,
                                       const std::string& where) {
  std::vector<std::uint8_t> start(std::min<std::size_t>(count, entry.unpacked_bytes));
  unpack(entry, {start}, where);
  return start;
}

/// Returns where the text of the header begins and ends.
Range header_range(const PackedEntry& entry, const std::string& where) {
  const auto start = unpack_start(entry, 12, where);
  const bool is_npy = start.size() == 12 && text_of(start).starts_with(kMagic);
  const int version = is_npy ? start[kVersionByte] : 0;
  if (version < 1 || version > 3 || start[kVersionByte + 1] != 0)
    throw damaged(where, "a NumPy array of version 1.0 to 3.0 at byte 0", "none");
  const Index begin = version == 1 ? 10 : 12;
  const Index length =
      version == 1 ? load<std::uint16_t>(&start[8]) : load<std::uint32_t>(&start[8]);
  const Index max_length = std::min<Index>(kMaxNpyHeaderBytes, entry.unpacked_bytes - begin);
  if (length > max_length) {
    throw damaged(where, fmt::format("a header of at most {} bytes", max_length),
                  fmt::format("a length of {}", length));
  }
  return {begin, begin + length};
}

NamedArray parse_npy(const PackedEntry& entry, const std::string& file) {
  const std::string where = fmt::format("{}: {}", file, in_quotes(entry.name));
  if (!entry.name.ends_with(kEnding) || entry.name.size() == kEnding.size()) {
    fail(
        "{}: expected only arrays, whose names end in .npy, found {}; hint: models that PyTorch or "
        "Keras saved in their own zip form must be saved as .safetensors or with numpy.savez",
        file, in_quotes(entry.name));
  }
  const Range header = header_range(entry, where);
  std::vector<std::uint8_t> start =
      unpack_start(entry, static_cast<std::size_t>(header.end), where);
  NamedArray array{
      .name = entry.name.substr(0, entry.name.size() - kEnding.size()),
      .shape = read_shape(text_of(start).substr(static_cast<std::size_t>(header.begin)), where),
      .values = {}};
  const std::size_t data_bytes = entry.unpacked_bytes - start.size();
  check_data_size(array.shape, data_bytes, array.name, file);
  array.values.resize(data_bytes / sizeof(float));
  unpack(entry, {start, bytes_of(array.values)}, where);
  return array;
}

}  // namespace

std::vector<std::uint8_t> encode_npz(std::span<const NamedArray> arrays, const Metadata& metadata) {
  std::vector<ZipEntry> entries;
  for (const NamedArray& array : arrays)
    entries.push_back({array.name + std::string(kEnding), encode_npy(array)});
  return encode_zip(entries, json_text(to_json(metadata)));
}

ArrayFile parse_npz(std::span<const std::uint8_t> bytes, const std::string& name) {
  const ParsedZip zip = parse_zip(bytes, name);
  ArrayFile file;
  std::set<std::string> names;
  for (const PackedEntry& entry : zip.entries) {
    if (!names.insert(entry.name).second)
      throw damaged(name, "each array once", in_quotes(entry.name) + " again");
    file.arrays.push_back(parse_npy(entry, name));
  }
  if (!zip.comment.empty()) {
    const JsonPlace place{name, bytes.size() - zip.comment.size()};
    file.metadata = to_metadata(parse_json_object(zip.comment, 1, place), name);
  }
  return file;
}

}  // namespace trp
