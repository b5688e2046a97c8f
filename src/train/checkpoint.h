#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trp/trainer.h"

namespace trp {

/// What a training must have in common with the one that it goes on with.
struct TrainIdentity {
  std::string options;     ///< that shape the weights, "--name value" with spaces between
  std::string train_data;  ///< dataset_digest()
  std::string test_data;
};

/// A training between two steps, with all that it takes to go on to the same bits.
struct Checkpoint {
  std::string version;  ///< of the program that wrote it
  std::string simd;     ///< the instruction set, which the last bits depend on
  TrainIdentity identity;
  TrainState state;
};

/// The bytes of a file; data/README.md has the grammar. All numbers of `state` must be finite, but
/// for best_loss.
std::vector<std::uint8_t> encode_checkpoint(const Checkpoint& checkpoint);

/// `name` is for messages. Throws Error for anything but the bytes of encode_checkpoint(): no wrong
/// bit goes unnoticed. All sizes are checked against the number of bytes before memory is taken.
Checkpoint decode_checkpoint(std::span<const std::uint8_t> bytes, const std::string& name);

/// Puts the right digest at the end of a file's bytes; for those who change them.
void seal_checkpoint(std::span<std::uint8_t> bytes);

/// Whether these first bytes of a file, 8 at least, are those of a checkpoint.
bool starts_checkpoint(std::span<const std::uint8_t> start);

/// Writes the file with replace_file_atomically(). Throws Error.
void save_checkpoint(const std::string& path, const Checkpoint& checkpoint);

/// Throws Error if the file cannot be read or is damaged, and names the checkpoint before it, if
/// that one is whole.
Checkpoint load_checkpoint(const std::string& path);

/// Throws Error that names every difference if the checkpoint `name` is not one of such a training.
/// Another number of epochs is none where it changes no step: with a constant learning rate.
void check_same_training(const TrainIdentity& checkpoint, const TrainIdentity& now,
                         const std::string& name);

}  // namespace trp
