#pragma once

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "formats/idx_builder.h"

namespace trp::test {

/// A file that must be refused with a message in which all of `expected` occur.
struct BadIdxFile {
  std::string name;
  bool labels = false;  ///< given as the labels file, else as the images file
  Bytes bytes;
  std::vector<std::string> expected;
};

inline std::vector<BadIdxFile> bad_idx_magic_files() {
  const Bytes good = idx_bytes({3, 4, 5});
  const auto starting = [](std::string_view start) { return join({bytes_of(start), noise(100)}); };
  const std::string fetch = "fetch or copy the file again";
  return {
      {"empty", false, {}, {"is empty", "expected images", fetch}},
      {"1-byte", false, first(good, 1), {"ends at byte 1,", "header", fetch}},
      {"1-byte-of-gzip", false, {0x1f}, {"ends at byte 1,", fetch}},
      {"3-bytes", false, first(good, 3), {"ends at byte 3,", "at least 13 bytes", fetch}},
      {"4-bytes", false, first(good, 4), {"ends at byte 4,", fetch}},
      {"7-bytes", false, first(good, 7), {"ends at byte 7,", "at least 17 bytes", fetch}},
      {"8-bytes", false, first(good, 8), {"ends at byte 8,", fetch}},
      {"15-bytes", false, first(good, 15), {"ends at byte 15,", fetch}},
      {"16-bytes", false, first(good, 16), {"expected 76 bytes, found 16", "60 bytes missing"}},
      {"labels-empty", true, {}, {"is empty", "expected labels"}},
      {"labels-7-bytes", true, first(idx_labels({1, 2}), 7), {"ends at byte 7,"}},
      {"labels-8-bytes", true, first(idx_labels({1, 2}), 8), {"expected 10 bytes, found 8"}},
      {"magic-0", false, Bytes(76, 0), {"not an IDX file", "0x00000803", "0x00000000", "zeros"}},
      {"magic-801-for-images",
       false,
       idx_labels({1, 2, 3}),
       {"expected rank 2 to 4 for images at byte 3, found 1", "this is a labels file"}},
      {"magic-803-for-labels",
       true,
       good,
       {"expected rank 1 for labels at byte 3, found 3", "this is an images file"}},
      {"magic-802-for-labels", true, idx_bytes({3, 4}), {"found 2", "this is an images file"}},
      {"little-endian",
       false,
       join({{0x03, 0x08, 0, 0}, Bytes(72, 1)}),
       {"0x03080000", "reverse order (little-endian)"}},
      {"little-endian-labels",
       true,
       join({{0x01, 0x08, 0, 0}, Bytes(8, 1)}),
       {"expected a magic number such as 0x00000801 for labels", "little-endian"}},
      {"rank-0", false, with_byte(good, 3, 0), {"expected rank 2 to 4", "found 0", "damaged"}},
      {"rank-5", false, idx_bytes({1, 2, 3, 2, 1}), {"found 5", "ranks 1 to 4 can be read"}},
      {"rank-255", false, with_byte(good, 3, 255), {"at byte 3, found 255", "damaged"}},
      {"rank-0-labels", true, {0, 0, 8, 0, 1}, {"expected rank 1 for labels", "found 0"}},
      {"rank-255-labels", true, with_byte(good, 3, 255), {"found 255", "damaged"}},
      {"type-0", false, with_byte(good, 2, 0), {"0x00000003", "hint:"}},
      {"type-7", false, with_byte(good, 2, 7), {"found 0x00000703", "the element type, is 0x08"}},
      {"type-0a", false, with_byte(good, 2, 0x0a), {"found 0x00000a03"}},
      {"type-0f", false, with_byte(good, 2, 0x0f), {"found 0x00000f03"}},
      {"type-ff", true, with_byte(good, 2, 0xff), {"found 0x0000ff03"}},
      {"first-byte-set", false, with_byte(good, 0, 1), {"found 0x01000803"}},
      {"second-byte-set", false, with_byte(good, 1, 0x80), {"found 0x00800803"}},
      {"html", false, starting("<!DOCTYPE html><html>"), {"0x3c21444f", "this is a web page"}},
      {"html-after-spaces", false, starting("\r\n  <html>"), {"this is a web page"}},
      {"html-with-mark", false, starting("\xef\xbb\xbf<html>"), {"this is a web page"}},
      {"csv", false, bytes_of("label,pixel1,pixel2\n5,0,0\n"), {"this is text, such as CSV"}},
      {"lfs-pointer", false, starting("version https://git-lfs.github.com/spec/v1"), {"git lfs"}},
      {"zip", false, starting("PK\x03\x04"), {"zip archive"}},
      {"numpy", false, starting("\x93NUMPY"), {"NumPy array"}},
      {"bzip2", false, starting("BZh9"), {"bunzip2"}},
      {"xz", false, starting("\xfd\x37zXZ"), {"unxz"}},
      {"zstd", false, starting("\x28\xb5\x2f\xfd"), {"unzstd"}},
      {"png", false, starting("\x89PNG"), {"PNG picture"}},
      {"noise", false, noise(200), {"not an IDX file", "is it the right file?"}},
  };
}

inline std::vector<BadIdxFile> bad_idx_size_files() {
  const Bytes good = idx_bytes({3, 4, 5});
  const auto declaring = [](std::uint32_t count, std::uint32_t rows, std::uint32_t columns) {
    return join({idx_header(0x08, {count, rows, columns}), noise(60)});
  };
  const Bytes labels = idx_labels({0, 1, 2, 3});
  const std::string size_76 = "found 76 bytes";
  const std::uint32_t half = 0x80000000U;
  const std::uint32_t most = 0xffffffffU;
  return {
      {"count-0", false, declaring(0, 4, 5), {"count of samples is 0 at byte 4", "at least 1"}},
      {"count-one-less", false, declaring(2, 4, 5), {"56 bytes", size_76, "a count of 3 samples"}},
      {"count-one-more", false, declaring(4, 4, 5), {"96 bytes", size_76, "a count of 3 samples"}},
      {"count-2-31", false, declaring(half, 4, 5), {"2147483648 x 4 x 5", size_76}},
      {"count-2-32-1", false, declaring(most, 4, 5), {"4294967295 x 4 x 5", size_76}},
      {"rows-0", false, declaring(3, 0, 5), {"dimension 2 is 0 at byte 8"}},
      {"rows-1", false, declaring(3, 1, 5), {"expected 31 bytes", "a count of 12 samples"}},
      {"rows-3", false, declaring(3, 3, 5), {"expected 61 bytes", size_76}},
      {"rows-5", false, declaring(3, 5, 5), {"expected 91 bytes", "15 bytes missing"}},
      {"columns-0", false, declaring(3, 4, 0), {"dimension 3 is 0 at byte 12"}},
      {"columns-1", false, declaring(3, 4, 1), {"expected 28 bytes", size_76}},
      {"columns-4", false, declaring(3, 4, 4), {"expected 64 bytes", "12 bytes too many"}},
      {"columns-6", false, declaring(3, 4, 6), {"expected 88 bytes", "12 bytes missing"}},
      {"wraps-to-0-in-32-bits", false, declaring(65536, 65536, 1), {"65536 x 65536 x 1", size_76}},
      {"wraps-to-0-in-64-bits",
       false,
       declaring(half, half, 4),
       {"more than any file can hold", "at byte 4", "damaged"}},
      {"wraps-to-60-in-32-bits", false, declaring(1, 0x10000U, 0x1000fU), {size_76}},
      {"all-dimensions-2-32-1", false, declaring(most, most, most), {"more than any file"}},
      {"body-short-by-1", false, without_last(good, 1), {"found 75", "1 byte missing"}},
      {"body-long-by-1", false, join({good, {0}}), {"found 77", "1 byte too many"}},
      {"labels-count-0", true, join({idx_header(8, {0}), {1}}), {"count of samples is 0"}},
      {"labels-short-by-1", true, without_last(labels, 1), {"expected 12 bytes, found 11"}},
      {"labels-long-by-1", true, join({labels, {0}}), {"found 13", "a count of 5 samples"}},
      {"labels-count-2-32-1", true, join({idx_header(8, {most}), {1}}), {"4294967295 unsigned"}},
      {"int16-short", false, join({idx_header(0x0b, {2, 3}), noise(11)}), {"24 bytes, found 23"}},
      {"float64-long", false, join({idx_header(0x0e, {1, 1}), Bytes(9)}), {"20 bytes, found 21"}},
      {"float32-nan",
       false,
       join({idx_header(0x0d, {1, 2}), Bytes(4), {0x7f, 0xc0, 0, 0}}),
       {"element 1 at byte 16 is nan", "finite"}},
      {"float32-infinite",
       false,
       join({idx_header(0x0d, {1, 1}), {0xff, 0x80, 0, 0}}),
       {"element 0 at byte 12 is -inf"}},
      {"float64-too-large",
       false,
       join({idx_header(0x0e, {1, 1}), {0x7f, 0xe0, 0, 0, 0, 0, 0, 0}}),
       {"element 0 at byte 12 is 8.98", "finite 32-bit float"}},
  };
}

inline std::vector<BadIdxFile> bad_idx_gzip_files() {
  const Bytes good = idx_bytes({3, 4, 5});
  const Bytes zipped = gzip(good);
  const std::size_t size = zipped.size();
  const auto other = [&](std::size_t index) {
    return with_byte(zipped, index, zipped[index] ^ 0xff);
  };
  const Bytes huge = gzip(join({idx_header(0x08, {0xffffffffU, 28, 28}), noise(60)}));
  return {
      {"gzip-magic-only", false, first(zipped, 2), {"gzip data are cut short", "byte 2"}},
      {"gzip-header-only", false, first(zipped, 10), {"gzip data are cut short", "byte 10"}},
      {"gzip-half", false, first(zipped, size / 2), {"cut short"}},
      {"gzip-no-trailer", false, without_last(zipped, 8), {"cut short"}},
      {"gzip-half-trailer", false, without_last(zipped, 4), {"cut short"}},
      {"gzip-short-by-1", false, without_last(zipped, 1), {"cut short"}},
      {"gzip-wrong-crc", false, other(size - 8), {"checksum does not agree", "fetch"}},
      {"gzip-wrong-length", false, other(size - 4), {"length does not agree", "fetch"}},
      {"gzip-wrong-method", false, with_byte(zipped, 2, 9), {"damaged", "compression method"}},
      {"gzip-reserved-flags", false, with_byte(zipped, 3, 0xe0), {"reserved flags"}},
      {"gzip-bad-block", false, with_byte(zipped, 10, 0x07), {"damaged", "invalid block type"}},
      {"gzip-two-members", false, join({zipped, zipped}), {"found a second gzip member"}},
      {"gzip-empty-member-after", false, join({zipped, gzip({})}), {"a second gzip member"}},
      {"gzip-garbage-after", false, join({zipped, bytes_of("junk")}), {"other data after"}},
      {"gzip-zero-after",
       false,
       join({zipped, {0}}),
       {fmt::format("end of the file at byte {}", size), "other data"}},
      {"gzip-of-html",
       false,
       gzip(bytes_of("<html>not found</html>")),
       {"uncompressed byte 0", "web page"}},
      {"gzip-in-gzip", false, gzip(zipped), {"0x1f8b0800", "gzip inside gzip"}},
      {"gzip-of-nothing", false, gzip({}), {"the unpacked file is empty"}},
      {"gzip-of-15-bytes", false, gzip(first(good, 15)), {"ends at uncompressed byte 15,"}},
      {"gzip-of-labels", false, gzip(idx_labels({1})), {"this is a labels file"}},
      {"gzip-body-short-by-1",
       false,
       gzip(without_last(good, 1)),
       {"data end at uncompressed byte 75", "expected 76 bytes", "1 byte missing"}},
      {"gzip-body-long-by-1", false, gzip(join({good, {0}})), {"go on after uncompressed byte 76"}},
      {"gzip-huge-count", false, huge, {"4294967295 x 28 x 28", "can hold", "at most"}},
      {"gzip-count-0",
       false,
       gzip(join({idx_header(0x08, {0, 4, 5}), noise(60)})),
       {"count of samples is 0 at uncompressed byte 4"}},
      {"gzip-little-endian", false, gzip(join({{3, 8, 0, 0}, Bytes(72, 1)})), {"little-endian"}},
  };
}

/// All of them; names are unique and fit for files.
inline std::vector<BadIdxFile> bad_idx_files() {
  std::vector<BadIdxFile> all = bad_idx_magic_files();
  for (auto& file : bad_idx_size_files()) all.push_back(std::move(file));
  for (auto& file : bad_idx_gzip_files()) all.push_back(std::move(file));
  return all;
}

}  // namespace trp::test
