#include <filesystem>

#include "catch.h"
#include "formats/bad_idx_files.h"
#include "program/run_program.h"
#include "temporary_folder.h"

namespace trp {
namespace {

const std::string kSample = TRP_SAMPLE_DIR;

/// Trains on the sample with one of its files replaced.
ProgramResult train_with(const std::string& path, bool labels) {
  const auto sample = [](const std::string& name) { return kSample + "/" + name + "-ubyte.gz"; };
  return run_program({"--images", labels ? sample("train-images-idx3") : path, "--labels",
                      labels ? path : sample("train-labels-idx1"), "--test-images",
                      sample("t10k-images-idx3"), "--test-labels", sample("t10k-labels-idx1"),
                      "--dry-run"});
}

}  // namespace

TEST_CASE("the program refuses every bad file with exit 1 and a message that names it") {
  const TemporaryFolder folder;
  const auto files = test::bad_idx_files();
  CHECK(files.size() >= 60);
  for (const test::BadIdxFile& file : files) {
    INFO(file.name);
    const auto path = folder.write(file.name, {file.bytes.begin(), file.bytes.end()});
    const ProgramResult result = train_with(path, file.labels);
    CHECK(result.exit_code == 1);
    CHECK(result.out.empty());
    CHECK(result.err.find(path.string()) != std::string::npos);
    for (const std::string& words : file.expected) {
      INFO(words << " in " << result.err);
      CHECK(result.err.find(words) != std::string::npos);
    }
  }
}

TEST_CASE("the program refuses what is no file to read") {
  const TemporaryFolder folder;
  std::filesystem::create_symlink(folder.path() / "nowhere", folder.path() / "dangling");
  for (const std::string& path : {folder.path().string(), (folder.path() / "missing").string(),
                                  (folder.path() / "dangling").string(), std::string("/dev/zero"),
                                  std::string("/dev/null")}) {
    INFO(path);
    for (const bool labels : {false, true}) {
      const ProgramResult result = train_with(path, labels);
      CHECK(result.exit_code == 1);
      CHECK(result.err.find(path) != std::string::npos);
    }
  }
}

}  // namespace trp
