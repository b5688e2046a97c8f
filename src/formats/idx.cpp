#include "formats/idx.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <new>
#include <type_traits>

#include "core/fail.h"
#include "formats/bytes.h"
#include "formats/idx_header.h"

namespace trp {
namespace {

constexpr std::size_t kReadBytes = std::size_t{64} << 10;  // at a time; a multiple of every element

/// Reads `count` bytes of elements; there must be so many.
void read_elements(ByteSource& source, const IdxHeader& header, std::uint64_t done,
                   std::uint8_t* into, std::size_t count) {
  const std::size_t got = source.read(into, count);
  if (got == count) return;
  const std::uint64_t end = header.header_bytes + done + got;
  fail("{}: the data end at {}, expected {} for {}; hint: {}", source.name(), source.byte_name(end),
       byte_count(header.total_bytes), describe(header), wrong_size_hint(header, end));
}

/// Calls body(done, n) for the bytes begin to end of the elements, at most kReadBytes at a time.
template <class Body>
void for_each_read(std::uint64_t begin, std::uint64_t end, const Body& body) {
  for (std::uint64_t done = begin; done < end;) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kReadBytes, end - done));
    body(done, count);
    done += count;
  }
}

void read_bytes(ByteSource& source, const IdxHeader& header, std::uint64_t begin, std::uint64_t end,
                std::vector<std::uint8_t>& bytes) {
  for_each_read(begin, end, [&](std::uint64_t done, std::size_t count) {
    bytes.resize(bytes.size() + count);
    read_elements(source, header, done, &bytes[bytes.size() - count], count);
  });
}

/// Refuses what does not fit a finite float, NaN among it.
template <class T>
float to_float(const ByteSource& source, const IdxHeader& header, T element, std::uint64_t index) {
  if constexpr (std::is_floating_point_v<T>) {
    if (!(std::abs(element) <= std::numeric_limits<float>::max())) {
      fail(
          "{}: element {} at {} is {}, expected a finite 32-bit float; hint: mend or remove the "
          "sample",
          source.name(), index, source.byte_name(header.header_bytes + index * sizeof(T)), element);
    }
  }
  return static_cast<float>(element);
}

/// Numbers of type T in the file.
template <class T>
void read_values(ByteSource& source, const IdxHeader& header, std::uint64_t begin,
                 std::uint64_t end, std::vector<float>& values) {
  std::vector<std::uint8_t> raw(std::min<std::uint64_t>(kReadBytes, end - begin));
  for_each_read(begin, end, [&](std::uint64_t done, std::size_t count) {
    read_elements(source, header, done, raw.data(), count);
    for (std::size_t i = 0; i < count; i += sizeof(T)) {
      const auto element = load<T>(&raw[i], std::endian::big);
      values.push_back(to_float(source, header, element, (done + i) / sizeof(T)));
    }
  });
}

/// Finds what is wrong with a gzip file whose last bytes contradict its header, in no memory.
[[noreturn]] void throw_diagnosis(ByteSource& source, const IdxHeader& header) {
  std::vector<std::uint8_t> scratch(kReadBytes);
  for_each_read(0, header.total_bytes - header.header_bytes,
                [&](std::uint64_t done, std::size_t count) {
                  read_elements(source, header, done, scratch.data(), count);
                });
  source.expect_end();
  fail("{}: changed while it was read; hint: try again when it is complete", source.name());
}

/// The elements whose bytes are begin to end.
void read_body(ByteSource& source, const IdxHeader& header, std::uint64_t begin, std::uint64_t end,
               IdxArray& array) {
  switch (header.type) {
    case IdxType::kUnsignedByte:
      return read_bytes(source, header, begin, end, array.bytes);
    case IdxType::kSignedByte:
      return read_values<std::int8_t>(source, header, begin, end, array.values);
    case IdxType::kInt16:
      return read_values<std::int16_t>(source, header, begin, end, array.values);
    case IdxType::kInt32:
      return read_values<std::int32_t>(source, header, begin, end, array.values);
    case IdxType::kFloat32:
      return read_values<float>(source, header, begin, end, array.values);
    case IdxType::kFloat64:
      return read_values<double>(source, header, begin, end, array.values);
  }
}

}  // namespace

Index IdxArray::byte_offset(Index element) const {
  const auto rank = static_cast<Index>(shape.size());
  return static_cast<Index>(kIdxMagicBytes) + rank * static_cast<Index>(kIdxDimensionBytes) +
         element * idx_element_bytes(type);
}

void append_element(IdxArray& array, double element) {
  constexpr double kMaxByte = std::numeric_limits<std::uint8_t>::max();
  const bool is_byte = element >= 0 && element <= kMaxByte && element == std::floor(element);
  if (array.type == IdxType::kUnsignedByte && is_byte)
    return array.bytes.push_back(static_cast<std::uint8_t>(element));
  make_floats(array);
  array.values.push_back(static_cast<float>(element));
}

void make_floats(IdxArray& array) {
  if (array.type == IdxType::kUnsignedByte)
    array.values.assign(array.bytes.begin(), array.bytes.end());
  array.type = IdxType::kFloat32;
  array.bytes = {};
}

std::vector<std::uint8_t> encode_idx(const IdxArray& array) {
  std::vector<std::uint8_t> file = {0, 0, static_cast<std::uint8_t>(array.type),
                                    static_cast<std::uint8_t>(array.shape.size())};
  file.reserve(file.size() + kIdxDimensionBytes * array.shape.size() + array.bytes.size() +
               sizeof(float) * array.values.size());
  const auto append = [&file](std::uint32_t word) {
    for (int shift = 24; shift >= 0; shift -= 8)
      file.push_back(static_cast<std::uint8_t>(word >> shift));
  };
  for (const Index size : array.shape) append(static_cast<std::uint32_t>(size));
  file.insert(file.end(), array.bytes.begin(), array.bytes.end());
  for (const float value : array.values) append(std::bit_cast<std::uint32_t>(value));
  return file;
}

IdxReader::IdxReader(const std::string& path, const IdxExpected& expected)
    : source_(path),
      header_(read_idx_header(source_, expected)),
      size_is_sure_(check_size(source_, header_)) {}

bool IdxReader::read(Index max_count, IdxArray& samples) {
  const Index count = std::min(max_count, header_.shape[0] - samples_read_);
  if (count == 0) {
    source_.expect_end();
    return false;
  }
  samples.type = header_.type;
  samples.shape = header_.shape;
  samples.shape[0] = count;
  samples.bytes.clear();
  samples.values.clear();
  const std::uint64_t sample_bytes =
      (header_.total_bytes - header_.header_bytes) / static_cast<std::uint64_t>(header_.shape[0]);
  const std::uint64_t begin = static_cast<std::uint64_t>(samples_read_) * sample_bytes;
  read_body(source_, header_, begin, begin + static_cast<std::uint64_t>(count) * sample_bytes,
            samples);
  samples_read_ += count;
  return true;
}

IdxArray IdxReader::read_all() {
  if (!size_is_sure_ && source_.is_gzip() && source_.size_bound())
    throw_diagnosis(source_, header_);
  IdxArray array;
  try {
    if (size_is_sure_ && header_.type == IdxType::kUnsignedByte)
      array.bytes.reserve(header_.element_count);
    else if (size_is_sure_)
      array.values.reserve(header_.element_count);
    read(header_.shape[0], array);
  } catch (const std::bad_alloc&) {
    fail("{}: {} do not fit in memory; hint: use a smaller file or a larger machine",
         source_.name(), describe(header_));
  }
  source_.expect_end();
  return array;
}

IdxArray read_idx(const std::string& path, const IdxExpected& expected) {
  return IdxReader(path, expected).read_all();
}

}  // namespace trp
