#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "train/recipe_json.h"
#include "trp/recipe.h"
#include "trp/train_state.h"

namespace trp {

/// What a training must have in common with the one that it goes on with.
struct TrainIdentity {
  Recipe recipe;
  std::string train_data;  // dataset_digest()
  std::string test_data;
};

/// A training between two steps, with all that it takes to go on to the same bits.
struct Checkpoint {
  std::string version;  // of the program that wrote it
  std::string simd;     // the instruction set, which the last bits depend on
  TrainIdentity identity;
  TrainState state;
};

/// Returns the bytes of a checkpoint's file, which formats/README.md describes: a function of the
/// argument alone. All numbers of `state` must be finite.
std::vector<std::uint8_t> encode_checkpoint(const Checkpoint& checkpoint);

/// Takes back the bytes of encode_checkpoint(); `name` is for messages. Throws Error for anything
/// else: no wrong bit goes unnoticed. All sizes are checked against the number of bytes before
/// memory is taken.
Checkpoint decode_checkpoint(std::span<const std::uint8_t> bytes, const std::string& name);

/// Throws Error if the file cannot be read or is damaged, and names the checkpoint before it, if
/// that one is whole.
Checkpoint load_checkpoint(const std::string& path);

/// Returns each field of the recipe and each data set ("train_data", "test_data") that is not the
/// same in both. Another number of epochs is no difference where it changes no step: with a
/// constant learning rate.
std::vector<RecipeDifference> differences(const TrainIdentity& here, const TrainIdentity& there);

}  // namespace trp
