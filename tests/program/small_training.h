#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "formats/idx_builder.h"
#include "program/run_program.h"
#include "temporary_folder.h"

namespace trp {

/// A folder with a data set of 96 training and 16 test images of side × side pixels in four
/// classes, so that a run of the program takes milliseconds.
class SmallTraining {
 public:
  explicit SmallTraining(std::uint32_t side = 4) {
    const auto labels = [](std::uint32_t count) {
      test::Bytes bytes;
      for (std::uint32_t i = 0; i < count; ++i) bytes.push_back(static_cast<std::uint8_t>(i % 4));
      return test::idx_labels(bytes);
    };
    write("train-images-idx3-ubyte", test::idx_bytes({96, side, side}));
    write("train-labels-idx1-ubyte", labels(96));
    write("t10k-images-idx3-ubyte", test::idx_bytes({16, side, side}));
    write("t10k-labels-idx1-ubyte", labels(16));
  }

  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  std::string content(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  void write(const std::string& name, const test::Bytes& bytes) const {
    folder_.write(name, std::string(bytes.begin(), bytes.end()));
  }

  /// The command line of a quiet training that tells its results as JSON lines.
  std::vector<std::string> command(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"--data",    folder_.path().string(),
                                          "--hidden",  "8",
                                          "--classes", "4",
                                          "-b",        "32",
                                          "--format",  "jsonl",
                                          "-q"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  ProgramResult run(const std::vector<std::string>& more = {},
                    const std::vector<std::string>& environment = {}) const {
    return run_program({.arguments = command(more), .environment = environment});
  }

  /// Whether the program has left a file that should have been renamed or removed.
  bool has_temporary_file() const {
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      if (entry.path().extension() == ".tmp") return true;
    return false;
  }

  bool has(const std::string& name) const { return std::filesystem::exists(path(name)); }

 private:
  TemporaryFolder folder_;
};

/// What follows "weights":" in the summary; empty if there is none.
inline std::string weights_in(const std::string& out) {
  const std::size_t place = out.rfind("xxh128:");
  return place == std::string::npos ? "" : out.substr(place, 39);
}

}  // namespace trp
