#include "formats/idx.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <thread>

#include "catch.h"
#include "data/check_contains.h"
#include "formats/bad_idx_files.h"
#include "formats/idx_builder.h"
#include "trp/error.h"

using namespace trp;
using namespace trp::test;

namespace {

template <class Unsigned>
Bytes big_endian_bytes(Unsigned bits) {
  Bytes bytes;
  for (std::size_t i = sizeof(bits); i-- > 0;) {
    bytes.push_back(static_cast<std::uint8_t>(bits >> (8 * i)));
  }
  return bytes;
}

std::string refusal(const std::string& path, const IdxExpected& expected = {}) {
  return message_of<Error>([&] { read_idx(path, expected); });
}

/// Standard input is the pipe while the object lives.
class StandardInput {
 public:
  explicit StandardInput(const FilledPipe& pipe) : saved_(dup(STDIN_FILENO)) {
    dup2(pipe.descriptor(), STDIN_FILENO);
  }
  ~StandardInput() {
    dup2(saved_, STDIN_FILENO);
    close(saved_);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;

 private:
  int saved_;
};

struct TypeCase {
  IdxType type;
  Bytes elements;
  std::vector<float> values;
};

}  // namespace

TEST_CASE("unsigned bytes of ranks 1 to 4 stay bytes, plain, gzip and from a pipe") {
  const TempFolder folder;
  const std::vector<std::vector<std::uint32_t>> shapes = {{60}, {12, 5}, {3, 4, 5}, {2, 3, 2, 5}};
  for (const auto& shape : shapes) {
    const Bytes plain = idx_bytes(shape);
    for (const Bytes& file : {plain, gzip(plain)}) {
      const FilledPipe pipe(file);
      for (const auto& path : {folder.write("file", file), pipe.path()}) {
        const IdxArray array = read_idx(path);
        CHECK(array.type == IdxType::kUnsignedByte);
        CHECK(array.shape == std::vector<Index>(shape.begin(), shape.end()));
        CHECK(array.bytes == noise(60));
        CHECK(array.values.empty());
      }
    }
  }
}

TEST_CASE("every other type becomes floats") {
  const std::vector<TypeCase> cases = {
      {IdxType::kSignedByte, {0x80, 0xff, 0x00, 0x7f}, {-128, -1, 0, 127}},
      {IdxType::kInt16, {0x80, 0x00, 0xff, 0xff, 0x01, 0x02}, {-32768, -1, 258}},
      {IdxType::kInt32, {0x80, 0, 0, 0, 0, 1, 2, 3}, {-2147483648.0F, 66051}},
      {IdxType::kFloat32,
       join({big_endian_bytes(std::bit_cast<std::uint32_t>(0.1F)),
             big_endian_bytes(std::bit_cast<std::uint32_t>(-1e-40F))}),
       {0.1F, -1e-40F}},
      {IdxType::kFloat64,
       join({big_endian_bytes(std::bit_cast<std::uint64_t>(0.1)),
             big_endian_bytes(std::bit_cast<std::uint64_t>(-3e38))}),
       {0.1F, -3e38F}},
  };
  const TempFolder folder;
  for (const auto& [type, elements, values] : cases) {
    const auto count = static_cast<std::uint32_t>(values.size());
    const Bytes plain = join({idx_header(static_cast<std::uint8_t>(type), {count, 1}), elements});
    for (const Bytes& file : {plain, gzip(plain)}) {
      const FilledPipe pipe(file);
      for (const auto& path : {folder.write("file", file), pipe.path()}) {
        const IdxArray array = read_idx(path, kIdxImages);
        CHECK(array.type == type);
        CHECK(array.values == values);
        CHECK(array.bytes.empty());
      }
    }
  }
}

TEST_CASE("elements that span several reads keep their order") {
  const std::uint32_t count = 700'000;  // more than one MiB of 16-bit integers
  Bytes elements;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto bytes = big_endian_bytes(static_cast<std::uint16_t>(i % 30'000));
    elements.insert(elements.end(), bytes.begin(), bytes.end());
  }
  const TempFolder folder;
  const Bytes plain = join({idx_header(0x0b, {count}), elements});
  for (const Bytes& file : {plain, gzip(plain, 1)}) {
    const IdxArray array = read_idx(folder.write("file", file));
    REQUIRE(array.values.size() == count);
    bool equal = true;
    for (std::uint32_t i = 0; i < count; ++i) {
      equal &= array.values[i] == static_cast<float>(i % 30'000);
    }
    CHECK(equal);
  }
}

TEST_CASE("gzip is told by the content, not by the name") {
  const TempFolder folder;
  const Bytes plain = idx_bytes({3, 4, 5});
  CHECK(read_idx(folder.write("plain.gz", plain)).bytes == noise(60));
  CHECK(read_idx(folder.write("packed-idx3-ubyte", gzip(plain))).bytes == noise(60));
}

TEST_CASE("the optional fields of a gzip header are skipped") {
  const Bytes packed = gzip(idx_bytes({3, 4, 5}));
  const Bytes rest(packed.begin() + 10, packed.end());
  Bytes header = first(packed, 10);
  header[3] = 0x1c;  // extra field, name and comment
  const TempFolder folder;
  const auto path = folder.write(
      "file", join({header, {4, 0, 'a', 'b', 'c', 'd'}, bytes_of("a name"), {0}, {0}, rest}));
  CHECK(read_idx(path).bytes == noise(60));
}

TEST_CASE("standard input is read under the name -") {
  const Bytes plain = idx_bytes({3, 4, 5});
  for (const Bytes& file : {plain, gzip(plain)}) {
    const FilledPipe pipe(file);
    const StandardInput redirected(pipe);
    CHECK(read_idx("-").bytes == noise(60));
  }
  const FilledPipe pipe(without_last(plain, 1));
  const StandardInput redirected(pipe);
  const auto message = refusal("-");
  CHECK_CONTAINS(message, "standard input: the data end at byte 75");
}

TEST_CASE("a FIFO that is filled bit by bit works like a file") {
  const TempFolder folder;
  const auto path = folder.make_fifo("fifo");
  const Bytes file = gzip(idx_bytes({50, 40, 50}));
  std::thread writer([&] {
    std::ofstream out(path, std::ios::binary);
    for (std::size_t i = 0; i < file.size(); i += 997) {
      const auto count = std::min<std::size_t>(997, file.size() - i);
      out.write(reinterpret_cast<const char*>(file.data() + i),
                static_cast<std::streamsize>(count));
      out.flush();
    }
  });
  const IdxArray array = read_idx(path, kIdxImages);
  writer.join();
  CHECK(array.bytes == noise(100'000));
}

TEST_CASE("byte_offset is where an element is in the file") {
  IdxArray array;
  array.type = IdxType::kInt16;
  array.shape = {10, 2};
  CHECK(array.byte_offset(0) == 12);
  CHECK(array.byte_offset(3) == 18);
}

TEST_CASE("every bad file is refused with a message that says what is wrong and what to do") {
  const TempFolder folder;
  const auto files = bad_idx_files();
  CHECK(files.size() >= 60);
  for (const BadIdxFile& file : files) {
    CAPTURE(file.name);
    const auto path = folder.write(file.name, file.bytes);
    const auto message = refusal(path, file.labels ? kIdxLabels : kIdxImages);
    CAPTURE(message);
    CHECK(message.rfind(path + ": ", 0) == 0);
    CHECK(message.find("; hint: ") != std::string::npos);
    CHECK(message.find('\n') == std::string::npos);
    for (const auto& expected : file.expected) {
      CAPTURE(expected);
      CHECK(message.find(expected) != std::string::npos);
    }
  }
}

TEST_CASE("every bad file is refused when it comes through a pipe") {
  for (const BadIdxFile& file : bad_idx_files()) {
    CAPTURE(file.name);
    const FilledPipe pipe(file.bytes);
    const auto message = refusal(pipe.path(), file.labels ? kIdxLabels : kIdxImages);
    CHECK(message.rfind(pipe.path() + ": ", 0) == 0);
    CHECK(message.find("; hint: ") != std::string::npos);
  }
}

TEST_CASE("what is not a file to read is refused in clear words") {
  const TempFolder folder;
  CHECK_CONTAINS(refusal(folder.path()), "is a folder, expected a file; hint: ");
  CHECK_CONTAINS(refusal(folder.path("none")), "none: no such file; hint: ");
  const auto link = folder.path("link");
  std::filesystem::create_symlink("nowhere", link);
  CHECK_CONTAINS(refusal(link), "link: is a link to nowhere, which does not exist");
  CHECK_CONTAINS(refusal("/dev/zero"), "not an IDX file");
  CHECK_CONTAINS(refusal("/dev/null"), "is empty");
  const auto file_as_folder = folder.write("file", {1}) + "/images";
  CHECK_CONTAINS(refusal(file_as_folder), "cannot be opened: Not a directory");
}

TEST_CASE("a file that may not be read is refused") {
  if (geteuid() == 0) {
    WARN("skipped: the superuser may read every file");
    return;
  }
  const TempFolder folder;
  const auto path = folder.write("file", idx_bytes({2, 2}));
  std::filesystem::permissions(path, std::filesystem::perms::none);
  CHECK_CONTAINS(refusal(path), "permission denied; hint: ");
}

TEST_CASE("a few samples at a time give what reading the whole file gives") {
  const TempFolder folder;
  for (const Bytes& file :
       {idx_bytes({10, 2, 3}), join({idx_header(0x0b, {10, 3}), noise(60)}),
        join({idx_header(0x0d, {10, 1, 1}), Bytes(40)}), idx_labels(noise(10))}) {
    for (const Bytes& bytes : {file, gzip(file)}) {
      const std::string path = folder.write("file", bytes);
      const IdxArray whole = read_idx(path);
      for (const Index most : {1, 3, 5, 10, 11}) {
        IdxReader reader(path);
        CHECK(reader.shape() == whole.shape);
        CHECK(reader.type() == whole.type);
        CHECK(reader.is_gzip() == (bytes != file));
        IdxArray part, joined;
        Index count = 0;
        while (reader.read(most, part)) {
          CHECK(part.type == whole.type);
          CHECK(part.shape[0] == std::min<Index>(most, 10 - count));
          CHECK(std::equal(part.shape.begin() + 1, part.shape.end(), whole.shape.begin() + 1));
          joined.bytes.insert(joined.bytes.end(), part.bytes.begin(), part.bytes.end());
          joined.values.insert(joined.values.end(), part.values.begin(), part.values.end());
          count += part.shape[0];
        }
        CHECK(count == 10);
        CHECK(joined.bytes == whole.bytes);
        CHECK(joined.values == whole.values);
        CHECK(!reader.read(most, part));
      }
    }
  }
}

TEST_CASE("samples before the damage are read, and the damage has its place") {
  const Bytes good = idx_bytes({10, 2, 3});
  const auto count_and_message = [](const Bytes& bytes) {
    const FilledPipe pipe(bytes);
    IdxReader reader(pipe.path(), kIdxImages);
    IdxArray part;
    Index count = 0;
    const std::string message = message_of<Error>([&] {
      while (reader.read(4, part)) count += part.shape[0];
    });
    return std::pair(count, message);
  };
  const auto [all, nothing] = count_and_message(good);
  CHECK(all == 10);
  CHECK(nothing.empty());
  const auto [cut_count, cut] = count_and_message(without_last(good, 13));
  CHECK(cut_count == 4);
  CHECK_CONTAINS(cut, "the data end at byte 63, expected 76 bytes for 10 x 2 x 3 unsigned bytes");
  const auto [long_count, too_long] = count_and_message(join({good, {0}}));
  CHECK(long_count == 10);
  CHECK_CONTAINS(too_long, "data go on after byte 76");
  const Bytes zipped = gzip(good);
  const auto [crc_count, crc] =
      count_and_message(with_byte(zipped, zipped.size() - 8, zipped[zipped.size() - 8] ^ 1));
  CHECK(crc_count <= 10);
  CHECK_CONTAINS(crc, "checksum does not agree");
}
