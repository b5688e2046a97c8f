#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include "catch.h"
#include "data/check_contains.h"
#include "formats/idx.h"
#include "formats/idx_builder.h"
#include "trp/error.h"

using namespace trp;
using namespace trp::test;

namespace {

std::optional<IdxArray> read_or_refuse(const std::string& path) {
  try {
    return read_idx(path);
  } catch (const Error& error) {
    // Running out of memory would mean that a header was believed.
    if (std::string_view(error.what()).find("fit in memory") != std::string_view::npos) throw;
    return std::nullopt;
  }
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryCanBeLimited = false;
#else
constexpr bool kMemoryCanBeLimited = true;
#endif

/// Whether `action` succeeds in a process that may take no more than `limit_bytes` of address
/// space beyond what it has. Sanitizers reserve terabytes: there it runs without a limit.
/// (Under valgrind, whose own memory would count, leave out [memory-limit].)
bool succeeds_within(std::size_t limit_bytes, const std::function<bool()>& action) {
  if (!kMemoryCanBeLimited) return action();
  const pid_t child = fork();
  if (child == 0) {
    std::ifstream statm("/proc/self/statm");
    std::size_t pages = 0;
    statm >> pages;
    const rlim_t limit = pages * static_cast<std::size_t>(getpagesize()) + limit_bytes;
    const rlimit limits = {limit, limit};
    bool success = setrlimit(RLIMIT_AS, &limits) == 0;
    try {
      success = success && action();
    } catch (...) {
      success = false;
    }
    _exit(success ? 0 : 1);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

/// A header of row 2 of the table of failures, with a body of the right size if that is small.
struct HeaderCase {
  std::vector<std::uint32_t> shape;
  bool right = false;
  Bytes file;
};

std::vector<HeaderCase> header_cases() {
  const std::array<std::uint32_t, 9> sizes = {0,     1,          28,         65535,      65536,
                                              65537, 0x7fffffff, 0x80000000, 0xffffffffU};
  std::vector<HeaderCase> cases;
  for (const auto count : sizes) {
    for (const auto rows : sizes) {
      for (const auto columns : sizes) {
        const double product = static_cast<double>(count) * rows * columns;
        const bool right = product > 0 && product < 1e5;
        const auto body = noise(right ? static_cast<std::size_t>(product) : 16);
        cases.push_back({{count, rows, columns},
                         right,
                         join({idx_header(0x08, {count, rows, columns}), body})});
      }
    }
  }
  return cases;
}

/// The case's outcome when the file is read from `path`.
bool is_refused_or_right(const HeaderCase& header, const std::string& path) {
  const auto array = read_or_refuse(path);
  if (array.has_value() != header.right) return false;
  return !array || (array->shape == std::vector<Index>(header.shape.begin(), header.shape.end()) &&
                    array->bytes == noise(header.file.size() - 16));
}

/// Twenty ways to have something after the end, of a file of 3 x 4 x 5 bytes.
std::vector<Bytes> files_with_more_after_them() {
  const Bytes plain = idx_bytes({3, 4, 5});
  const Bytes packed = gzip(plain);
  std::vector<Bytes> files;
  const std::vector<Bytes> tails = {
      {0},   {'\n'}, {0xff}, bytes_of("junk"), Bytes(20), Bytes(512), noise(70'000 / 2),
      plain, packed};
  for (const Bytes& tail : tails) {
    files.push_back(join({plain, tail}));
    files.push_back(join({packed, tail}));
  }
  files.push_back(join({packed, gzip({})}));
  files.push_back(gzip(join({plain, {0}})));
  return files;
}

/// Flips every bit of the file at `path` in turn and calls check(bit) in between.
void flip_every_bit(const std::string& path, const Bytes& bytes,
                    const std::function<void(std::size_t)>& check) {
  const int file = open(path.c_str(), O_WRONLY);
  REQUIRE(file >= 0);
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const auto offset = static_cast<off_t>(bit / 8);
    const auto flipped = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1U << bit % 8));
    REQUIRE(pwrite(file, &flipped, 1, offset) == 1);
    check(bit);
    REQUIRE(pwrite(file, &bytes[bit / 8], 1, offset) == 1);
  }
  close(file);
}

}  // namespace

TEST_CASE("each of 729 headers is refused or right within 64 MiB", "[memory-limit]") {
  const TempFolder folder;
  const auto cases = header_cases();
  REQUIRE(cases.size() == 729);
  CHECK(std::ranges::count_if(cases, &HeaderCase::right) == 17);
  const auto check_all = [&] {
    for (const HeaderCase& header : cases) {
      const FilledPipe pipe(first(header.file, std::min<std::size_t>(header.file.size(), 60'000)));
      const bool whole = header.file.size() <= 60'000;
      if (!is_refused_or_right(header, folder.write("plain", header.file)) ||
          !is_refused_or_right(header, folder.write("packed", gzip(header.file))) ||
          (whole && !is_refused_or_right(header, pipe.path()))) {
        return false;
      }
    }
    return true;
  };
  CHECK(succeeds_within(64 * kMebibyte, check_all));
  if (!kMemoryCanBeLimited) WARN("memory is not limited: the sanitizer reserves terabytes");
}

TEST_CASE("the elements are in memory once while a file is read", "[memory-limit]") {
  const TempFolder folder;
  const Bytes zeros(32 * kMebibyte);
  const Bytes plain = join({idx_header(0x08, {1024, 128, 256}), zeros});
  const auto plain_path = folder.write("plain", plain);
  const auto packed_path = folder.write("packed", gzip(plain, 1));
  for (const auto& path : {plain_path, packed_path}) {
    CHECK(succeeds_within(36 * kMebibyte, [&] { return read_idx(path).bytes == zeros; }));
  }
}

TEST_CASE("every prefix of a file is refused") {
  const TempFolder folder;
  const Bytes plain = idx_bytes({4, 14, 18});
  const Bytes packed = gzip(idx_bytes({3, 18, 18}));
  for (const Bytes& file : {plain, packed}) {
    CHECK(file.size() > 960);
    CHECK(read_or_refuse(folder.write("whole", file)).has_value());
    const auto path = folder.write("prefix", file);
    for (std::size_t size = file.size(); size-- > 0;) {
      std::filesystem::resize_file(path, size);
      CAPTURE(size);
      CHECK(!read_or_refuse(path));
    }
  }
}

TEST_CASE("every prefix of a file is refused when it comes through a pipe") {
  const Bytes plain = idx_bytes({4, 14, 18});
  for (const Bytes& file : {plain, gzip(plain)}) {
    for (std::size_t size = 0; size < file.size(); ++size) {
      const FilledPipe pipe(first(file, size));
      CAPTURE(size);
      CHECK(!read_or_refuse(pipe.path()));
    }
  }
}

TEST_CASE("whatever follows the data is refused") {
  const TempFolder folder;
  const auto files = files_with_more_after_them();
  REQUIRE(files.size() == 20);
  for (std::size_t i = 0; i < files.size(); ++i) {
    CAPTURE(i);
    CHECK(!read_or_refuse(folder.write("file", files[i])));
    const FilledPipe pipe(files[i]);
    CHECK(!read_or_refuse(pipe.path()));
  }
}

TEST_CASE("a byte after the gzip data is noticed wherever a read buffer ends") {
  const TempFolder folder;
  const Bytes packed = gzip(idx_bytes({6, 100, 100}));
  const Bytes rest(packed.begin() + 10, packed.end());
  // An extra field in the header brings the file to sizes around the 64 KiB that are read at once.
  for (std::size_t size = 65'536 - 4; size <= 65'536 + 4; ++size) {
    const std::size_t extra = size - packed.size() - 2;
    const Bytes whole =
        join({with_byte(first(packed, 10), 3, 4),
              {static_cast<std::uint8_t>(extra), static_cast<std::uint8_t>(extra >> 8)},
              Bytes(extra),
              rest});
    REQUIRE(whole.size() == size);
    CAPTURE(size);
    CHECK(read_or_refuse(folder.write("whole", whole)).has_value());
    CHECK(!read_or_refuse(folder.write("more", join({whole, {0}}))));
    CHECK(!read_or_refuse(folder.write("twice", join({whole, packed}))));
  }
}

TEST_CASE("no flipped bit of a gzip file changes the data") {
  const TempFolder folder;
  const Bytes plain = idx_bytes({8, 15, 17});
  const Bytes file = gzip(plain);
  CHECK(file.size() > 2000);
  const auto path = folder.write("file", file);
  const Bytes body(plain.begin() + 16, plain.end());
  int accepted = 0;
  flip_every_bit(path, file, [&](std::size_t bit) {
    const auto array = read_or_refuse(path);
    if (!array) return;
    ++accepted;
    CAPTURE(bit);
    CHECK(array->shape == std::vector<Index>{8, 15, 17});
    CHECK(array->bytes == body);
  });
  // In the header the time stamp, the extra flags, the system and whether it is text; at the end of
  // the compressed data the bits, at most seven, that fill the last byte.
  CHECK(accepted >= 49);
  CHECK(accepted <= 49 + 7);
}

TEST_CASE("a flipped bit of a plain file is refused in the header, and is just that bit after it") {
  const TempFolder folder;
  const Bytes file = idx_bytes({8, 15, 17});
  const auto path = folder.write("file", file);
  flip_every_bit(path, file, [&](std::size_t bit) {
    const auto array = read_or_refuse(path);
    CAPTURE(bit);
    if (bit / 8 >= 16) {
      Bytes body(file.begin() + 16, file.end());
      body[bit / 8 - 16] ^= static_cast<std::uint8_t>(1U << bit % 8);
      CHECK((array && array->bytes == body));
    } else if (bit == 16) {
      CHECK((array && array->type == IdxType::kSignedByte));  // as large as unsigned bytes
    } else {
      CHECK(!array);
    }
  });
}

TEST_CASE("a gzip bomb is stopped at the declared size", "[memory-limit]") {
  const TempFolder folder;
  const Bytes zeros(128 * kMebibyte);
  const Bytes bomb = gzip(join({idx_header(0x08, {1, 28, 28}), zeros}), 9);
  const auto path = folder.write("bomb", bomb);
  CHECK(succeeds_within(8 * kMebibyte, [&] { return !read_or_refuse(path); }));
  CHECK_CONTAINS(message_of<Error>([&] { read_idx(path); }),
                 "data go on after uncompressed byte 800");
  // Deflate could hold what this header claims, but the end of the file contradicts it.
  const Bytes more = gzip(join({idx_header(0x08, {100, 1024, 1024}), zeros}), 9);
  const auto claim = folder.write("claim", more);
  CHECK(succeeds_within(8 * kMebibyte, [&] { return !read_or_refuse(claim); }));
}
