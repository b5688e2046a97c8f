#include "formats/npz.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
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
using Bytes = std::span<const std::uint8_t>;

constexpr std::string_view kEnding = ".npy";
constexpr std::string_view kMagic = "\x93NUMPY"sv;
constexpr std::size_t kAlignment = 64;   // of the data in a .npy file
constexpr std::size_t kVersionByte = 6;  // then the minor version, then the header's length
constexpr std::size_t kStartOfNpy = 12;  // bytes that tell how long the header is
constexpr Index kMaxNpyHeaderBytes = 65'536;

/// What the header of an array says.
struct NpyHeader {
  std::string type = "<f4";
  std::vector<Index> shape = {};
};

std::string header_text(const NpyHeader& header) {
  return fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", header.type,
                     fmt::join(header.shape, ", "), header.shape.size() == 1 ? "," : "");
}

std::vector<std::uint8_t> encode_npy(const NamedArray& array) {
  constexpr std::size_t kFixedBytes = 10;
  std::string header = header_text({.shape = array.shape});
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

/// Reads a header in the one form of a Python dictionary that NumPy writes.
NpyHeader read_header(std::string_view header, const std::string& where) {
  NpyHeader result;
  if (const auto type = between(header, "{'descr': '", "'"); !type.empty()) result.type = type;
  if (between(header, "'fortran_order': ", ",") == "True") {
    fail(
        "{}: expected rows one after the other, found Fortran's order; hint: convert the array "
        "with numpy.ascontiguousarray",
        where);
  }
  for (std::string_view sizes = between(header, "'shape': (", ")"); !sizes.empty();) {
    Index size = 0;
    const auto [end, error] = std::from_chars(sizes.data(), sizes.data() + sizes.size(), size);
    if (error != std::errc() || size < 0) throw damaged(where, "a size", in_quotes(sizes));
    result.shape.push_back(size);
    sizes.remove_prefix(static_cast<std::size_t>(end - sizes.data()));
    sizes.remove_prefix(std::min(sizes.size(), sizes.find_first_not_of(", ")));
  }
  // Whatever else there is must be as it would have been written.
  const std::string expected = header_text(result);
  if (!header.starts_with(expected) ||
      header.find_first_not_of(' ', expected.size()) != header.size() - 1 || header.back() != '\n')
    throw damaged(where, fmt::format("the header {}, spaces and a line feed", expected),
                  in_quotes(header));
  return result;
}

/// Unpacks the first `count` bytes of the entry, or all if there are fewer.
std::vector<std::uint8_t> unpack_start(const PackedEntry& entry, std::size_t count,
                                       const std::string& where) {
  std::vector<std::uint8_t> start(std::min<std::size_t>(count, entry.unpacked_bytes));
  unpack(entry, {start}, where);
  return start;
}

/// Returns where the text of the header begins and ends.
Range header_range(Bytes start, std::uint64_t all_bytes, const std::string& where) {
  const bool is_npy = start.size() >= kStartOfNpy && text_of(start).starts_with(kMagic);
  const int version = is_npy ? start[kVersionByte] : 0;
  if (version < 1 || version > 3 || start[kVersionByte + 1] != 0)
    throw damaged(where, "a NumPy array of version 1.0 to 3.0 at byte 0", "none");
  const Index begin = version == 1 ? 10 : 12;
  const Index length =
      version == 1 ? load<std::uint16_t>(&start[8]) : load<std::uint32_t>(&start[8]);
  const Index max_length =
      std::min<Index>(kMaxNpyHeaderBytes, static_cast<Index>(all_bytes) - begin);
  if (length > max_length) {
    throw damaged(where, fmt::format("a header of at most {} bytes", max_length),
                  fmt::format("a length of {}", length));
  }
  return {begin, begin + length};
}

NamedArray unpack_array(const PackedEntry& entry, const std::string& file) {
  const std::string where = fmt::format("{}: {}", file, in_quotes(entry.name));
  if (!entry.name.ends_with(kEnding) || entry.name.size() == kEnding.size()) {
    fail(
        "{}: expected only arrays, whose names end in .npy, found {}; hint: models that PyTorch or "
        "Keras saved in their own zip form must be saved as .safetensors or with numpy.savez",
        file, in_quotes(entry.name));
  }
  const Range header =
      header_range(unpack_start(entry, kStartOfNpy, where), entry.unpacked_bytes, where);
  std::vector<std::uint8_t> start =
      unpack_start(entry, static_cast<std::size_t>(header.end), where);
  const auto [type, shape] =
      read_header(text_of(start).substr(static_cast<std::size_t>(header.begin)), where);
  if (type != NpyHeader().type) {
    fail(
        "{}: expected elements of type '<f4', 32-bit floats, found {}; hint: convert the array "
        "with .astype('<f4')",
        where, in_quotes(type));
  }
  NamedArray array{.name = entry.name.substr(0, entry.name.size() - kEnding.size()),
                   .shape = shape,
                   .values = {}};
  const std::size_t data_bytes = entry.unpacked_bytes - start.size();
  check_data_size(array.shape, data_bytes, array.name, file);
  array.values.resize(data_bytes / sizeof(float));
  unpack(entry, {start, bytes_of(array.values)}, where);
  return array;
}

struct ElementType {
  std::string_view name;  // without the order of its bytes
  std::size_t bytes;
  void (*read)(Bytes data, std::endian order, IdxArray& array);
};

template <class Number>
constexpr ElementType element_type(std::string_view name) {
  return {name, sizeof(Number), [](Bytes data, std::endian order, IdxArray& array) {
            for (std::size_t i = 0; i < data.size(); i += sizeof(Number))
              append_element(array, static_cast<double>(load<Number>(&data[i], order)));
          }};
}

constexpr ElementType kElementTypes[] = {
    element_type<std::uint8_t>("u1"),  element_type<std::uint16_t>("u2"),
    element_type<std::uint32_t>("u4"), element_type<std::uint64_t>("u8"),
    element_type<std::int8_t>("i1"),   element_type<std::int16_t>("i2"),
    element_type<std::int32_t>("i4"),  element_type<std::int64_t>("i8"),
    element_type<float>("f4"),         element_type<double>("f8")};

}  // namespace

std::vector<std::uint8_t> encode_npz(std::span<const NamedArray> arrays, const Metadata& metadata) {
  std::vector<ZipEntry> entries;
  for (const NamedArray& array : arrays)
    entries.push_back({array.name + std::string(kEnding), encode_npy(array)});
  return encode_zip(entries, json_text(to_json(metadata)));
}

IdxArray parse_npy(Bytes bytes, const std::string& where) {
  const Range range = header_range(bytes, bytes.size(), where);
  const Bytes data = bytes.subspan(static_cast<std::size_t>(range.end));
  const std::string_view text = text_of(bytes.first(bytes.size() - data.size()));
  const NpyHeader header = read_header(text.substr(static_cast<std::size_t>(range.begin)), where);
  const auto* type = std::ranges::find(kElementTypes, header.type.substr(1), &ElementType::name);
  if (type == std::end(kElementTypes)) {
    fail(
        "{}: expected integers of 8 to 64 bits, or floats of 32 or 64, found the type {}; hint: "
        "convert the array with .astype('u1') or .astype('<f4')",
        where, in_quotes(header.type));
  }
  std::uint64_t expected = type->bytes;
  bool is_sound = !header.shape.empty();
  for (const Index size : header.shape)
    is_sound &= size > 0 && !__builtin_mul_overflow(expected, size, &expected);
  if (!is_sound || expected != data.size()) {
    throw damaged(where,
                  fmt::format("{} elements of {} bytes, at least 1", fmt::join(header.shape, " x "),
                              type->bytes),
                  fmt::format("{} bytes of data", data.size()));
  }
  IdxArray array{.shape = header.shape, .bytes = {}, .values = {}};
  if (type->name.starts_with('f')) array.type = IdxType::kFloat32;
  type->read(data, header.type[0] == '>' ? std::endian::big : std::endian::little, array);
  const auto bad = std::ranges::find_if_not(array.values, [](float x) { return std::isfinite(x); });
  if (bad != array.values.end()) {
    fail("{}: element {} is {}, expected a finite 32-bit float; hint: mend or remove the sample",
         where, bad - array.values.begin(), *bad);
  }
  return array;
}

ArrayFile parse_npz(std::span<const std::uint8_t> bytes, const std::string& name) {
  const ParsedZip zip = parse_zip(bytes, name);
  ArrayFile file;
  for (const PackedEntry& entry : zip.entries) file.arrays.push_back(unpack_array(entry, name));
  if (!zip.comment.empty()) {
    const JsonPlace place{name, bytes.size() - zip.comment.size()};
    file.metadata = to_metadata(parse_json_object(zip.comment, 1, place), name);
  }
  return file;
}

}  // namespace trp
