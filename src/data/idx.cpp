#include "trp/data/idx.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <new>
#include <type_traits>
#include <utility>

#include "byte_source.h"
#include "idx_header.h"
#include "trp/core/error.h"

namespace trp {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;  // at a time; a multiple of every element

/// Reads `count` bytes of elements; there must be so many.
void read_elements(ByteSource& source, const IdxHeader& header, std::uint64_t done,
                   std::uint8_t* into, std::size_t count) {
  const std::size_t got = source.read(into, count);
  if (got == count) return;
  const std::uint64_t end = header.header_bytes + done + got;
  throw Error("{}: the data end at {}, expected {} for {}; hint: {}", source.name(),
              source.byte_name(end), byte_count(header.total_bytes), describe(header),
              wrong_size_hint(header, end));
}

/// Calls body(done, n) for the elements' bytes, at most kReadBytes at a time.
template <class Body>
void for_each_read(const IdxHeader& header, const Body& body) {
  const std::uint64_t all = header.total_bytes - header.header_bytes;
  for (std::uint64_t done = 0; done < all;) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kReadBytes, all - done));
    body(done, count);
    done += count;
  }
}

void read_bytes(ByteSource& source, const IdxHeader& header, std::vector<std::uint8_t>& bytes) {
  for_each_read(header, [&](std::uint64_t done, std::size_t count) {
    bytes.resize(bytes.size() + count);
    read_elements(source, header, done, bytes.data() + done, count);
  });
}

/// Refuses what does not fit a finite float, NaN among it.
template <class T>
float to_float(const ByteSource& source, const IdxHeader& header, T element, std::uint64_t index) {
  if constexpr (std::is_floating_point_v<T>) {
    if (!(std::abs(element) <= std::numeric_limits<float>::max())) {
      throw Error(
          "{}: element {} at {} is {}, expected a finite 32-bit float; "
          "hint: mend or remove the sample",
          source.name(), index, source.byte_name(header.header_bytes + index * sizeof(T)), element);
    }
  }
  return static_cast<float>(element);
}

/// T in the file, whose bits are read as an Unsigned.
template <class T, class Unsigned>
void read_values(ByteSource& source, const IdxHeader& header, std::vector<float>& values) {
  static_assert(sizeof(T) == sizeof(Unsigned));
  std::vector<std::uint8_t> raw(
      std::min<std::uint64_t>(kReadBytes, header.total_bytes - header.header_bytes));
  for_each_read(header, [&](std::uint64_t done, std::size_t count) {
    read_elements(source, header, done, raw.data(), count);
    const std::size_t first = values.size();
    values.resize(first + count / sizeof(T));
    for (std::size_t i = first; i < values.size(); ++i) {
      const auto bits = big_endian<Unsigned>(raw.data() + (i - first) * sizeof(T));
      values[i] = to_float(source, header, std::bit_cast<T>(bits), i);
    }
  });
}

/// Finds what is wrong with a gzip file whose last bytes contradict its header, in no memory.
[[noreturn]] void throw_diagnosis(ByteSource& source, const IdxHeader& header) {
  std::vector<std::uint8_t> scratch(kReadBytes);
  for_each_read(header, [&](std::uint64_t done, std::size_t count) {
    read_elements(source, header, done, scratch.data(), count);
  });
  source.expect_end();
  throw Error("{}: changed while it was read; hint: try again when it is complete", source.name());
}

void read_body(ByteSource& source, const IdxHeader& header, bool size_is_sure, IdxArray& array) {
  const std::size_t reserved = size_is_sure ? header.element_count : 0;
  if (header.type == IdxType::kUnsignedByte) {
    array.bytes.reserve(reserved);
    return read_bytes(source, header, array.bytes);
  }
  array.values.reserve(reserved);
  switch (header.type) {
    case IdxType::kUnsignedByte:
      break;
    case IdxType::kSignedByte:
      return read_values<std::int8_t, std::uint8_t>(source, header, array.values);
    case IdxType::kInt16:
      return read_values<std::int16_t, std::uint16_t>(source, header, array.values);
    case IdxType::kInt32:
      return read_values<std::int32_t, std::uint32_t>(source, header, array.values);
    case IdxType::kFloat32:
      return read_values<float, std::uint32_t>(source, header, array.values);
    case IdxType::kFloat64:
      return read_values<double, std::uint64_t>(source, header, array.values);
  }
}

}  // namespace

Index IdxArray::byte_offset(Index element) const {
  const auto rank = static_cast<Index>(shape.size());
  return static_cast<Index>(kIdxMagicBytes) + rank * static_cast<Index>(kIdxDimensionBytes) +
         element * idx_element_bytes(type);
}

IdxArray read_idx(const std::string& path, const IdxExpected& expected) {
  ByteSource source(path);
  IdxHeader header = read_idx_header(source, expected);
  const bool size_is_sure = check_size(source, header);
  if (!size_is_sure && source.is_gzip() && source.size_bound()) throw_diagnosis(source, header);
  IdxArray array;
  array.type = header.type;
  try {
    read_body(source, header, size_is_sure, array);
  } catch (const std::bad_alloc&) {
    throw Error("{}: {} do not fit in memory; hint: use a smaller file or a larger machine", path,
                describe(header));
  }
  source.expect_end();
  array.shape = std::move(header.shape);
  return array;
}

}  // namespace trp
