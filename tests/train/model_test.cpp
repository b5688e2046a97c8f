#include "trp/model.h"

#include <filesystem>
#include <limits>
#include <set>

#include "catch.h"
#include "data/bad_model_files.h"
#include "data/check_contains.h"
#include "formats/array_file.h"
#include "train/model_arrays.h"
#include "trp/error.h"

namespace trp {
namespace {

using namespace test;

constexpr std::array<std::string_view, 2> kEndings = {".safetensors", ".npz"};

Bytes read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Mlp small_mlp(const std::vector<Index>& sizes = {4, 3, 2}) {
  Mlp mlp = make_mlp(sizes, 7);
  for (Layer& layer : mlp.layers)
    for (Index o = 0; o < layer.bias.cols(); ++o) layer.bias(0, o) = static_cast<float>(o) / 3;
  return mlp;
}

TEST_CASE("a model comes back with the same bits, in either format") {
  const TempFolder folder;
  for (const std::string_view ending : kEndings) {
    for (const std::vector<Index>& sizes :
         std::vector<std::vector<Index>>{{4, 3, 2}, {784, 10}, {1, 1}, {5, 17, 33, 256}}) {
      const Mlp mlp = small_mlp(sizes);
      const std::string path = folder.path("model") + std::string(ending);
      save_model(path, mlp, {{"layers", "some"}});
      const Model model = load_model(path);
      CHECK(layer_sizes(model.mlp) == sizes);
      CHECK(weights_digest(model.mlp) == weights_digest(mlp));
      CHECK(model.metadata == Metadata{{"layers", "some"}});
      CHECK(model.verified);
      CHECK(model.format == ending.substr(1));
      const Bytes bytes = read_bytes(path);
      save_model(path, model.mlp, model.metadata);
      CHECK(read_bytes(path) == bytes);
    }
  }
}

TEST_CASE("the ending of a name says what is written") {
  for (const std::string_view name : {"a/b.safetensors", "x.npz", "x.onnx"}) check_model_name(name);
  for (const std::string name : {"model", "model.pt", "onnx", "npz", "x.npz.gz", "x.NPZ", ""})
    CHECK_CONTAINS(
        message_of<UsageError>([&] { check_model_name(name); }),
        "expected a file name that ends in .safetensors, .npz or .onnx, found \"" + name);
}

TEST_CASE("an ONNX model has the same bytes every time, and is told when it is to be read") {
  const TempFolder folder;
  const std::string path = folder.path("model.onnx");
  save_model(path, small_mlp(), {{"layers", "4,3,2"}});
  const Bytes bytes = read_bytes(path);
  save_model(path, small_mlp(), {{"layers", "4,3,2"}});
  CHECK(read_bytes(path) == bytes);
  CHECK_CONTAINS(message_of<Error>([&] { load_model(path); }),
                 path +
                     ": expected a model, a .safetensors or .npz file; found neither at byte 0; "
                     "hint: this is an ONNX model, a format that is written but not read");
}

TEST_CASE("a loaded model has its transposed weights") {
  const TempFolder folder;
  save_model(folder.path("model.npz"), small_mlp(), {});
  const Mlp mlp = load_model(folder.path("model.npz")).mlp;
  CHECK(mlp.layers[0].weight_transposed.rows() == 0);
  for (Index o = 0; o < 2; ++o)
    for (Index i = 0; i < 3; ++i)
      CHECK(mlp.layers[1].weight_transposed(o, i) == small_mlp().layers[1].weight(i, o));
}

TEST_CASE("weights lie in the file with a row for each output") {
  const auto arrays = to_arrays(small_mlp());
  REQUIRE(arrays.size() == 4);
  CHECK(arrays[0].name == "fc1.weight");
  CHECK(arrays[0].shape == std::vector<Index>{3, 4});
  CHECK(arrays[0].values[1] == small_mlp().layers[0].weight(1, 0));
  CHECK(arrays[3].name == "fc2.bias");
  CHECK(arrays[3].shape == std::vector<Index>{2});
}

TEST_CASE("models of other programs load whatever the order of their arrays") {
  const TempFolder folder;
  auto arrays = to_arrays(small_mlp());
  std::swap(arrays[0], arrays[3]);
  std::swap(arrays[1], arrays[2]);
  CHECK(weights_digest(to_mlp(arrays, "file")) == weights_digest(small_mlp()));
  const Model model = load_model(folder.write("x", zip_file(small_members())));
  CHECK(!model.verified);
  CHECK(layer_sizes(model.mlp) == std::vector<Index>{3, 2});
  CHECK(model.mlp.layers[0].weight(2, 0) == 3);
  CHECK(model.mlp.layers[0].weight(0, 1) == 4);
}

TEST_CASE("parameters that are not finite are not saved") {
  const TempFolder folder;
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    Mlp mlp = small_mlp();
    mlp.layers[1].weight(2, 1) = bad;
    CHECK_CONTAINS(message_of<Error>([&] { save_model(folder.path("x.npz"), mlp, {}); }),
                   "fc2.weight: expected finite numbers");
    CHECK(!std::filesystem::exists(folder.path("x.npz")));
  }
}

TEST_CASE("every bad model file is refused with a message that names it") {
  const TempFolder folder;
  std::set<std::string> names;
  const auto files = bad_model_files();
  CHECK(files.size() >= 60);
  for (const BadModelFile& file : files) {
    INFO(file.name);
    CHECK(names.insert(file.name).second);
    const std::string path = folder.write(file.name, file.bytes);
    const std::string message = message_of<Error>([&] { load_model(path); });
    CHECK_CONTAINS(message, path);
    CHECK(message.size() < 600);
    for (const std::string& words : file.expected) CHECK_CONTAINS(message, words);
  }
}

TEST_CASE("every flipped bit and every truncation of a model file is noticed") {
  const TempFolder folder;
  for (const std::string_view ending : kEndings) {
    const std::string path = folder.path("model") + std::string(ending);
    save_model(path, small_mlp(), {{"layers", "4,3,2"}, {"seed", "7"}});
    const Bytes good = read_bytes(path);
    const auto message = [&](const Bytes& bytes) {
      return message_of<Error>([&] { to_mlp(decode_array_file(bytes, "m").content.arrays, "m"); });
    };
    CHECK(message(good).empty());
    CHECK(good.size() < 2048);
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
      const std::string said = message(
          with_byte(good, bit / 8, good[bit / 8] ^ static_cast<std::uint8_t>(1 << bit % 8)));
      CAPTURE(ending, bit, said);
      REQUIRE(said.starts_with("m: "));
    }
    for (std::size_t size = 0; size < good.size(); ++size) {
      CAPTURE(ending, size);
      REQUIRE(message(first(good, size)).starts_with("m: "));
    }
  }
}

}  // namespace
}  // namespace trp
