#include "train/checkpoint.h"

#include <bit>
#include <cstring>
#include <functional>
#include <limits>

#include "catch.h"
#include "data/check_contains.h"
#include "formats/idx_builder.h"
#include "nn/mlp.h"
#include "system/atomic_file.h"
#include "trp/error.h"

namespace trp {
namespace {

using namespace test;

constexpr std::size_t kBodyAt = 20;
constexpr std::size_t kDigestBytes = 39;

/// With everything that a checkpoint may have.
Checkpoint sample_checkpoint(const std::vector<Index>& sizes = {6, 5, 3}) {
  Checkpoint checkpoint{
      .version = "1.2.3",
      .simd = "AVX2",
      .identity = {.options = "--epochs 5 --lr 0.1 --lr-schedule linear --momentum 0.9",
                   .train_data = "xxh128:00112233445566778899aabbccddeeff",
                   .test_data = "xxh128:ffeeddccbbaa99887766554433221100"},
      .state = {.mlp = make_mlp(sizes, 1)}};
  TrainState& state = checkpoint.state;
  state.velocity = make_gradient(state.mlp);
  for (auto& layer : state.velocity.layers) layer.weight(0, 0) = -0.125F;
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

/// The message about a file that somebody has changed and given the right digest again.
std::string failure_of_changed(const std::function<void(Bytes& bytes)>& change) {
  Bytes bytes = encode_checkpoint(sample_checkpoint());
  change(bytes);
  seal_checkpoint(bytes);
  return failure_of(bytes);
}

/// Where the body goes on after its five texts.
std::size_t state_place() {
  const Checkpoint sample = sample_checkpoint();
  std::size_t place = kBodyAt;
  for (const std::string& text : {sample.version, sample.simd, sample.identity.options,
                                  sample.identity.train_data, sample.identity.test_data})
    place += 4 + text.size();
  return place;
}

template <class Number>
void put(Bytes& bytes, std::size_t place, Number number) {
  std::memcpy(&bytes.at(place), &number, sizeof number);
}

TEST_CASE("a checkpoint comes back with the same bits") {
  for (const std::vector<Index>& sizes :
       std::vector<std::vector<Index>>{{6, 5, 3}, {1, 1}, {784, 33, 17, 10}}) {
    const Checkpoint sample = sample_checkpoint(sizes);
    const Bytes bytes = encode_checkpoint(sample);
    const Checkpoint found = decode_checkpoint(bytes, "F");
    CHECK(found.version == sample.version);
    CHECK(found.simd == sample.simd);
    CHECK(found.identity.options == sample.identity.options);
    CHECK(found.identity.train_data == sample.identity.train_data);
    CHECK(found.identity.test_data == sample.identity.test_data);
    CHECK(weights_digest(found.state.mlp) == weights_digest(sample.state.mlp));
    CHECK(weights_digest(found.state.best) == weights_digest(sample.state.best));
    CHECK(found.state.velocity.layers[0].weight(0, 0) == -0.125F);
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
  CHECK(state.velocity.layers.empty());
  CHECK(state.best.layers.empty());
  CHECK(state.best_epoch == 0);
  CHECK(state.best_loss == std::numeric_limits<double>::infinity());
  CHECK(encode_checkpoint(decode_checkpoint(bytes, "F")) == bytes);
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
  CHECK_CONTAINS(failure_of(bytes), "between header and digest");
}

TEST_CASE("messages about bad checkpoints say what is wrong") {
  const Bytes good = encode_checkpoint(sample_checkpoint());
  CHECK_CONTAINS(failure_of({}), "F: expected a checkpoint");
  CHECK_CONTAINS(failure_of(bytes_of("{\"__metadata__\"")), "what --checkpoint has written");
  CHECK_CONTAINS(failure_of(Bytes(good.begin(), good.begin() + 30)), "expected at least 59 bytes");
  CHECK_CONTAINS(failure_of_changed([](Bytes& b) { put(b, 8, std::uint32_t{2}); }),
                 "expected version 1 of the format at byte 8, found 2");
  Bytes flipped = good;
  flipped[200] ^= 1;
  CHECK_CONTAINS(failure_of(flipped), "expected the digest \"xxh128:");
}

TEST_CASE("a checkpoint that is made up is checked, size by size, before memory is taken") {
  // Behind its texts: count of sizes, 3 sizes, count of epochs, 2 epochs, progress, best, velocity.
  const std::size_t at = state_place();
  const std::size_t progress = at + 4 + 12 + 4 + 2 * 64;
  const std::size_t best = progress + 32;
  const std::size_t flag = best + 12;
  const auto changed = [](std::size_t place, auto number) {
    return failure_of_changed([&](Bytes& bytes) { put(bytes, place, number); });
  };
  constexpr std::uint32_t kMost = ~std::uint32_t{0};
  CHECK_CONTAINS(changed(kBodyAt - 8, std::uint64_t{0}), "expected 0 bytes between header and");
  CHECK_CONTAINS(changed(kBodyAt, kMost), "version: expected 4294967295 bytes");
  CHECK_CONTAINS(changed(kBodyAt + 4, '\n'), "version: expected ASCII text, found \"\\n.2.3\"");
  for (const std::uint32_t count : {0U, 1U, 1U << 20, kMost})
    CHECK_CONTAINS(changed(at, count), "layers: expected 2 sizes at least");
  CHECK_CONTAINS(changed(at + 4, std::uint32_t{0}), "layers: expected sizes from 1 on");
  for (const std::uint32_t size : {1000U, 1U << 31, kMost}) {
    CHECK_CONTAINS(changed(at + 4, size), "layers: expected the bytes of all weights");
    CHECK_CONTAINS(changed(at + 8, size), "layers: expected the bytes of all weights");
  }
  CHECK_CONTAINS(failure_of_changed([&](Bytes& bytes) {
                   for (const std::size_t size : {4U, 8U, 12U}) put(bytes, at + size, kMost);
                 }),
                 "layers: expected the bytes of all weights");
  for (const std::uint32_t size : {5U, 7U})
    CHECK_CONTAINS(changed(at + 4, size), "weights: expected 3 times");
  CHECK_CONTAINS(changed(at + 16, kMost), "finished epochs: expected all of them");
  for (std::size_t value = 0; value < 8; ++value) {
    if (value == 5) continue;  // a count
    CHECK_CONTAINS(changed(at + 20 + 8 * value, std::numeric_limits<double>::quiet_NaN()),
                   "expected a finite number");
  }
  CHECK_CONTAINS(changed(at + 20 + 40, ~std::uint64_t{0}), "validation samples");
  CHECK_CONTAINS(changed(progress, ~std::uint64_t{0}), "steps of the epoch");
  CHECK_CONTAINS(changed(progress + 8, std::numeric_limits<double>::infinity()), "sum of losses");
  CHECK_CONTAINS(changed(progress + 16, ~std::uint64_t{0}), "correct samples");
  CHECK_CONTAINS(changed(progress + 24, std::numeric_limits<double>::infinity()), "seconds");
  CHECK_CONTAINS(changed(best, std::uint32_t{3}), "the best epoch: expected a finished one");
  CHECK_CONTAINS(changed(best, std::uint32_t{0}), "weights: expected 2 times");
  CHECK_CONTAINS(changed(best + 4, std::numeric_limits<double>::infinity()), "the best loss");
  CHECK_CONTAINS(changed(flag, std::uint8_t{2}), "velocities: expected 0 or 1, found 2");
  CHECK_CONTAINS(changed(flag, std::uint8_t{0}), "weights: expected 2 times");
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const std::size_t floats = (6 + 1) * 5 + (5 + 1) * 3;
  for (const auto& [copy, what] : std::vector<std::pair<std::size_t, std::string>>{
           {0, "weights"}, {1, "velocities"}, {2, "the best weights"}})
    for (const std::size_t index : {std::size_t{0}, std::size_t{30}, floats - 1})
      CHECK_CONTAINS(changed(flag + 1 + 4 * (copy * floats + index), kNan),
                     what + ": expected finite numbers, found nan");
}

TEST_CASE("the checkpoint before a damaged one is named, if it is whole") {
  const TempFolder folder;
  const std::string file = folder.path("c");
  Checkpoint checkpoint = sample_checkpoint();
  save_checkpoint(file, checkpoint);
  CHECK(previous_file(file) == file + ".previous");
  CHECK_FALSE(std::filesystem::exists(previous_file(file)));
  checkpoint.state.progress.batch = 8;
  save_checkpoint(file, checkpoint);
  CHECK(load_checkpoint(file).state.progress.batch == 8);
  CHECK(load_checkpoint(previous_file(file)).state.progress.batch == 7);

  const auto failure = [&] { return message_of<Error>([&] { load_checkpoint(file); }); };
  const std::string hint = "the checkpoint before it, " + file +
                           ".previous, is whole, with 2 epochs and 7 steps of the next: --resume " +
                           file + ".previous";
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

TEST_CASE("a training may only be resumed by the same one, and every difference is named") {
  const TrainIdentity there = sample_checkpoint().identity;
  const auto failure = [&](const TrainIdentity& now) {
    return message_of<Error>([&] { check_same_training(there, now, "F"); });
  };
  const auto with_options = [&](const std::string& options) {
    TrainIdentity now = there;
    now.options = options;
    return failure(now);
  };
  CHECK(failure(there).empty());
  CHECK_CONTAINS(
      with_options("--epochs 5 --lr 0.2 --lr-schedule linear --momentum 0.9"),
      "F: is of another training: --lr is 0.2, there 0.1; hint: its options are " + there.options);
  CHECK_CONTAINS(with_options("--epochs 6 --lr 0.2 --lr-schedule linear --momentum 0.9"),
                 "--epochs is 6, there 5; --lr is 0.2, there 0.1;");
  CHECK_CONTAINS(with_options(there.options + " --no-shuffle"),
                 "--no-shuffle is given, there it is not");
  CHECK_CONTAINS(with_options("--epochs 5 --lr 0.1 --lr-schedule linear"),
                 "--momentum is not given, there it is");
  TrainIdentity now = there;
  now.train_data = "xxh128:1";
  now.test_data = "xxh128:2";
  CHECK_CONTAINS(failure(now), "the training data are xxh128:1, there xxh128:0011");
  CHECK_CONTAINS(failure(now), "the test data are xxh128:2, there xxh128:ffee");
}

TEST_CASE("only with a constant learning rate may the number of epochs be another one") {
  for (const std::string schedule : {"constant", "linear", "cosine", "step"}) {
    const TrainIdentity there{"--epochs 5 --lr-schedule " + schedule, "a", "b"};
    const TrainIdentity now{"--epochs 9 --lr-schedule " + schedule, "a", "b"};
    const std::string found = message_of<Error>([&] { check_same_training(there, now, "F"); });
    CHECK(found.empty() == (schedule == "constant"));
  }
}

}  // namespace
}  // namespace trp
