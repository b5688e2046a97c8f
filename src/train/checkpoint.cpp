#include "train/checkpoint.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "core/fail.h"
#include "formats/array_file.h"
#include "formats/foreign_format.h"
#include "formats/json_fields.h"
#include "formats/strict_json.h"
#include "system/atomic_file.h"
#include "system/input_file.h"
#include "train/model_arrays.h"
#include "trp/error.h"

namespace trp {

/// The part of a state that is no array.
template <>
struct JsonFields<TrainState> {
  static constexpr std::tuple kFields{JsonField{"epochs", &TrainState::epochs},
                                      JsonField{"progress", &TrainState::progress},
                                      JsonField{"best_epoch", &TrainState::best_epoch},
                                      JsonField{"best_loss", &TrainState::best_loss}};
};

template <>
struct JsonFields<EpochResult> {
  static constexpr std::tuple kFields{
      JsonField{"epoch", &EpochResult::epoch},
      JsonField{"train_loss", &EpochResult::train_loss},
      JsonField{"train_accuracy", &EpochResult::train_accuracy},
      JsonField{"validation", &EpochResult::validation},
      JsonField{"lr", &EpochResult::learning_rate},
      JsonField{"seconds", &EpochResult::seconds},
      JsonField{"samples_per_second", &EpochResult::samples_per_second}};
};

template <>
struct JsonFields<EpochProgress> {
  static constexpr std::tuple kFields{JsonField{"steps", &EpochProgress::batch},
                                      JsonField{"loss_sum", &EpochProgress::loss_sum},
                                      JsonField{"correct", &EpochProgress::correct_count},
                                      JsonField{"seconds", &EpochProgress::seconds}};
};

namespace {

constexpr int kRecipeDepth = 2;  // fields, widths
constexpr int kStateDepth = 4;   // fields, epochs, an epoch, its validation
constexpr std::string_view kBestPrefix = "best.";
constexpr std::string_view kNormalizationPrefix = "input.";
constexpr std::array<std::pair<std::string_view, Tensor InputNormalization::*>, 2>
    kNormalizationParts = {
        {{"shift", &InputNormalization::shift}, {"scale", &InputNormalization::scale}}};
constexpr Index kMaxCount = Index{1} << 62;

std::string prefix_of(std::string_view part) { return fmt::format("{}.", part); }

/// Takes the arrays out whose names have the prefix, which is taken off.
std::vector<NamedArray> take_arrays(std::string_view prefix, std::vector<NamedArray>& all) {
  const auto found = std::ranges::stable_partition(
      all, [&](const NamedArray& array) { return !array.name.starts_with(prefix); });
  std::vector<NamedArray> taken(std::move_iterator(found.begin()), std::move_iterator(found.end()));
  all.erase(found.begin(), found.end());
  for (NamedArray& array : taken) array.name.erase(0, prefix.size());
  return taken;
}

void append_arrays(std::string_view prefix, std::vector<NamedArray> arrays,
                   std::vector<NamedArray>& all) {
  for (NamedArray& array : arrays) {
    array.name.insert(0, prefix);
    all.push_back(std::move(array));
  }
}

ArrayFile to_array_file(const Checkpoint& checkpoint) {
  const TrainState& state = checkpoint.state;
  ArrayFile file{.arrays = to_arrays(state.mlp), .metadata = {}};
  for (const auto& [name, part] : kOptimizerStateParts)
    append_arrays(prefix_of(name), to_arrays(state.optimizer.*part), file.arrays);
  for (const auto& [name, values] : kNormalizationParts)
    if (const Tensor& tensor = state.mlp.normalization.*values; tensor.cols() > 0)
      file.arrays.push_back({fmt::format("{}{}", kNormalizationPrefix, name),
                             {tensor.cols()},
                             {tensor.row(0), tensor.row(0) + tensor.cols()}});
  append_arrays(kBestPrefix, to_arrays(state.best), file.arrays);
  file.metadata = {{std::string(kKindKey), std::string(kCheckpointKind)},
                   {"version", checkpoint.version},
                   {"instructions", checkpoint.simd},
                   {"recipe", json_text(to_json(checkpoint.identity.recipe))},
                   {"train_data", checkpoint.identity.train_data},
                   {"test_data", checkpoint.identity.test_data},
                   {"state", json_text(value_to_json(state))}};
  return file;
}

const std::string& metadata_text(const Metadata& metadata, std::string_view key,
                                 const std::string& name) {
  const std::string* text = find_metadata(metadata, key);
  if (text == nullptr) throw damaged(name, fmt::format("\"{}\" in the metadata", key), "none");
  return *text;
}

/// Reads the JSON of a text of the metadata with read(json), which throws Error.
template <class Read>
auto read_json(const Metadata& metadata, std::string_view key, int max_depth,
               const std::string& name, const Read& read) {
  const JsonPlace place{fmt::format("{}: {}", name, key), 0};
  const Json json = parse_json_object(metadata_text(metadata, key, name), max_depth, place);
  return read_at(place.name, [&] { return read(json); });
}

TrainState to_state(const Json& json) {
  TrainState state;
  read_value(json, state);
  const int epochs = static_cast<int>(state.epochs.size());
  for (int i = 0; i < epochs; ++i) {
    const int epoch = state.epochs[static_cast<std::size_t>(i)].epoch;
    if (epoch != i + 1) fail("epochs: expected {}, found {}", i + 1, epoch);
  }
  if (state.best_epoch > epochs)
    fail("best_epoch: expected one of {}, found {}", epochs, state.best_epoch);
  if (state.progress.correct_count > kMaxCount)
    fail("correct: expected at most {}, found {}", kMaxCount, state.progress.correct_count);
  return state;
}

/// A network of the same layers as `mlp`.
Mlp to_network(const std::vector<NamedArray>& arrays, const Mlp& mlp, const std::string& name) {
  Mlp network = to_mlp(arrays, name);
  if (layer_sizes(network) != layer_sizes(mlp))
    throw damaged(name, "arrays of the shapes of the weights", "others");
  return network;
}

InputNormalization to_normalization(const std::vector<NamedArray>& arrays, Index inputs,
                                    const std::string& name) {
  InputNormalization normalization;
  for (const NamedArray& array : arrays) {
    const auto part = std::ranges::find_if(
        kNormalizationParts, [&](const auto& known) { return known.first == array.name; });
    check_finite(array, name);
    if (part == kNormalizationParts.end() || array.shape != std::vector<Index>{inputs})
      throw damaged(name, fmt::format("{} shifts and scales of inputs", inputs), array.name);
    Tensor& tensor = normalization.*part->second = Tensor(1, inputs);
    std::ranges::copy(array.values, tensor.row(0));
  }
  if (normalization.shift.cols() == 0) throw damaged(name, "shifts of inputs", "scales alone");
  return normalization;
}

void fill_networks(std::vector<NamedArray> arrays, const std::string& name, TrainState& state) {
  std::array<std::vector<NamedArray>, kOptimizerStateParts.size()> parts;
  for (std::size_t i = 0; i < parts.size(); ++i)
    parts[i] = take_arrays(prefix_of(kOptimizerStateParts[i].first), arrays);
  const std::vector<NamedArray> normalization = take_arrays(kNormalizationPrefix, arrays);
  const std::vector<NamedArray> best = take_arrays(kBestPrefix, arrays);
  state.mlp = to_mlp(arrays, name);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].empty()) continue;
    const auto& [part_name, part] = kOptimizerStateParts[i];
    for (Layer& layer :
         to_network(parts[i], state.mlp, fmt::format("{}: {}", name, part_name)).layers)
      (state.optimizer.*part).layers.push_back({std::move(layer.weight), std::move(layer.bias)});
  }
  if (!normalization.empty())
    set_normalization(to_normalization(normalization, state.mlp.input_size(), name), state.mlp);
  if (best.empty() != (state.best_epoch == 0))
    throw damaged(name, "the best weights if there is a best epoch",
                  best.empty() ? "none" : "them without one");
  if (!best.empty()) state.best = to_network(best, state.mlp, name + ": best");
}

void check_start(std::span<const std::uint8_t> start, const std::string& name) {
  if (starts_old_checkpoint(start)) {
    fail("{}: expected a checkpoint of this version; hint: {}", name, kOldCheckpointHint);
  }
  if (starts_checkpoint(start)) return;
  fail(
      "{}: expected a checkpoint, found {}; hint: a run goes on from what it saved as its "
      "checkpoint",
      name, starts_array_file(start) ? "a model" : "another file");
}

Checkpoint to_checkpoint(DecodedArrayFile file, const std::string& name) {
  const Metadata& metadata = file.content.metadata;
  Checkpoint checkpoint;
  checkpoint.version = metadata_text(metadata, "version", name);
  checkpoint.simd = metadata_text(metadata, "instructions", name);
  checkpoint.identity = {read_json(metadata, "recipe", kRecipeDepth, name, recipe_from_json),
                         metadata_text(metadata, "train_data", name),
                         metadata_text(metadata, "test_data", name)};
  checkpoint.state = read_json(metadata, "state", kStateDepth, name, to_state);
  fill_networks(std::move(file.content.arrays), name, checkpoint.state);
  return checkpoint;
}

Checkpoint read_checkpoint(const std::string& path) {
  InputFile file(path);
  check_start(file.peek(kStartBytes), file.name());
  return to_checkpoint(read_array_file(file), file.name());
}

/// In words, if the file is a whole checkpoint.
std::optional<std::string> describe_whole(const std::string& path) {
  try {
    const TrainState state = read_checkpoint(path).state;
    return fmt::format("{}, is whole, with {} epochs and {} steps of the next", path,
                       state.epochs.size(), state.progress.batch);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::vector<std::uint8_t> encode_checkpoint(const Checkpoint& checkpoint) {
  return encode_array_file(to_array_file(checkpoint), ArrayFormat::kSafetensors);
}

Checkpoint decode_checkpoint(std::span<const std::uint8_t> bytes, const std::string& name) {
  check_start(bytes, name);
  return to_checkpoint(decode_array_file(bytes, name), name);
}

Checkpoint load_checkpoint(const std::string& path) {
  try {
    return read_checkpoint(path);
  } catch (const Error& error) {
    const auto previous = describe_whole(previous_file(path));
    if (!previous) throw;
    fail("{}; the checkpoint before it, {}; resume from that", error.what(), *previous);
  }
}

std::vector<RecipeDifference> differences(const TrainIdentity& here, const TrainIdentity& there) {
  Recipe recipe = there.recipe;
  const auto is_constant = [](const TrainIdentity& identity) {
    return identity.recipe.learning_rate_schedule == LearningRateScheduleKind::kConstant;
  };
  if (is_constant(here) && is_constant(there)) recipe.epochs = here.recipe.epochs;
  std::vector<RecipeDifference> found = differences(here.recipe, recipe);
  if (here.train_data != there.train_data)
    found.push_back({"train_data", here.train_data, there.train_data});
  if (here.test_data != there.test_data)
    found.push_back({"test_data", here.test_data, there.test_data});
  return found;
}

}  // namespace trp
