#pragma once

#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "formats/array_builder.h"

/// Files that are no sound models, each with words that the message must have.
namespace trp::test {

struct BadModelFile {
  std::string name;
  Bytes bytes;
  std::vector<std::string> expected;
};

inline std::string replaced(std::string text, std::string_view old_part, std::string_view part) {
  const std::size_t place = text.find(old_part);
  if (place == std::string::npos) throw std::logic_error("nothing to replace");
  return text.replace(place, old_part.size(), part);
}

/// A safetensors file whose header is that of the small network with a part replaced.
inline BadModelFile bad_header(std::string name, std::string_view old_part, std::string_view part,
                               std::vector<std::string> expected) {
  return {std::move(name), safetensors_file(replaced(small_header(), old_part, part), 32),
          std::move(expected)};
}

inline std::vector<BadModelFile> bad_safetensors_files() {
  const Bytes good = safetensors_file(small_header(), 32);
  const auto with_length = [&](std::uint64_t length) {
    return join({little_endian_bytes(length), Bytes(good.begin() + 8, good.end())});
  };
  const std::string empty_metadata = R"("__metadata__":{},)";
  const auto with_metadata = [](std::string_view metadata) {
    return safetensors_file(replaced(small_header(), "{", fmt::format("{{{},", metadata)), 32);
  };
  return {
      {"empty", {}, {"the file is empty"}},
      {"one-byte", {1}, {"expected a model"}},
      {"eight-bytes", little_endian_bytes(std::uint64_t{2}), {"expected a model"}},
      {"no-header", first(good, 9), {"found a length of"}},
      {"cut-in-header", first(good, 40), {"found a length of"}},
      {"header-only", first(good, good.size() - 32), {"data_offsets"}},
      {"data-short-by-1", without_last(good, 1), {"up to 31, found 24 to 32"}},
      {"data-short-by-a-float", without_last(good, 4), {"up to 28, found 24 to 32"}},
      {"data-long-by-1", join({good, {0}}), {"expected 32 bytes of data", "found 33"}},
      {"length-0", with_length(0), {"found a length of 0"}},
      {"length-1", with_length(1), {"found a length of 1"}},
      {"length-short-by-1", with_length(good.size() - 8 - 32 - 1), {"expected JSON from byte 8"}},
      {"length-long-by-1", with_length(good.size() - 8 - 32 + 1), {"found a zero byte at byte"}},
      {"length-of-file", with_length(good.size() - 8), {"found a zero byte at byte"}},
      {"length-beyond-file", with_length(good.size() - 7), {"found a length of"}},
      {"length-limit", with_length(100'000'000), {"found a length of 100000000"}},
      {"length-huge", with_length(std::uint64_t{1} << 63), {"expected a model"}},
      {"length-most", with_length(~std::uint64_t{0}), {"expected a model"}},
      {"idx", idx_bytes({3, 4, 5}), {"found an IDX file", "exchanged"}},
      {"html", bytes_of("<html>not found</html>"), {"this is a web page"}},
      {"gzip", gzip(good), {"compressed with gzip", "exchanged"}},
      {"pickle", bytes_of("\x80\x02}q\x00X\x04"), {"Python pickle", ".safetensors"}},
      {"npy", npy_file(npy_header("(2,)"), Bytes(8)), {"one NumPy array"}},
      {"hdf5", bytes_of("\x89HDF\r\n\x1a\n"), {"HDF5"}},
      {"zeros", Bytes(1000), {"expected a model"}},
      {"noise", noise(1000), {"expected a model"}},
      {"array-instead", safetensors_file("{[1,2]}", 0), {"found an error at byte"}},
      {"no-json", safetensors_file("{nothing}", 0), {"found an error at byte 10"}},
      {"not-utf-8", safetensors_file("{\"\xff\":1}", 0), {"found an error"}},
      {"text-after-json", safetensors_file(small_header() + "x", 32), {"found an error at byte"}},
      {"nul-after-json",
       safetensors_file(small_header() + std::string(1, '\0'), 32),
       {"found a zero byte"}},
      {"two-objects", safetensors_file(small_header() + "{}", 32), {"found an error at byte"}},
      {"comment", safetensors_file("{/* */}", 0), {"found an error at byte"}},
      {"nested-deeply",
       safetensors_file("{\"a\":" + std::string(100'000, '['), 0),
       {"nested at most 3 deep"}},
      {"nested-4", safetensors_file(R"({"a":{"shape":[[1]]}})", 0), {"nested at most 3 deep"}},
      {"no-arrays", safetensors_file("{}", 0), {"expected an array fc1.weight, found none"}},
      {"only-metadata",
       safetensors_file(R"({"__metadata__":{"a":"b"}})", 0),
       {"expected an array fc1.weight"}},
      {"same-tensor-twice",
       safetensors_file("{" + tensor_entry("fc1.bias", "[2]", "[0,8]") + "," +
                            tensor_entry("fc1.bias", "[2]", "[0,8]") + "}",
                        8),
       {"each name once", "\"fc1.bias\" again"}},
      bad_header("same-key-twice", R"("dtype":"F32",)", R"("dtype":"F32","dtype":"F32",)",
                 {"each name once", "\"dtype\" again"}),
      {"metadata-twice",
       with_metadata(R"("__metadata__":{},"__metadata__":{})"),
       {"\"__metadata__\" again"}},
      {"metadata-of-numbers", with_metadata(R"("__metadata__":{"a":1})"), {"a text for \"a\""}},
      {"metadata-a-text", with_metadata(R"("__metadata__":"a")"), {"an object as metadata"}},
      {"metadata-a-list", with_metadata(R"("__metadata__":["a"])"), {"an object as metadata"}},
      {"program-without-digest",
       with_metadata(R"("__metadata__":{"program":"tensor_relu_parallel"})"),
       {"\"program\" tensor_relu_parallel with a \"digest\""}},
      {"digest-without-program",
       with_metadata(R"("__metadata__":{"digest":"xxh128:00000000000000000000000000000000"})"),
       {"\"program\" tensor_relu_parallel with a \"digest\""}},
      {"digest-wrong",
       with_metadata(R"("__metadata__":{"program":"tensor_relu_parallel",)"
                     R"("digest":"xxh128:00000000000000000000000000000000"})"),
       {"expected the digest", "xxh128:0000", "damaged or changed"}},
      {"digest-short",
       with_metadata(R"("__metadata__":{"program":"tensor_relu_parallel","digest":"xxh128:00"})"),
       {"digest"}},
      {"digest-escaped",
       with_metadata(R"("__metadata__":{"program":"tensor_relu_parallel",)"
                     R"("digest":"xxh128:\u00300000000000000000000000000000000"})"),
       {"digest"}},
      bad_header("tensor-a-number", tensor_entry("fc1.bias", "[2]", "[24,32]"), "\"fc1.bias\":1",
                 {"tensor \"fc1.bias\": expected an object"}),
      bad_header("no-dtype", R"("dtype":"F32",)", "", {"dtype: expected a value, found none"}),
      bad_header("no-shape", R"("shape":[2,3],)", "", {"shape: expected a value, found none"}),
      bad_header("no-offsets", R"(,"data_offsets":[0,24])", "",
                 {"data_offsets: expected a value, found none"}),
      bad_header("unknown-key", R"("dtype")", R"("color":1,"dtype")",
                 {"expected dtype, shape and data_offsets, found \"color\""}),
      bad_header("dtype-f16", "F32", "F16", {"type F32, found", "F16", "model.float()"}),
      bad_header("dtype-bf16", "F32", "BF16", {"type F32"}),
      bad_header("dtype-f64", "F32", "F64", {"type F32"}),
      bad_header("dtype-number", "\"F32\"", "32", {"dtype: expected a text, found 32"}),
      bad_header("dtype-lower-case", "F32", "f32", {"type F32"}),
      bad_header("shape-a-number", "[2,3]", "6", {"shape: expected a list, found 6"}),
      bad_header("shape-negative", "[2,3]", "[-2,-3]",
                 {"shape: expected a whole number", "found -2"}),
      bad_header("shape-fraction", "[2,3]", "[2.0,3]",
                 {"shape: expected a whole number", "found 2.0"}),
      bad_header("shape-text", "[2,3]", "[\"2\",3]", {"expected a whole number"}),
      bad_header("shape-2-64", "[2,3]", "[18446744073709551616,3]", {"expected a whole number"}),
      bad_header("shape-2-63", "[2,3]", "[9223372036854775808,3]", {"expected a whole number"}),
      bad_header("shape-too-large", "[2,3]", "[3,3]", {"expected 36 bytes", "[3, 3], found 24"}),
      bad_header("shape-too-small", "[2,3]", "[2,2]", {"expected 16 bytes"}),
      bad_header("shape-overflows", "[2,3]", "[4294967296,4294967296]", {"more than 2^64"}),
      bad_header("shape-overflows-to-24", "[2,3]", "[2,2305843009213693955]", {"more than 2^64"}),
      bad_header("shape-with-0", "[2,3]", "[0,3]", {"expected 0 bytes"}),
      bad_header("offsets-negative", "[0,24]", "[-24,0]",
                 {"data_offsets: expected a whole number"}),
      bad_header("offsets-swapped", "[0,24]", "[24,0]", {"in order and up to 32"}),
      bad_header("offsets-one", "[0,24]", "[24]", {"two data_offsets"}),
      bad_header("offsets-three", "[0,24]", "[0,12,24]", {"two data_offsets"}),
      bad_header("offsets-an-object", "[0,24]", "{}", {"data_offsets: expected a list"}),
      bad_header("offsets-beyond", "[24,32]", "[32,40]", {"up to 32, found 32 to 40"}),
      bad_header("offsets-2-64", "[0,24]", "[0,18446744073709551640]", {"expected a whole number"}),
      bad_header("offsets-near-2-64", "[0,24]", "[18446744073709551592,18446744073709551615]",
                 {"expected a whole number"}),
      bad_header("offsets-exponent", "[0,24]", "[0,2.4e1]", {"expected a whole number"}),
      bad_header("number-too-large", "[0,24]", "[0,1e999]", {"JSON"}),
      bad_header("tensors-overlap", "[24,32]", "[20,28]", {"tensors overlap"}),
      bad_header("tensors-the-same-place", "[24,32]", "[0,8]", {"tensors overlap"}),
      {"hole-between",
       safetensors_file(replaced(small_header(), "[24,32]", "[28,36]"), 36),
       {"offset 24, found 28: there is a hole"}},
      {"hole-before",
       safetensors_file(
           replaced(replaced(small_header(), "[0,24]", "[4,28]"), "[24,32]", "[28,36]"), 36),
       {"offset 0, found 4: there is a hole"}},
      {"hole-after", safetensors_file(small_header(), 36), {"expected 32 bytes of data"}},
  };
}

/// A sound safetensors file of arrays that are no network.
inline BadModelFile bad_network(
    std::string name, const std::vector<std::pair<std::string, std::vector<long>>>& arrays,
    std::vector<std::string> expected) {
  std::string header = "{";
  long offset = 0;
  for (const auto& [array, shape] : arrays) {
    long count = 1;
    std::string sizes;
    for (const long size : shape) {
      count *= size;
      sizes += fmt::format("{}{}", sizes.empty() ? "" : ",", size);
    }
    header += (header.size() > 1 ? "," : "") +
              tensor_entry(array, fmt::format("[{}]", sizes),
                           fmt::format("[{},{}]", offset, offset + 4 * count));
    offset += 4 * count;
  }
  return {std::move(name), safetensors_file(header + "}", static_cast<std::size_t>(offset)),
          std::move(expected)};
}

inline std::vector<BadModelFile> bad_networks() {
  Bytes nan = safetensors_file(small_header(), 32);
  const auto put = [&nan](float value, std::size_t from_end) {
    Bytes bytes = nan;
    const Bytes number = float_bytes({value});
    std::copy(number.begin(), number.end(), bytes.end() - static_cast<std::ptrdiff_t>(from_end));
    return bytes;
  };
  return {
      bad_network("only-weight", {{"fc1.weight", {2, 3}}}, {"an array fc1.bias, found none"}),
      bad_network("only-bias", {{"fc1.bias", {2}}}, {"an array fc1.weight, found none"}),
      bad_network("starts-at-0", {{"fc0.weight", {2, 3}}, {"fc0.bias", {2}}}, {"fc1.weight"}),
      bad_network("starts-at-2", {{"fc2.weight", {2, 3}}, {"fc2.bias", {2}}}, {"fc1.weight"}),
      bad_network(
          "layer-gap",
          {{"fc1.weight", {2, 3}}, {"fc1.bias", {2}}, {"fc3.weight", {4, 2}}, {"fc3.bias", {4}}},
          {"expected 1 layers and nothing else", "fc3"}),
      bad_network("second-without-weight",
                  {{"fc1.weight", {2, 3}}, {"fc1.bias", {2}}, {"fc2.bias", {4}}},
                  {"an array fc2.weight, found none"}),
      bad_network("second-without-bias",
                  {{"fc1.weight", {2, 3}}, {"fc1.bias", {2}}, {"fc2.weight", {4, 2}}},
                  {"an array fc2.bias, found none"}),
      bad_network(
          "no-chain",
          {{"fc1.weight", {2, 3}}, {"fc1.bias", {2}}, {"fc2.weight", {4, 3}}, {"fc2.bias", {4}}},
          {"fc2.weight: expected 2 inputs", "[4, 3]"}),
      bad_network("transposed", {{"fc1.weight", {3, 2}}, {"fc1.bias", {2}}},
                  {"fc1.bias: expected a shape of [3]", "found [2]"}),
      bad_network("bias-too-long", {{"fc1.weight", {2, 3}}, {"fc1.bias", {3}}}, {"fc1.bias"}),
      bad_network("bias-a-row", {{"fc1.weight", {2, 3}}, {"fc1.bias", {1, 2}}}, {"[1, 2]"}),
      bad_network("bias-a-scalar", {{"fc1.weight", {1, 3}}, {"fc1.bias", {}}}, {"found []"}),
      bad_network("weight-a-vector", {{"fc1.weight", {6}}, {"fc1.bias", {6}}}, {"[out, in]"}),
      bad_network("weight-of-a-convolution", {{"fc1.weight", {2, 3, 1}}, {"fc1.bias", {2}}},
                  {"[out, in]"}),
      bad_network("no-outputs", {{"fc1.weight", {0, 3}}, {"fc1.bias", {0}}}, {"[out, in]"}),
      bad_network("no-inputs", {{"fc1.weight", {2, 0}}, {"fc1.bias", {2}}}, {"[out, in]"}),
      bad_network("something-else",
                  {{"fc1.weight", {2, 3}}, {"fc1.bias", {2}}, {"bn1.weight", {2}}},
                  {"an array \"bn1.weight\" of [2]"}),
      bad_network("padded-number", {{"fc01.weight", {2, 3}}, {"fc01.bias", {2}}},
                  {"an array fc1.weight"}),
      bad_network("other-names", {{"0.weight", {2, 3}}, {"0.bias", {2}}},
                  {"an array fc1.weight", "fc1.bias [out]"}),
      bad_network("too-many-classes", {{"fc1.weight", {257, 1}}, {"fc1.bias", {257}}},
                  {"at most 256 classes, found 257"}),
      {"nan-in-bias", put(NAN, 4), {"fc1.bias: expected finite numbers, found nan at element 1"}},
      {"infinity-in-weight", put(INFINITY, 32), {"fc1.weight", "found inf at element 0"}},
  };
}

inline std::vector<BadModelFile> bad_npz_files() {
  const Bytes good = zip_file(small_members());
  const auto bias_with = [](const Bytes& array) {
    return zip_file({small_members()[0], {"fc1.bias.npy", array}});
  };
  const auto bias_header = [&](std::string_view header) {
    return bias_with(npy_file(header, Bytes(8)));
  };
  const std::size_t end = good.size() - 22;
  const std::size_t crc = good.size() - 22 - 2 * 46 - 14 - 12 + 16;  // of the first listed member
  return {
      {"npz-cut-by-1", without_last(good, 1), {"the end of a zip archive"}},
      {"npz-half", first(good, good.size() / 2), {"the end of a zip archive", "cut short"}},
      {"npz-magic-only", first(good, 4), {"the end of a zip archive"}},
      {"npz-long-by-1", join({good, {0}}), {"the end of a zip archive"}},
      {"npz-other-disk", with_byte(good, end + 4, 1), {"an archive on one disk"}},
      {"npz-entries-more", with_byte(with_byte(good, end + 8, 3), end + 10, 3), {"directory"}},
      {"npz-entries-fewer", with_byte(with_byte(good, end + 8, 1), end + 10, 1), {"directory"}},
      {"npz-entries-differ", with_byte(good, end + 8, 1), {"one disk"}},
      {"npz-directory-size", with_byte(good, end + 12, 1), {"a directory that ends at byte"}},
      {"npz-directory-offset", with_byte(good, end + 19, 0x7f), {"a directory that ends at byte"}},
      {"npz-comment-length", with_byte(good, end + 20, 1), {"the end of a zip archive"}},
      {"npz-wrong-crc", with_byte(good, crc, good[crc] ^ 1), {"the checksum does not agree"}},
      {"npz-bomb", with_byte(good, crc + 11, 0xc0), {"at most 2147483648 bytes in all entries"}},
      {"npz-stored-sizes-differ", with_byte(good, crc + 8, 1), {"which cannot hold them"}},
      {"npz-prefix", join({bytes_of("PK\x03\x04"), good}), {"found"}},
      {"npz-comment-of-others", zip_file(small_members(), "made by me"), {"JSON"}},
      {"npz-comment-a-list", zip_file(small_members(), "[]"), {"a JSON object"}},
      {"npz-comment-nested", zip_file(small_members(), R"({"a":{}})"), {"nested at most 1 deep"}},
      {"npz-digest-wrong",
       zip_file(small_members(), R"({"program":"tensor_relu_parallel",)"
                                 R"("digest":"xxh128:00000000000000000000000000000000"})"),
       {"expected the digest"}},
      {"npz-same-twice",
       zip_file({small_members()[0], small_members()[0]}),
       {"each array once", "fc1.weight.npy"}},
      {"npz-no-array", zip_file({{"data.pkl", bytes_of("\x80\x02")}}), {"data.pkl", "PyTorch"}},
      {"npz-empty-name", zip_file({{".npy", small_members()[0].content}}), {"only arrays"}},
      {"npz-empty-array", bias_with({}), {"a NumPy array of version"}},
      {"npz-version-4",
       bias_with(npy_file(npy_header("(2,)"), Bytes(8), 4)),
       {"version 1.0 to 3.0"}},
      {"npz-header-beyond",
       bias_with(with_byte(npy_file("", Bytes(8)), 9, 1)),
       {"a header of at most"}},
      {"npz-doubles", bias_header(npy_header("(1,)", "<f8")), {"'<f4'", "<f8", "astype"}},
      {"npz-big-endian", bias_header(npy_header("(2,)", ">f4")), {">f4"}},
      {"npz-objects", bias_header(npy_header("(2,)", "|O")), {"|O"}},
      {"npz-fortran", bias_header(npy_header("(2,)", "<f4", "True")), {"Fortran", "ascontiguous"}},
      {"npz-no-line-feed",
       bias_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"),
       {"spaces and a line feed"}},
      {"npz-no-dictionary",
       bias_header("nothing\n"),
       {"expected the header {'descr': '<f4', ", "\"nothing\\n\""}},
      {"npz-shape-negative", bias_header(npy_header("(-2,)")), {"a size"}},
      {"npz-shape-overflow", bias_header(npy_header("(99999999999999999999,)")), {"a size"}},
      {"npz-shape-product",
       bias_header(npy_header("(4294967296, 4294967296)")),
       {"more than 2^64"}},
      {"npz-shape-too-large", bias_header(npy_header("(3,)")), {"expected 12 bytes", "found 8"}},
      {"npz-shape-open",
       bias_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2"),
       {"expected the header"}},
  };
}

/// All of them; names are unique and fit for files.
inline std::vector<BadModelFile> bad_model_files() {
  std::vector<BadModelFile> all = bad_safetensors_files();
  for (auto& file : bad_networks()) all.push_back(std::move(file));
  for (auto& file : bad_npz_files()) all.push_back(std::move(file));
  return all;
}

}  // namespace trp::test
