#include "train/selftest.h"

#include <stdlib.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <latch>
#include <limits>
#include <map>
#include <system_error>
#include <utility>

#include <fmt/ranges.h>

#include "core/fail.h"
#include "data/synthetic.h"
#include "formats/array_file.h"
#include "nn/kernels.h"
#include "nn/reference.h"
#include "profile/clock.h"
#include "strategy/named_plans.h"
#include "system/outputs.h"
#include "train/checkpoint.h"
#include "train/model_arrays.h"
#include "trp/error.h"
#include "trp/model.h"
#include "trp/train.h"

namespace trp {
namespace {

constexpr double kReferenceTolerance = 1e-6;
constexpr double kFloatTolerance = 1e-4;
constexpr int kGradientExamples = 12;
constexpr Index kFeatures = 60;
constexpr int kClasses = 5;
constexpr double kLearned = 0.97;  // of the test samples; 0.2 would be chance

const std::atomic<bool> kNeverStop{false};

CheckResult check_products() {
  double worst = 0;
  std::vector<std::string> targets;
  for_each_simd_target([&] {
    targets.emplace_back(simd_target_name());
    RandomStream random(1, RandomPurpose::kWeights);
    for (const auto& [rows, depth, cols] : std::array<std::array<Index, 3>, 4>{
             {{64, 784, 128}, {64, 64, 10}, {13, 257, 33}, {1, 1, 1}}}) {
      const ProductErrors errors = product_errors(rows, depth, cols, random);
      worst = std::max(worst, errors.largest() / errors.tolerance);
    }
  });
  return {worst < 1, fmt::format("Eigen's in double precision, {}: {:.2f} of the rounding allowed",
                                 fmt::join(targets, ", "), worst)};
}

CheckResult check_gradients() {
  GradientErrors worst;
  for (std::uint64_t seed = 1; seed <= kGradientExamples; ++seed) {
    const GradientErrors errors = gradient_errors(seed);
    // A comparison with NaN is false, so that it stays.
    if (!(errors.reference <= worst.reference)) worst.reference = errors.reference;
    if (!(errors.program <= worst.program)) worst.program = errors.program;
  }
  return {worst.reference < kReferenceTolerance && worst.program < kFloatTolerance,
          fmt::format("{} networks: relative error {:.1e} of doubles against central differences, "
                      "{:.1e} of floats against doubles",
                      kGradientExamples, worst.reference, worst.program)};
}

bool keeps_denormals() {
  // Volatile, so that the processor computes it here and now.
  volatile float number = std::numeric_limits<float>::min();
  volatile float half = number / 2;
  return half > 0 && half * 2 == number;
}

CheckResult check_denormals() {
  std::atomic<bool> kept{true};
  ThreadPool pool(2, 2);
  std::latch all_at_once(pool.worker_count());  // so that each has a thread of its own
  pool.run_together(pool.worker_count(), [&](int, int) {
    all_at_once.arrive_and_wait();
    if (!keeps_denormals()) kept = false;
  });
  return {kept,
          kept ? "kept in every thread" : "flushed to zero, by a library that was linked in?"};
}

Recipe small_recipe(int epochs) {
  return {.hidden = {50, 20}, .class_count = kClasses, .epochs = epochs, .batch_size = 32};
}

/// Trains on small images.
TrainResult train_small(const Recipe& recipe, const Plan& plan, int workers, Index train_samples) {
  DataSets data = synthetic_data(train_samples, 200, kFeatures, kClasses);
  ThreadPool pool(workers, workers);
  return train(recipe, plan, data, pool, {}, kNeverStop);
}

CheckResult check_same_bits() {
  std::map<bool, std::string> expected;  // by whether the instruction set rounds once
  std::vector<std::string> others;
  int runs = 0;
  for_each_simd_target([&] {
    for (const int workers : {1, 2, 3, 8}) {
      for (const NamedPlan& named : kSameBitPlans) {
        const std::string weights = train_small(small_recipe(1), named.plan, workers, 75).weights;
        const auto [first, is_first] = expected.try_emplace(simd_target_is_fused(), weights);
        if (first->second != weights) {
          others.push_back(
              fmt::format("{}, {} workers, {}", named.name, workers, simd_target_name()));
        }
        ++runs;
      }
    }
  });
  if (others.empty()) {
    return {true, fmt::format("{} trainings by {} plans, 1, 2, 3 and 8 workers", runs,
                              kSameBitPlans.size())};
  }
  return {false, fmt::format("{} of {} trainings ended with other weights than the first: {}",
                             others.size(), runs, others.front())};
}

/// Recipes and the weights that they train on every processor with fused multiply-add.
std::array<std::pair<Recipe, std::string_view>, 3> golden_trainings() {
  Recipe cosine = small_recipe(3), stops_early = small_recipe(20), deep = small_recipe(4);
  cosine.learning_rate_schedule = LearningRateScheduleKind::kCosine;
  cosine.weight_decay = 0.001;
  stops_early.learning_rate = 0.3;
  stops_early.augment.noise = true;
  stops_early.validation_share = 0.33;
  stops_early.early_stopping = 1;
  deep.hidden = {8, 8, 8, 8, 8, 8};
  deep.warmup_epochs = 1;
  deep.clip_norm = 0.5;
  return {{{cosine, "xxh128:b1312b717e88914120a4ae15a42cb5c0"},
           {stops_early, "xxh128:de3fba20ca9cdf9378ec56a6a1d279e2"},
           {deep, "xxh128:d4632a72f63fe77cf6c7c32244965fdb"}}};
}

CheckResult check_golden() {
  int trainings = 0;
  std::string other;
  for_each_simd_target([&] {
    if (!simd_target_is_fused()) return;
    for (const auto& [recipe, weights] : golden_trainings()) {
      const std::string found =
          train_small(recipe, {.strategy = StrategyKind::kSequential}, 1, 300).weights;
      if (found != weights)
        other = fmt::format("{}: weights {}, recorded are {}", simd_target_name(), found, weights);
      ++trainings;
    }
  });
  if (!other.empty()) return {false, other};
  if (trainings == 0)
    return {true, "not promised on a processor without FMA, which has other bits"};
  return {true, fmt::format("{} trainings with the recorded bits", trainings)};
}

/// A new folder that goes with the scope.
class ScratchFolder {
 public:
  ScratchFolder() : path_((std::filesystem::temp_directory_path() / "trp-XXXXXX").string()) {
    if (!mkdtemp(path_.data())) {
      fail("{}: cannot be made: {}; hint: name another folder in TMPDIR", path_,
           std::generic_category().message(errno));
    }
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::string file(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

 private:
  std::string path_;
};

/// Whether a change of one bit, wherever it is, is noticed by who decodes the bytes.
template <class Decode>
bool notices_damage(std::vector<std::uint8_t> bytes, const Decode& decode) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto bit = static_cast<std::uint8_t>(1U << i % 8);
    bytes[i] ^= bit;
    try {
      decode(bytes, "damaged");
      return false;
    } catch (const Error&) {
      bytes[i] ^= bit;
    }
  }
  return true;
}

CheckResult check_files() {
  const Mlp mlp = make_mlp(std::vector<Index>{20, 7, 3}, 1);
  const Metadata metadata = {{"made by", "selftest"}};
  const ScratchFolder folder;
  std::string names;
  for (const ArrayFormat format : {ArrayFormat::kSafetensors, ArrayFormat::kNpz}) {
    const std::string_view name = array_format_name(format);
    const std::string path = folder.file(fmt::format("model.{}", name));
    save_model(path, mlp, metadata);
    const Model model = load_model(path);
    if (weights_digest(model.mlp) != weights_digest(mlp) || model.metadata != metadata) {
      return {false, fmt::format("{}: what was read is not what was written", name)};
    }
    const auto bytes = encode_array_file({to_arrays(mlp), metadata}, format);
    if (!notices_damage(bytes, decode_array_file)) {
      return {false, fmt::format("{}: a damaged file was taken for a sound one", name)};
    }
    names += fmt::format("{}, ", name);
  }
  Checkpoint checkpoint;
  checkpoint.state.mlp = mlp;
  const std::string path = folder.file("checkpoint");
  OutputFile(path).replace(encode_checkpoint(checkpoint));
  if (weights_digest(load_checkpoint(path).state.mlp) != weights_digest(mlp)) {
    return {false, "checkpoint: what was read is not what was written"};
  }
  if (!notices_damage(encode_checkpoint(checkpoint), decode_checkpoint)) {
    return {false, "checkpoint: a damaged one was taken for a sound one"};
  }
  return {true, names + "checkpoint: written, read again, damage to any byte noticed"};
}

CheckResult check_learning() {
  const double accuracy = train_small(small_recipe(4), {}, 2, 1000).test.accuracy;
  return {accuracy >= kLearned,
          fmt::format("{:.1f} % of 200 new samples recognised after 4 epochs, {:.0f} % expected",
                      100 * accuracy, 100 * kLearned)};
}

constexpr std::array<SelfCheck, 7> kChecks = {{
    {"denormals", check_denormals},
    {"products", check_products},
    {"gradients", check_gradients},
    {"same bits", check_same_bits},
    {"golden", check_golden},
    {"learning", check_learning},
    {"files", check_files},
}};

}  // namespace

std::span<const SelfCheck> self_checks() { return kChecks; }

CheckResult run_check(const SelfCheck& check) {
  const Stopwatch watch;
  CheckResult result;
  try {
    result = check.run();
  } catch (const std::exception& error) {
    result.detail = error.what();
  }
  result.name = check.name;
  result.seconds = watch.seconds();
  return result;
}

}  // namespace trp
