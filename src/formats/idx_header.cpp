#include "formats/idx_header.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <span>
#include <string_view>

#include <fmt/ranges.h>

#include "core/fail.h"
#include "formats/bytes.h"
#include "formats/foreign_format.h"

namespace trp {
namespace {

/// Of the widest elements these still fit one array.
constexpr std::uint64_t kMaxElements = (std::numeric_limits<std::ptrdiff_t>::max() - 64) / 8;

struct TypeTraits {
  IdxType type;
  Index element_bytes;
  std::string_view name;
};
constexpr std::array<TypeTraits, 6> kTypes = {{
    {IdxType::kUnsignedByte, 1, "unsigned bytes"},
    {IdxType::kSignedByte, 1, "signed bytes"},
    {IdxType::kInt16, 2, "16-bit integers"},
    {IdxType::kInt32, 4, "32-bit integers"},
    {IdxType::kFloat32, 4, "32-bit floats"},
    {IdxType::kFloat64, 8, "64-bit floats"},
}};

/// Returns null for a code that no type has.
const TypeTraits* traits_of(IdxType code) {
  const auto* found = std::ranges::find(kTypes, code, &TypeTraits::type);
  return found == kTypes.end() ? nullptr : found;
}

/// The file ends after `got` bytes of a header for `rank` dimensions.
[[noreturn]] void throw_short_header(const ByteSource& source, const IdxExpected& expected,
                                     int rank, std::uint64_t got) {
  if (got == 0) {
    fail("{}: the {}file is empty, expected {}; hint: fetch or copy the file again", source.name(),
         source.is_gzip() ? "unpacked " : "", expected.what);
  }
  fail(
      "{}: ends at {}, inside the IDX header, expected at least {}; hint: fetch or copy the file "
      "again",
      source.name(), source.byte_name(got),
      byte_count(kIdxMagicBytes + kIdxDimensionBytes * static_cast<std::size_t>(rank) + 1));
}

[[noreturn]] void throw_not_idx(ByteSource& source, const IdxExpected& expected,
                                const std::array<std::uint8_t, kIdxMagicBytes>& magic) {
  std::array<std::uint8_t, kStartBytes> head = {};
  std::copy(magic.begin(), magic.end(), head.begin());
  const std::size_t size =
      magic.size() + source.read(head.data() + magic.size(), head.size() - magic.size());
  const int usual_rank = expected.max_rank == 1 ? 1 : 3;
  fail(
      "{}: not an IDX file: expected a magic number such as 0x{:08x} for {} at {}, found 0x{:08x}; "
      "hint: {}",
      source.name(), 0x800 + usual_rank, expected.what, source.byte_name(0),
      load<std::uint32_t>(magic.data(), std::endian::big),
      foreign_format_hint(std::span(head).first(size)));
}

void check_rank(const ByteSource& source, const IdxExpected& expected, int rank) {
  if (rank >= expected.min_rank && rank <= expected.max_rank) return;
  std::string wanted = fmt::format("{}", expected.min_rank);
  if (expected.min_rank != expected.max_rank) wanted += fmt::format(" to {}", expected.max_rank);
  std::string_view hint =
      "the header is damaged, or this is another kind of data; ranks 1 to 4 can be read";
  if (rank == 1) hint = "this is a labels file: are images and labels exchanged?";
  if (expected.max_rank == 1 && rank > 1 && rank <= 4) {
    hint = "this is an images file: are images and labels exchanged?";
  }
  fail("{}: expected rank {} for {} at {}, found {}; hint: {}", source.name(), wanted,
       expected.what, source.byte_name(3), rank, hint);
}

void read_dimensions(ByteSource& source, const IdxExpected& expected, int rank, IdxHeader& header) {
  header.element_count = 1;
  header.header_bytes = kIdxMagicBytes;
  bool overflow = false;
  for (int d = 0; d < rank; ++d) {
    std::array<std::uint8_t, kIdxDimensionBytes> bytes = {};
    const std::size_t got = source.read(bytes.data(), bytes.size());
    if (got < bytes.size()) throw_short_header(source, expected, rank, header.header_bytes + got);
    const auto size = load<std::uint32_t>(bytes.data(), std::endian::big);
    if (size == 0) {
      fail(
          "{}: {} is 0 at {}, expected at least 1; hint: the file holds no data, make or fetch it "
          "again",
          source.name(), d == 0 ? "the count of samples" : fmt::format("dimension {}", d + 1),
          source.byte_name(header.header_bytes));
    }
    header.shape.push_back(size);
    header.header_bytes += bytes.size();
    overflow |= __builtin_mul_overflow(header.element_count, size, &header.element_count);
  }
  const auto element_bytes = static_cast<std::uint64_t>(idx_element_bytes(header.type));
  if (overflow || header.element_count > kMaxElements) {
    fail(
        "{}: the header declares {} at {}, more than any file can hold; hint: the header is "
        "damaged, or this is another kind of file",
        source.name(), describe(header), source.byte_name(kIdxMagicBytes));
  }
  header.total_bytes = header.header_bytes + header.element_count * element_bytes;
}

}  // namespace

std::string_view idx_type_name(IdxType type) { return traits_of(type)->name; }

Index idx_element_bytes(IdxType type) { return traits_of(type)->element_bytes; }

std::string describe(const IdxHeader& header) {
  return fmt::format("{} {}", fmt::join(header.shape, " x "), idx_type_name(header.type));
}

std::string byte_count(std::uint64_t count) {
  return fmt::format("{} byte{}", count, count == 1 ? "" : "s");
}

IdxHeader read_idx_header(ByteSource& source, const IdxExpected& expected) {
  std::array<std::uint8_t, kIdxMagicBytes> magic = {};
  const std::size_t got = source.read(magic.data(), magic.size());
  if (got < magic.size()) throw_short_header(source, expected, expected.min_rank, got);
  const auto type = static_cast<IdxType>(magic[2]);
  if (magic[0] != 0 || magic[1] != 0 || !traits_of(type)) throw_not_idx(source, expected, magic);
  check_rank(source, expected, magic[3]);
  IdxHeader header;
  header.type = type;
  read_dimensions(source, expected, magic[3], header);
  return header;
}

std::string wrong_size_hint(const IdxHeader& header, std::uint64_t file_bytes) {
  const std::uint64_t body = file_bytes - std::min(file_bytes, header.header_bytes);
  const std::uint64_t sample =
      (header.total_bytes - header.header_bytes) / static_cast<std::uint64_t>(header.shape[0]);
  if (body > 0 && body % sample == 0) {
    return fmt::format(
        "a count of {} samples would fit the file: if it was cut short, fetch it again",
        body / sample);
  }
  if (file_bytes < header.total_bytes) {
    return fmt::format("{} missing: fetch or copy the file again",
                       byte_count(header.total_bytes - file_bytes));
  }
  return fmt::format("{} too many: the header is wrong, or something was appended",
                     byte_count(file_bytes - header.total_bytes));
}

bool check_size(const ByteSource& source, const IdxHeader& header) {
  const auto bound = source.size_bound();
  if (!bound) return false;
  if (!source.is_gzip() && bound->max_bytes != header.total_bytes) {
    fail("{}: the header declares {}, expected {}, found {}; hint: {}", source.name(),
         describe(header), byte_count(header.total_bytes), byte_count(bound->file_bytes),
         wrong_size_hint(header, bound->file_bytes));
  }
  if (header.total_bytes > bound->max_bytes) {
    fail(
        "{}: the header declares {}, {}, but {} of gzip can hold {} at most; hint: the header is "
        "damaged or the file was cut short, fetch it again",
        source.name(), describe(header), byte_count(header.total_bytes),
        byte_count(bound->file_bytes), bound->max_bytes);
  }
  return !source.is_gzip() || bound->gzip_trailer == static_cast<std::uint32_t>(header.total_bytes);
}

}  // namespace trp
