#include "cli/checkpoints.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <fmt/ranges.h>

#include "cli/recipe_options.h"
#include "cli/saved_files.h"
#include "cli/values.h"
#include "core/fail.h"
#include "data/dataset.h"
#include "nn/kernels.h"
#include "report/environment.h"
#include "system/atomic_file.h"
#include "train/network.h"
#include "train/recipe_json.h"
#include "trp/model.h"

namespace trp {
namespace {

/// Finished epochs, and steps of the next.
std::pair<std::size_t, std::int64_t> place_of(const TrainState& state) {
  return {state.epochs.size(), state.progress.batch};
}

bool is_of_data(const RecipeDifference& difference) { return difference.field.ends_with("_data"); }

std::string difference_text(const RecipeDifference& difference) {
  if (is_of_data(difference)) {
    return fmt::format("the {} data are {} here, {} in the checkpoint",
                       difference.field == "train_data" ? "training" : "test",
                       value_text(difference.here), value_text(difference.there));
  }
  const std::string option = option_of(difference.field);
  if (!difference.here.is_boolean()) {
    return fmt::format("{} is {} here, {} in the checkpoint", option, value_text(difference.here),
                       value_text(difference.there));
  }
  const bool is_given_here = difference.here.get<bool>() != (difference.field == "shuffle");
  return fmt::format(
      "{} is given {}", option,
      is_given_here ? "here, but not in the checkpoint" : "in the checkpoint, but not here");
}

/// Throws Error unless the training that the checkpoint is of is this one; says where it goes on.
void check_resumed(const TrainOptions& options, const Checkpoint& resumed,
                   const TrainIdentity& identity, Output& output) {
  if (const auto found = differences(identity, resumed.identity); !found.empty()) {
    std::vector<std::string> texts;
    for (const RecipeDifference& difference : found) texts.push_back(difference_text(difference));
    fail("{} belongs to a different run: {}; hint: {}", options.resume, fmt::join(texts, "; "),
         std::ranges::any_of(found, is_of_data)
             ? "--data names the data that it was trained on"
             : "without these options the checkpoint's are taken");
  }
  const std::size_t finished = resumed.state.epochs.size();
  if (finished > static_cast<std::size_t>(options.recipe.epochs)) {
    fail_usage("--resume: {} has finished {} epochs, expected at most the {} of --epochs",
               options.resume, finished, options.recipe.epochs);
  }
  if (resumed.simd != simd_target_name()) {
    output.say(
        "warning: {} was trained with {} instructions and goes on with {}; the last "
        "bits may differ "
        "from a training that was not stopped",
        options.resume, resumed.simd, simd_target_name());
  }
  if (is_over(options.recipe, resumed.state)) {
    output.hint("{}: training is finished already, it is only scored", options.resume);
    return;
  }
  output.hint("resuming {}: {} of {} epochs and {} steps of the next are done", options.resume,
              finished, options.recipe.epochs, resumed.state.progress.batch);
  if (options.checkpoint.empty()) {
    output.hint("hint: what is trained from here on is not saved; --checkpoint {} does",
                options.resume);
  }
}

}  // namespace

CheckpointKeeper::CheckpointKeeper(const TrainOptions& options, TrainIdentity identity,
                                   const std::optional<Checkpoint>& resumed, OutputFile& file,
                                   Output& output)
    : path_(options.checkpoint),
      file_(file),
      output_(output),
      checkpoint_{.version = this_build().version,
                  .simd = simd_target_name(),
                  .identity = std::move(identity),
                  .state = {}} {
  if (resumed && is_same_file(options.resume, path_)) saved_ = place_of(resumed->state);
  const bool goes_on = saved_ || (resumed && is_same_file(options.resume, previous_file(path_)));
  // The state that it goes on from is kept until the next one is safe.
  if (goes_on && !saved_) old_file_ = OldFile::kRemove;
  if (goes_on || !std::filesystem::is_regular_file(path_) || std::filesystem::is_empty(path_))
    return;
  output.say("{}", replaced_text(path_));
}

void CheckpointKeeper::save(const TrainState& state) {
  if (saved_ == place_of(state)) return;
  const auto write = [&] {
    checkpoint_.state = state;
    file_.replace(encode_checkpoint(checkpoint_), old_file_);
    old_file_ = OldFile::kKeepAsPrevious;
    saved_ = place_of(state);
  };
  holds_last_ = output_.is_written(path_, write, /*is_known*/ !holds_last_);
}

bool CheckpointKeeper::finish(TrainStatus status) const {
  if (!holds_last_) {
    output_.say("{} does not hold the last state, which could not be saved", path_);
  } else if (!saved_) {
    return true;
  } else if (status == TrainStatus::kInterrupted) {
    output_.hint("{}", resume_text(path_));
  } else if (status == TrainStatus::kDiverged) {
    output_.say("{} holds the state before training diverged", path_);
  }
  return holds_last_;
}

std::optional<CheckpointKeeper> keep_checkpoints(const TrainOptions& options, const DataSets& data,
                                                 const std::optional<Checkpoint>& resumed,
                                                 Outputs& outputs, Output& output) {
  if (!resumed && options.checkpoint.empty()) return std::nullopt;
  const TrainIdentity identity = {.recipe = options.recipe,
                                  .train_data = dataset_digest(data.train),
                                  .test_data = dataset_digest(data.test)};
  if (resumed) check_resumed(options, *resumed, identity, output);
  if (options.checkpoint.empty()) return std::nullopt;
  return CheckpointKeeper(options, identity, resumed, outputs.at("--checkpoint"), output);
}

TrainState load_init(TrainOptions& options) {
  TrainState state{.mlp = load_model(options.init).mlp};
  options.recipe.init = weights_digest(state.mlp);
  return state;
}

void check_init(const TrainOptions& options, const Mlp& mlp, const Dataset& train) {
  const std::vector<Index> expected = network_sizes(options.recipe, train),
                           found = layer_sizes(mlp);
  if (found == expected) return;
  const bool fits_data = found.front() == expected.front() && found.back() == expected.back();
  fail("{}: expected a model of layers {}, found {}; hint: {}", options.init,
       fmt::join(expected, " → "), fmt::join(found, " → "),
       fits_data
           ? fmt::format("--hidden {} fits it", widths_text({found.begin() + 1, found.end() - 1}))
           : "was it trained on other data, or with other --classes?");
}

std::optional<Checkpoint> load_resumed(TrainOptions& options, const Outputs& outputs,
                                       Output& output) {
  if (has_nothing_saved(options.resume, outputs)) {
    output.hint("{} is empty: training starts from the beginning", options.resume);
    check_recipe(options.recipe);
    return std::nullopt;
  }
  Checkpoint resumed = load_checkpoint(options.resume);
  const Json own = to_json(options.recipe);
  Json recipe = to_json(resumed.identity.recipe);
  for (const std::string& field : options.given) recipe[field] = own[field];
  options.recipe = recipe_from_json(recipe);
  check_recipe(options.recipe);
  return resumed;
}

}  // namespace trp
