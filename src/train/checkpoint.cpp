#include "train/checkpoint.h"

#include <map>
#include <optional>
#include <sstream>

#include <fmt/ranges.h>

#include "system/atomic_file.h"
#include "system/input_file.h"
#include "trp/error.h"

namespace trp {
namespace {

Checkpoint read_checkpoint(const std::string& path) {
  InputFile file(path);
  const auto bytes = read_whole(file, "checkpoint", [&](std::span<const std::uint8_t> start) {
    if (!starts_checkpoint(start)) decode_checkpoint(start, file.name());  // throws
  });
  return decode_checkpoint(bytes, file.name());
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

/// "--name value --switch" as values by name; of a switch it is empty.
std::map<std::string, std::string> to_options(const std::string& text) {
  std::map<std::string, std::string> options;
  std::istringstream words(text);
  std::string name;
  for (std::string word; words >> word;) {
    if (word.starts_with("--")) {
      name = word;
      options[name];
    } else if (!name.empty()) {
      options[name] = word;
    }
  }
  return options;
}

std::vector<std::string> option_differences(const std::string& checkpoint, const std::string& now) {
  std::map<std::string, std::string> there = to_options(checkpoint);
  std::map<std::string, std::string> here = to_options(now);
  if (there["--lr-schedule"] == "constant" && here["--lr-schedule"] == "constant") {
    there.erase("--epochs");
    here.erase("--epochs");
  }
  std::vector<std::string> differences;
  for (const auto& [name, value] : here) {
    const auto found = there.find(name);
    if (found == there.end()) {
      differences.push_back(fmt::format("{} is given, there it is not", name));
    } else if (found->second != value) {
      differences.push_back(fmt::format("{} is {}, there {}", name, value, found->second));
    }
  }
  for (const auto& [name, value] : there) {
    if (!here.contains(name)) {
      differences.push_back(fmt::format("{} is not given, there it is", name));
    }
  }
  return differences;
}

}  // namespace

void save_checkpoint(const std::string& path, const Checkpoint& checkpoint) {
  replace_file_atomically(path, encode_checkpoint(checkpoint));
}

Checkpoint load_checkpoint(const std::string& path) {
  try {
    return read_checkpoint(path);
  } catch (const Error& error) {
    const std::string previous = previous_file(path);
    const auto found = describe_whole(previous);
    if (!found) throw;
    throw Error(fmt::format("{}; the checkpoint before it, {}: --resume {}", error.what(), *found,
                            previous));
  }
}

void check_same_training(const TrainIdentity& checkpoint, const TrainIdentity& now,
                         const std::string& name) {
  std::vector<std::string> differences = option_differences(checkpoint.options, now.options);
  const auto compare = [&](std::string_view what, const std::string& there,
                           const std::string& here) {
    if (there != here) {
      differences.push_back(fmt::format("the {} data are {}, there {}", what, here, there));
    }
  };
  compare("training", checkpoint.train_data, now.train_data);
  compare("test", checkpoint.test_data, now.test_data);
  if (differences.empty()) return;
  throw Error(fmt::format("{}: is of another training: {}; hint: its options are {}", name,
                          fmt::join(differences, "; "), checkpoint.options));
}

}  // namespace trp
