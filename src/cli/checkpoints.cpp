#include "cli/checkpoints.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <fmt/ranges.h>

#include "cli/file_kind.h"
#include "core/fail.h"
#include "data/dataset.h"
#include "nn/kernels.h"
#include "report/environment.h"
#include "system/atomic_file.h"
#include "train/recipe_json.h"

namespace trp {
namespace {

/// Finished epochs, and steps of the next.
std::pair<std::size_t, std::int64_t> place_of(const TrainState& state) {
  return {state.epochs.size(), state.progress.batch};
}

std::string place_text(const TrainState& state, int epochs) {
  return fmt::format("{} of {} epochs and {} steps of the next are done", state.epochs.size(),
                     epochs, state.progress.batch);
}

/// A value as it is given on the command line.
std::string value_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{}", value.get<double>());
  if (!value.is_array()) return value.dump();
  std::vector<std::string> texts;
  for (const Json& element : value) texts.push_back(value_text(element));
  return texts.empty() ? "none" : fmt::format("{}", fmt::join(texts, ","));
}

std::string difference_text(const RecipeDifference& difference) {
  std::string option = difference.field;
  std::ranges::replace(option, '_', '-');
  if (difference.here.is_boolean()) {
    const bool is_negated = option == "shuffle";
    return fmt::format("--{}{} is given {}", is_negated ? "no-" : "", option,
                       difference.here.get<bool>() != is_negated
                           ? "here, but not in the checkpoint"
                           : "in the checkpoint, but not here");
  }
  const std::string subject = option == "train-data"  ? "the training data are"
                              : option == "test-data" ? "the test data are"
                                                      : fmt::format("--{} is", option);
  return fmt::format("{} {} here, {} in the checkpoint", subject, value_text(difference.here),
                     value_text(difference.there));
}

/// Throws Error unless the training that the checkpoint is of is this one; says where it goes on.
void check_resumed(const TrainOptions& options, const Checkpoint& resumed,
                   const TrainIdentity& identity, Output& output) {
  if (const auto found = differences(identity, resumed.identity); !found.empty()) {
    std::vector<std::string> texts;
    for (const RecipeDifference& difference : found) texts.push_back(difference_text(difference));
    fail("{} belongs to a different run: {}", options.resume, fmt::join(texts, "; "));
  }
  const std::size_t finished = resumed.state.epochs.size();
  if (finished > static_cast<std::size_t>(options.recipe.epochs)) {
    fail_usage("--resume: {} has finished {} epochs, expected at most the {} of --epochs",
               options.resume, finished, options.recipe.epochs);
  }
  if (resumed.simd != simd_target_name()) {
    output.say(
        fmt::format("warning: {} was trained with {} instructions and goes on with {}; the last "
                    "bits may differ "
                    "from a training that was not stopped",
                    options.resume, resumed.simd, simd_target_name()));
  }
  if (is_over(options.recipe, resumed.state)) {
    output.hint(fmt::format("{}: training is finished already, it is only scored", options.resume));
    return;
  }
  output.hint(fmt::format("resuming {}: {}", options.resume,
                          place_text(resumed.state, options.recipe.epochs)));
  if (options.checkpoint.empty()) {
    output.hint(fmt::format("hint: what is trained from here on is not saved; --checkpoint {} does",
                            options.resume));
  }
}

}  // namespace

CheckpointKeeper::CheckpointKeeper(const TrainOptions& options, TrainIdentity identity,
                                   const std::optional<Checkpoint>& resumed, Output& output)
    : path_(options.checkpoint),
      output_(output),
      checkpoint_{.version = this_build().version,
                  .simd = simd_target_name(),
                  .identity = std::move(identity),
                  .state = {}} {
  if (resumed && is_same_file(options.resume, path_)) saved_ = place_of(resumed->state);
  const bool goes_on = saved_ || is_same_file(options.resume, previous_file(path_));
  if (goes_on || !std::filesystem::exists(path_)) return;
  if (!std::filesystem::is_empty(path_) && kind_of(path_) != FileKind::kCheckpoint) {
    fail("--checkpoint: {} holds something else, which would be lost; name another file", path_);
  }
  output.say(
      fmt::format("warning: {} will be replaced; --resume {} would go on with it", path_, path_));
}

void CheckpointKeeper::save(const TrainState& state) {
  if (saved_ == place_of(state)) return;
  holds_last_ = output_.is_written(path_, [&] {
    checkpoint_.state = state;
    save_checkpoint(path_, checkpoint_);
    saved_ = place_of(state);
  });
}

bool CheckpointKeeper::finish(TrainStatus status) const {
  if (!holds_last_) {
    output_.say(fmt::format("{} does not hold the last state, which could not be saved", path_));
  } else if (!saved_) {
    return true;
  } else if (status == TrainStatus::kInterrupted) {
    output_.hint(
        fmt::format("saved {}; to go on: the same options with --resume {}", path_, path_));
  } else if (status == TrainStatus::kDiverged) {
    output_.say(fmt::format("{} holds the state before training diverged", path_));
  }
  return holds_last_;
}

std::optional<CheckpointKeeper> keep_checkpoints(const TrainOptions& options, const DataSets& data,
                                                 const std::optional<Checkpoint>& resumed,
                                                 Output& output) {
  if (!resumed && options.checkpoint.empty()) return std::nullopt;
  const TrainIdentity identity = {.recipe = options.recipe,
                                  .train_data = dataset_digest(data.train),
                                  .test_data = dataset_digest(data.test)};
  if (resumed) check_resumed(options, *resumed, identity, output);
  if (options.checkpoint.empty()) return std::nullopt;
  return CheckpointKeeper(options, identity, resumed, output);
}

}  // namespace trp
