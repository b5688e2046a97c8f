#include "train/checkpoint.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <span>
#include <string>

#include "catch.h"
#include "data/check_contains.h"
#include "formats/array_file.h"
#include "formats/idx_builder.h"
#include "nn/mlp.h"
#include "system/input_file.h"
#include "system/outputs.h"
#include "train/model_arrays.h"
#include "trp/error.h"
#include "trp/model.h"

namespace trp {
namespace {

using namespace test;

/// With everything that a checkpoint may have.
Checkpoint sample_checkpoint(const std::vector<Index>& sizes = {6, 5, 3}) {
  Checkpoint checkpoint{.version = "1.2.3",
                        .simd = "AVX2",
                        .identity = {.recipe = {.hidden = {5}, .epochs = 5, .learning_rate = 0.1},
                                     .train_data = "xxh128:00112233445566778899aabbccddeeff",
                                     .test_data = "xxh128:ffeeddccbbaa99887766554433221100"},
                        .state = {.mlp = make_mlp(sizes, 1)}};
  TrainState& state = checkpoint.state;
  float first = -0.125F;
  for (const auto& [name, part] : kOptimizerStateParts) {
    state.optimizer.*part = make_gradient(state.mlp);
    for (auto& layer : (state.optimizer.*part).layers) layer.weight(0, 0) = first;
    first *= 2;
  }
  InputNormalization normalization{Tensor(1, sizes[0]), Tensor(1, sizes[0])};
  normalization.shift.view().matrix().setConstant(-0.5F);
  normalization.scale.view().matrix().setConstant(4);
  set_normalization(normalization, state.mlp);
  state.epochs = {{.epoch = 1,
                   .train_loss = 1.5,
                   .train_accuracy = 0.5,
                   .validation = Score{1.25, 0.75, 40},
                   .learning_rate = 0.1,
                   .seconds = 2,
                   .samples_per_second = 30},
                  {.epoch = 2,
                   .train_loss = 0.5,
                   .train_accuracy = 0.75,
                   .validation = std::nullopt,
                   .learning_rate = 0.05,
                   .seconds = 3,
                   .samples_per_second = 20}};
  state.progress = {.batch = 7, .loss_sum = 12.5, .correct_count = 11, .seconds = 0.5};
  state.best_epoch = 1;
  state.best_loss = 1.25;
  state.best = make_mlp(sizes, 2);
  return checkpoint;
}

std::string failure_of(const Bytes& bytes) {
  return message_of<Error>([&] { decode_checkpoint(bytes, "F"); });
}

ArrayFile sample_arrays() {
  return decode_array_file(encode_checkpoint(sample_checkpoint()), "F").content;
}

/// The message about a file of other arrays or metadata that has the right digest.
std::string failure_of_changed(const std::function<void(ArrayFile& file)>& change) {
  ArrayFile file = sample_arrays();
  change(file);
  return failure_of(encode_array_file(file, ArrayFormat::kSafetensors));
}

std::string& text_in(ArrayFile& file, std::string_view key) {
  return std::ranges::find(file.metadata, key, &Metadata::value_type::first)->second;
}

/// The message about a file in whose metadata a part of a text is another one.
std::string failure_of_text(std::string_view key, std::string_view part,
                            const std::string& replacement) {
  return failure_of_changed([&](ArrayFile& file) {
    std::string& text = text_in(file, key);
    const std::size_t place = text.find(part);
    REQUIRE(place != std::string::npos);
    text.replace(place, part.size(), replacement);
  });
}

TEST_CASE("a checkpoint comes back with the same bits") {
  for (const std::vector<Index>& sizes :
       std::vector<std::vector<Index>>{{6, 5, 3}, {1, 1}, {784, 33, 17, 10}}) {
    const Checkpoint sample = sample_checkpoint(sizes);
    const Bytes bytes = encode_checkpoint(sample);
    const Checkpoint found = decode_checkpoint(bytes, "F");
    CHECK(found.version == sample.version);
    CHECK(found.simd == sample.simd);
    CHECK(found.identity.recipe == sample.identity.recipe);
    CHECK(found.identity.train_data == sample.identity.train_data);
    CHECK(found.identity.test_data == sample.identity.test_data);
    CHECK(weights_digest(found.state.mlp) == weights_digest(sample.state.mlp));
    CHECK(weights_digest(found.state.best) == weights_digest(sample.state.best));
    CHECK(found.state.optimizer.velocity.layers[0].weight(0, 0) == -0.125F);
    CHECK(found.state.optimizer.squares.layers[0].weight(0, 0) == -0.25F);
    CHECK(found.state.optimizer.average.layers[0].weight(0, 0) == -0.5F);
    CHECK(found.state.mlp.normalization.shift(0, sizes[0] - 1) == -0.5F);
    CHECK(found.state.mlp.normalization.scale(0, sizes[0] - 1) == 4);
    CHECK(found.state.epochs.size() == 2);
    CHECK(found.state.epochs[0].epoch == 1);
    CHECK(found.state.epochs[0].validation->loss == 1.25);
    CHECK(found.state.epochs[0].validation->sample_count == 40);
    CHECK_FALSE(found.state.epochs[1].validation.has_value());
    CHECK(found.state.epochs[1].samples_per_second == 20);
    CHECK(found.state.progress.batch == 7);
    CHECK(found.state.progress.loss_sum == 12.5);
    CHECK(found.state.progress.correct_count == 11);
    CHECK(found.state.progress.seconds == 0.5);
    CHECK(found.state.best_epoch == 1);
    CHECK(found.state.best_loss == 1.25);
    for (const Mlp* mlp : {&found.state.mlp, &found.state.best})
      for (std::size_t l = 1; l < mlp->layers.size(); ++l)
        CHECK(mlp->layers[l].weight_transposed.view().matrix() ==
              mlp->layers[l].weight.view().matrix().transpose());
    CHECK(encode_checkpoint(found) == bytes);
  }
}

TEST_CASE("a checkpoint without momentum, early stopping and epochs has nothing of them") {
  Checkpoint sample = sample_checkpoint();
  sample.state = {.mlp = make_mlp(std::vector<Index>{6, 5, 3}, 1)};
  const Bytes bytes = encode_checkpoint(sample);
  const TrainState state = decode_checkpoint(bytes, "F").state;
  CHECK(state.optimizer.velocity.layers.empty());
  CHECK(state.mlp.normalization.shift.cols() == 0);
  CHECK(state.best.layers.empty());
  CHECK(state.best_epoch == 0);
  CHECK(state.best_loss == 0);
  CHECK(encode_checkpoint(decode_checkpoint(bytes, "F")) == bytes);
}

TEST_CASE("every double of a checkpoint comes back with its bits") {
  Checkpoint sample = sample_checkpoint();
  for (const double value : {0.1, 1.0 / 3, 1e300, 5e-324, -0.0, 2.0, 1e22, 123456789.123456789,
                             std::numeric_limits<double>::max()}) {
    sample.state.epochs[0].train_loss = value;
    sample.state.progress.loss_sum = value;
    sample.state.best_loss = value;
    sample.identity.recipe.learning_rate = value;
    const Checkpoint found = decode_checkpoint(encode_checkpoint(sample), "F");
    for (const double back : {found.state.epochs[0].train_loss, found.state.progress.loss_sum,
                              found.state.best_loss, found.identity.recipe.learning_rate})
      CHECK(std::bit_cast<std::uint64_t>(back) == std::bit_cast<std::uint64_t>(value));
  }
}

TEST_CASE("a checkpoint is a safetensors file with the arrays of a model among its own") {
  const Bytes bytes = encode_checkpoint(sample_checkpoint());
  CHECK(starts_checkpoint(std::span(bytes).first(kStartBytes)));
  CHECK(starts_array_file(bytes));
  const DecodedArrayFile file = decode_array_file(bytes, "F");
  CHECK(file.format == ArrayFormat::kSafetensors);
  CHECK(file.verified);
  std::string names;
  for (const NamedArray& array : file.content.arrays) names += array.name + " ";
  CHECK(names ==
        "fc1.weight fc1.bias fc2.weight fc2.bias velocity.fc1.weight velocity.fc1.bias "
        "velocity.fc2.weight velocity.fc2.bias squares.fc1.weight squares.fc1.bias "
        "squares.fc2.weight squares.fc2.bias average.fc1.weight average.fc1.bias "
        "average.fc2.weight average.fc2.bias input.shift input.scale best.fc1.weight best.fc1.bias "
        "best.fc2.weight "
        "best.fc2.bias ");
  const std::span<const NamedArray> arrays = file.content.arrays;
  CHECK(weights_digest(to_mlp({arrays.begin(), arrays.begin() + 4}, "F")) ==
        weights_digest(sample_checkpoint().state.mlp));
  std::string keys;
  for (const auto& [key, text] : file.content.metadata) keys += key + " ";
  CHECK(keys == "kind version instructions recipe train_data test_data state ");
  CHECK(*find_metadata(file.content.metadata, "recipe") ==
        to_json(sample_checkpoint().identity.recipe).dump());
  const TempFolder folder;
  CHECK_CONTAINS(message_of<Error>([&] { load_model(folder.write("c", bytes)); }),
                 "c: expected a model, found a checkpoint; hint: tensor_relu_parallel export");
}

TEST_CASE("no wrong bit and no truncation of a checkpoint goes unnoticed") {
  Bytes bytes = encode_checkpoint(sample_checkpoint());
  CHECK(bytes.size() > 900);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Bytes prefix(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    if (failure_of(prefix).empty()) FAIL("accepted the first " << size << " bytes");
  }
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    if (failure_of(bytes).empty()) FAIL("accepted with bit " << bit << " flipped");
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
  }
  bytes.push_back(0);
  CHECK_CONTAINS(failure_of(bytes), "bytes of data, as the header says");
}

TEST_CASE("messages about bad checkpoints say what is wrong") {
  const Bytes good = encode_checkpoint(sample_checkpoint());
  CHECK_CONTAINS(failure_of({}), "F: expected a checkpoint, found another file");
  CHECK_CONTAINS(failure_of(bytes_of("{\"__metadata__\"")), "what it saved as its checkpoint");
  CHECK_CONTAINS(failure_of(Bytes(good.begin(), good.begin() + 200)), "found a length of");
  const auto model =
      encode_array_file({to_arrays(sample_checkpoint().state.mlp), {}}, ArrayFormat::kSafetensors);
  CHECK_CONTAINS(failure_of(model), "F: expected a checkpoint, found a model");
  CHECK_CONTAINS(
      failure_of(bytes_of("trp-ckpt\x01")),
      "a checkpoint of an older version, whose format is no longer read: finish the run");
  Bytes flipped = good;
  flipped.back() ^= 1;
  CHECK_CONTAINS(failure_of(flipped), "expected the digest \"xxh128:");
}

TEST_CASE("a checkpoint that is made up is checked, part by part") {
  for (const std::string key :
       {"version", "instructions", "recipe", "train_data", "test_data", "state"})
    CHECK_CONTAINS(failure_of_changed([&](ArrayFile& file) {
                     std::erase_if(file.metadata,
                                   [&](const auto& entry) { return entry.first == key; });
                   }),
                   "F: expected \"" + key + "\" in the metadata, found none");
  CHECK_CONTAINS(failure_of_text("recipe", "\"linear\"", "\"line\""), "recipe: lr_schedule: exp");
  CHECK_CONTAINS(failure_of_text("recipe", "}", ""), "F: recipe: expected JSON");
  CHECK_CONTAINS(failure_of_text("recipe", "[5]", "[[5]]"), "nested at most 2 deep");
  std::string members;
  for (int i = 0; i <= 10'000; ++i) members += "\"" + std::to_string(i) + "\":0,";
  CHECK_CONTAINS(failure_of_text("recipe", "{", "{" + members), "objects of at most 10000 members");
  CHECK_CONTAINS(failure_of_text("state", "\"epochs\"", "\"epoch\""), "state: epochs: expected a");
  CHECK_CONTAINS(failure_of_text("state", "\"best_epoch\":1", "\"best_epoch\":3"),
                 "best_epoch: expected one of 2, found 3");
  CHECK_CONTAINS(failure_of_text("state", "\"epoch\":2", "\"epoch\":3"),
                 "epochs: expected 2, found 3");
  for (const std::string name : {"train_loss", "train_accuracy", "lr", "seconds",
                                 "samples_per_second", "loss", "accuracy", "loss_sum", "best_loss"})
    for (const std::string value : {"null", "\"1\"", "true"})
      CHECK_CONTAINS(
          failure_of_text("state", "\"" + name + "\":", "\"" + name + "\":" + value + ",\"x\":"),
          name + ": expected a number, found " + value);
  CHECK_CONTAINS(failure_of_text("state", "1.5", "1e999"), "state: expected JSON with numbers");
  for (const std::string name : {"samples", "steps", "correct", "best_epoch"})
    for (const std::string value : {"-1", "18446744073709551615", "0.5"})
      CHECK_CONTAINS(
          failure_of_text("state", "\"" + name + "\":", "\"" + name + "\":" + value + ",\"x\":"),
          name + ": expected a whole number");
  CHECK_CONTAINS(failure_of_text("state", "\"correct\":11", "\"correct\":9223372036854775807"),
                 "correct: expected at most 4611686018427387904");
  CHECK_CONTAINS(failure_of_text("state", "\"best_epoch\":1", "\"best_epoch\":0"),
                 "the best weights if there is a best epoch, found them without one");
}

TEST_CASE("the arrays of a checkpoint that is made up are checked") {
  const auto without = [](const std::string& prefix) {
    return failure_of_changed([&](ArrayFile& file) {
      std::erase_if(file.arrays,
                    [&](const NamedArray& array) { return array.name.starts_with(prefix); });
    });
  };
  CHECK_CONTAINS(without("fc"), "F: expected an array fc1.weight, found none");
  CHECK_CONTAINS(without("velocity.fc1.bias"), "F: velocity: expected an array fc1.bias");
  CHECK_CONTAINS(without("velocity.fc2"), "F: velocity: expected arrays of the shapes of the");
  CHECK_CONTAINS(without("best."), "the best weights if there is a best epoch, found none");
  CHECK_CONTAINS(without("input.shift"), "F: expected shifts of inputs, found scales alone");
  CHECK_CONTAINS(failure_of_changed([](ArrayFile& file) {
                   file.arrays.push_back({"input.other", {6}, std::vector<float>(6)});
                 }),
                 "F: expected 6 shifts and scales of inputs, found other");
  CHECK_CONTAINS(failure_of_changed([](ArrayFile& file) { file.arrays[1].name = "other"; }),
                 "F: expected an array fc1.bias, found none");
  CHECK_CONTAINS(failure_of_changed([](ArrayFile& file) {
                   file.arrays.push_back({"more", {1}, {0}});
                 }),
                 "expected 2 layers and nothing else, found an array \"more\"");
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t i = 0; i < sample_arrays().arrays.size(); ++i)
    CHECK_CONTAINS(
        failure_of_changed([&](ArrayFile& file) { file.arrays[i].values.back() = kNan; }),
        "expected finite numbers, found nan");
}

TEST_CASE("the checkpoint before a damaged one is named, if it is whole") {
  const TempFolder folder;
  const std::string file = folder.path("c");
  Checkpoint checkpoint = sample_checkpoint();
  OutputFile(file).replace(encode_checkpoint(checkpoint), OldFile::kKeepAsPrevious);
  CHECK(previous_file(file) == file + ".previous");
  CHECK_FALSE(std::filesystem::exists(previous_file(file)));
  checkpoint.state.progress.batch = 8;
  OutputFile(file).replace(encode_checkpoint(checkpoint), OldFile::kKeepAsPrevious);
  CHECK(load_checkpoint(file).state.progress.batch == 8);
  CHECK(load_checkpoint(previous_file(file)).state.progress.batch == 7);

  const auto failure = [&] { return message_of<Error>([&] { load_checkpoint(file); }); };
  const std::string hint = "the checkpoint before it, " + file +
                           ".previous, is whole, with 2 epochs and 7 steps of the next";
  std::filesystem::resize_file(file, 500);
  CHECK_CONTAINS(failure(), hint);
  std::filesystem::resize_file(file, 0);
  CHECK_CONTAINS(failure(), hint);
  std::filesystem::remove(file);
  CHECK_CONTAINS(failure(), hint);
  CHECK_CONTAINS(failure(), "no such file");
  std::filesystem::resize_file(previous_file(file), 500);
  CHECK(failure().find("previous") == std::string::npos);
}

/// "lr: 0.2, 0.1; " for each difference.
std::string differences_text(const TrainIdentity& here, const TrainIdentity& there) {
  std::string text;
  for (const auto& [field, ours, theirs] : differences(here, there))
    text += field + ": " + ours.dump() + ", " + theirs.dump() + "; ";
  return text;
}

TEST_CASE("every difference of two trainings is found") {
  const TrainIdentity there = sample_checkpoint().identity;
  CHECK(differences_text(there, there).empty());
  TrainIdentity here = there;
  here.recipe.learning_rate = 0.2;
  CHECK(differences_text(here, there) == "lr: 0.2, 0.1; ");
  here.recipe.epochs = 6;
  here.recipe.shuffle = false;
  CHECK(differences_text(here, there) == "shuffle: false, true; epochs: 6, 5; lr: 0.2, 0.1; ");
  here = there;
  here.train_data = "xxh128:1";
  here.test_data = "xxh128:2";
  CHECK(differences_text(here, there) == "train_data: \"xxh128:1\", \"" + there.train_data +
                                             "\"; test_data: \"xxh128:2\", \"" + there.test_data +
                                             "\"; ");
}

TEST_CASE("only with a constant learning rate may the number of epochs be another one") {
  for (const auto kind : {LearningRateScheduleKind::kConstant, LearningRateScheduleKind::kLinear,
                          LearningRateScheduleKind::kCosine, LearningRateScheduleKind::kStep}) {
    const TrainIdentity there{{.epochs = 5, .learning_rate_schedule = kind}, "a", "b"};
    const TrainIdentity here{{.epochs = 9, .learning_rate_schedule = kind}, "a", "b"};
    CHECK(differences(here, there).empty() == (kind == LearningRateScheduleKind::kConstant));
  }
}

}  // namespace
}  // namespace trp
