#include "formats/array_file.h"

#include <cmath>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "core/digest.h"
#include "data/check_contains.h"
#include "formats/array_builder.h"
#include "trp/error.h"

namespace trp {
namespace {

using namespace test;

constexpr ArrayFormat kFormats[] = {ArrayFormat::kSafetensors, ArrayFormat::kNpz};

ArrayFile sample_file() {
  return {{{"fc1.weight", {2, 3}, counting(6)},
           {"a scalar", {}, {-0.0F}},
           {"empty", {4, 0}, {}},
           {"vector", {1}, {1e-45F}}},
          {{"layers", "3,2"}, {"quotes \" and \\", "\"digest\":\"xxh128:no\", line\nfeed, ü"}}};
}

TEST_CASE("arrays and metadata come back as they were, and the digest is found right") {
  for (const ArrayFormat format : kFormats) {
    const ArrayFile file = sample_file();
    const auto bytes = encode_array_file(file, format);
    CHECK(bytes == encode_array_file(file, format));
    const DecodedArrayFile decoded = decode_array_file(bytes, "file");
    CHECK(decoded.format == format);
    CHECK(decoded.verified);
    CHECK(decoded.content.metadata == file.metadata);
    REQUIRE(decoded.content.arrays.size() == file.arrays.size());
    for (std::size_t i = 0; i < file.arrays.size(); ++i) {
      CHECK(decoded.content.arrays[i].name == file.arrays[i].name);
      CHECK(decoded.content.arrays[i].shape == file.arrays[i].shape);
      CHECK(decoded.content.arrays[i].values == file.arrays[i].values);
    }
    CHECK(std::signbit(decoded.content.arrays[1].values[0]));
    CHECK(encode_array_file(decoded.content, format) == bytes);
  }
}

TEST_CASE("a file without any array is one too") {
  for (const ArrayFormat format : kFormats) {
    const ArrayFile file{{}, {{"layers", "none"}}};
    const DecodedArrayFile decoded = decode_array_file(encode_array_file(file, format), "file");
    CHECK(decoded.format == format);
    CHECK(decoded.content.arrays.empty());
    CHECK(decoded.content.metadata == file.metadata);
  }
}

TEST_CASE("a safetensors file is a length, a JSON header, and the data without holes") {
  const auto bytes = encode_array_file(sample_file(), ArrayFormat::kSafetensors);
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | bytes[static_cast<std::size_t>(i)];
  REQUIRE(8 + length < bytes.size());
  CHECK((8 + length) % 64 == 0);
  const auto begin = bytes.begin() + 8;
  const auto header =
      nlohmann::ordered_json::parse(begin, begin + static_cast<std::ptrdiff_t>(length));
  CHECK(header.begin().key() == "__metadata__");
  CHECK(header["__metadata__"].begin().value() == "tensor_relu_parallel");
  CHECK(header["fc1.weight"] ==
        nlohmann::ordered_json::parse(R"({"dtype":"F32","shape":[2,3],"data_offsets":[0,24]})"));
  CHECK(header["vector"]["data_offsets"] == nlohmann::ordered_json({28, 32}));
  CHECK(bytes.size() == 8 + length + 32);
  CHECK(Bytes(bytes.end() - 32, bytes.end() - 8) == float_bytes(counting(6)));
}

TEST_CASE("the digest is that of the file with zeros in its place") {
  for (const ArrayFormat format : kFormats) {
    auto bytes = encode_array_file(sample_file(), format);
    const std::string text(bytes.begin(), bytes.end());
    const std::size_t place = text.find("\"digest\":\"xxh128:") + 17;
    const std::string digits = text.substr(place, 32);
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(place), 32, '0');
    Digest digest;
    digest.update(bytes.data(), bytes.size());
    CHECK(digest.to_string() == "xxh128:" + digits);
  }
}

TEST_CASE("files of other programs are read without a digest") {
  const DecodedArrayFile safetensors =
      decode_array_file(safetensors_file(small_header() + "   ", 32), "file");
  const DecodedArrayFile npz = decode_array_file(zip_file(small_members()), "file");
  auto packed_members = small_members();
  for (ZipMember& member : packed_members) member.deflated = true;
  const DecodedArrayFile packed = decode_array_file(zip_file(packed_members), "file");
  for (const DecodedArrayFile* file : {&safetensors, &npz, &packed}) {
    CHECK(!file->verified);
    CHECK(file->content.metadata.empty());
    REQUIRE(file->content.arrays.size() == 2);
    CHECK(file->content.arrays[0].name == "fc1.weight");
    CHECK(file->content.arrays[0].shape == std::vector<Index>{2, 3});
    CHECK(file->content.arrays[0].values == counting(6));
  }
  CHECK(safetensors.format == ArrayFormat::kSafetensors);
  CHECK(npz.format == ArrayFormat::kNpz);
}

TEST_CASE("other orders, versions and metadata of other programs are understood") {
  // The data in another order than the header, as safetensors sorts names.
  const auto swapped =
      decode_array_file(safetensors_file(R"({"__metadata__":{"format":"pt"},)" +
                                             tensor_entry("fc1.bias", "[2]", "[24,32]") + "," +
                                             tensor_entry("fc1.weight", "[2,3]", "[0,24]") + "}",
                                         32),
                        "file");
  CHECK(swapped.content.arrays[0].values == std::vector<float>{7, 8});
  CHECK(*find_metadata(swapped.content.metadata, "format") == "pt");
  CHECK(find_metadata(swapped.content.metadata, "program") == nullptr);
  for (const std::uint8_t version : {2, 3}) {
    const ZipMember member{"x.npy",
                           npy_file(npy_header("(2,)"), float_bytes(counting(2)), version)};
    CHECK(decode_array_file(zip_file({member}), "file").content.arrays[0].shape ==
          std::vector<Index>{2});
  }
}

TEST_CASE("the ending of a name says the format") {
  CHECK(array_format_of_name("a/b.safetensors") == ArrayFormat::kSafetensors);
  CHECK(array_format_of_name("x.npz") == ArrayFormat::kNpz);
  for (const std::string name : {"model", "model.pt", "model.onnx", "npz", "x.npz.gz", "x.NPZ", ""})
    CHECK_FALSE(array_format_of_name(name));
}

TEST_CASE("metadata that do not fit a zip comment are refused") {
  ArrayFile file = sample_file();
  file.metadata.emplace_back("long", std::string(70'000, 'x'));
  CHECK(decode_array_file(encode_array_file(file, ArrayFormat::kSafetensors), "file").verified);
  CHECK_CONTAINS(message_of<Error>([&] { encode_array_file(file, ArrayFormat::kNpz); }),
                 "at most 65535 bytes of metadata");
}

TEST_CASE("array files are read from files and pipes") {
  const TempFolder folder;
  const auto bytes = encode_array_file(sample_file(), ArrayFormat::kNpz);
  CHECK(read_array_file(folder.write("file", bytes)).verified);
  const FilledPipe pipe(bytes);
  CHECK(read_array_file(pipe.path()).verified);
  for (const std::string path : {"/dev/zero", "/dev/null"}) {
    CHECK_CONTAINS(message_of<Error>([&] { read_array_file(path); }), path);
  }
}

TEST_CASE("a header of very many tensors and texts is read and written in linear time") {
  // In quadratic time this would take half a minute.
  ArrayFile file;
  for (int i = 0; i < 90'000; ++i)
    file.arrays.push_back({fmt::format("array {}", i), {}, {static_cast<float>(i)}});
  for (int i = 0; i < 40'000; ++i) file.metadata.emplace_back(fmt::format("key {}", i), "text");
  const auto bytes = encode_array_file(file, ArrayFormat::kSafetensors);
  const DecodedArrayFile decoded = decode_array_file(bytes, "file");
  CHECK(decoded.content.metadata == file.metadata);
  REQUIRE(decoded.content.arrays.size() == file.arrays.size());
  CHECK(decoded.content.arrays.back().name == "array 89999");
  CHECK(decoded.content.arrays.back().values[0] == 89'999);
  for (int i = 0; i < 20'000; ++i) file.arrays.push_back({fmt::format("more {}", i), {0}, {}});
  CHECK_CONTAINS(message_of<Error>([&] {
                   decode_array_file(encode_array_file(file, ArrayFormat::kSafetensors), "file");
                 }),
                 "file: expected at most 100000 tensors");
}

TEST_CASE("a file that is larger than its header says is refused before it is read") {
  const TempFolder folder;
  for (const std::string& header : {std::string("{}"), small_header()}) {
    const std::string path = folder.write("sparse", safetensors_file(header, 32));
    std::filesystem::resize_file(path, std::uintmax_t{12} << 30);
    CHECK_CONTAINS(message_of<Error>([&] { read_array_file(path); }),
                   "bytes of data, as the header says");
  }
}

TEST_CASE("no more of a compressed array is unpacked than its header declares") {
  const ZipMember bomb{"fc1.weight.npy", npy_file(npy_header("(2,)"), Bytes(200'000'000)), true};
  const Bytes archive = zip_file({bomb});
  REQUIRE(archive.size() < 1'000'000);
  const std::string message = message_of<Error>([&] { decode_array_file(archive, "file"); });
  CHECK_CONTAINS(message, "expected 8 bytes of data for a shape of [2], found 200000000");
}

}  // namespace
}  // namespace trp
