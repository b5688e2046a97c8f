#include "data/data_files.h"

#include <unistd.h>

#include "catch.h"
#include "data/check_contains.h"
#include "data/dataset.h"
#include "formats/idx_builder.h"
#include "trp/error.h"

using namespace trp;
using namespace trp::test;

namespace {

/// A tree of folders in which every place of the search can be filled.
struct Places {
  TempFolder root;
  DataSearch search;

  Places() {
    search.local_folder = root.path("local");
    search.system_folders = {root.path("system"), root.path("system2")};
    search.sample_folders = {root.path("sample"), root.path("installed")};
  }

  std::string add(const std::string& folder, const std::string& joint = "-",
                  const std::string& ending = "") const {
    for (const std::string set : {"train", "t10k"}) {
      root.write(folder + "/" + set + "-images" + joint + "idx3-ubyte" + ending, {});
      root.write(folder + "/" + set + "-labels" + joint + "idx1-ubyte" + ending, {});
    }
    return root.path(folder);
  }

  DataFiles find(const DataOptions& options = {}) const { return find_data(options, search); }

  std::string refusal(const DataOptions& options = {}) const {
    return message_of<Error>([&] { find(options); });
  }
};

std::string usage_error(const DataOptions& options) {
  const Places places;
  return message_of<UsageError>([&] { places.find(options); });
}

}  // namespace

TEST_CASE("both spellings are found, with and without .gz, and plain files first") {
  for (const std::string joint : {"-", "."}) {
    for (const std::string ending : {"", ".gz"}) {
      const Places places;
      const auto folder = places.add("d", joint, ending);
      const DataFiles files = places.find({.directory = folder});
      CHECK(files.train_images == folder + "/train-images" + joint + "idx3-ubyte" + ending);
      CHECK(files.train_labels == folder + "/train-labels" + joint + "idx1-ubyte" + ending);
      CHECK(files.test_images == folder + "/t10k-images" + joint + "idx3-ubyte" + ending);
      CHECK(files.test_labels == folder + "/t10k-labels" + joint + "idx1-ubyte" + ending);
      CHECK(files.source == folder);
    }
  }
  const Places places;
  places.add("d", "-", ".gz");
  const auto folder = places.add("d");
  CHECK(places.find({.directory = folder}).train_images == folder + "/train-images-idx3-ubyte");
}

TEST_CASE("images of another rank are found by their digit") {
  const Places places;
  for (const std::string set : {"train", "t10k"}) {
    places.root.write("d/" + set + "-images-idx4-ubyte", {});
    places.root.write("d/" + set + "-labels-idx1-ubyte", {});
  }
  const auto folder = places.root.path("d");
  CHECK(places.find({.directory = folder}).test_images == folder + "/t10k-images-idx4-ubyte");
}

TEST_CASE("places are searched in order") {
  Places places;
  CHECK_CONTAINS(places.refusal(), "no data found");
  places.add("installed");
  CHECK(places.find().train_labels == places.root.path("installed/train-labels-idx1-ubyte"));
  const auto sample = places.add("sample");
  CHECK(places.find().train_labels == sample + "/train-labels-idx1-ubyte");
  CHECK_CONTAINS(places.find().source, "the bundled sample");
  CHECK(places.find().source.find(sample) == std::string::npos);
  const auto zebra = places.add("system/zebra");
  CHECK(places.find().source == zebra);
  const auto emnist = places.add("system2/emnist");
  CHECK(places.find().source == emnist);
  const auto fashion = places.add("system2/fashion-mnist");
  CHECK(places.find().source == fashion);
  const auto fashion_first = places.add("system/fashion-mnist");
  CHECK(places.find().source == fashion_first);
  const auto local = places.add("local");
  CHECK(places.find().source == local);
  places.search.environment = places.add("environment");
  CHECK(places.find().source == places.search.environment);
  const auto chosen = places.add("chosen");
  CHECK(places.find({.directory = chosen}).source == chosen);
}

TEST_CASE("a system folder that is not a data set is passed over") {
  const Places places;
  places.root.write("system/fashion-mnist/train-images-idx3-ubyte", {});
  places.root.write("system/file", {});
  const auto mnist = places.add("system/mnist");
  CHECK(places.find().source == mnist);
}

TEST_CASE("a local folder without data is passed over, one with a part of them is not") {
  const Places places;
  const auto sample = places.add("sample");
  places.root.write("local/notes.txt", {});
  CHECK(places.find().train_images == sample + "/train-images-idx3-ubyte");
  places.root.write("local/train-images-idx3-ubyte", {});
  const auto message = places.refusal();
  CHECK_CONTAINS(message, "local (found in the current folder)");
  CHECK_CONTAINS(message, "train-labels-idx1-ubyte, t10k-images-idx3-ubyte");
}

TEST_CASE("a chosen folder that is incomplete is an error, whatever else there is") {
  Places places;
  places.add("sample");
  const auto folder = places.add("d");
  std::filesystem::remove(folder + "/t10k-labels-idx1-ubyte");
  const auto message = places.refusal({.directory = folder});
  CHECK_CONTAINS(message, folder + " (the folder of data): expected the four files");
  CHECK_CONTAINS(message, "not found: t10k-labels-idx1-ubyte (");
  CHECK_CONTAINS(message, ".idx");
  CHECK_CONTAINS(message, ".gz");
  places.search.environment = folder;
  CHECK_CONTAINS(places.refusal(), folder + " (TENSOR_RELU_DATA): expected the four");
}

TEST_CASE("a chosen folder that cannot be used is an error") {
  const Places places;
  places.add("sample");
  CHECK_CONTAINS(places.refusal({.directory = places.root.path("none")}),
                 "none (the folder of data): no such folder; hint: ");
  const auto file = places.root.write("file", {});
  CHECK_CONTAINS(places.refusal({.directory = file}),
                 "is not a folder; hint: single files can be named one by one");
  if (geteuid() == 0) return;  // the superuser may search every folder
  const auto closed = places.add("closed");
  std::filesystem::permissions(closed, std::filesystem::perms::none);
  const auto message = places.refusal({.directory = closed});
  std::filesystem::permissions(closed, std::filesystem::perms::owner_all);
  CHECK_CONTAINS(message, "permission denied; hint: ");
}

TEST_CASE("when nothing is found the message names every place and the way to get data") {
  const Places places;
  const auto message = places.refusal();
  for (const auto* place : {"local", "system", "system2", "sample", "installed"}) {
    CHECK_CONTAINS(message, places.root.path(place));
  }
  CHECK_CONTAINS(message, "sudo apt install dataset-fashion-mnist");
  CHECK_CONTAINS(message, "or name a folder");
}

TEST_CASE("four named files are taken as they are") {
  Places places;
  places.search.environment = "/nowhere";
  const DataFiles files = places.find(
      {.train_images = "a", .train_labels = "-", .test_images = "c", .test_labels = "d"});
  CHECK(files.train_images == "a");
  CHECK(files.train_labels == "-");
  CHECK(files.test_images == "c");
  CHECK(files.test_labels == "d");
  CHECK(files.source == "a, -, c, d");
}

TEST_CASE("the files that are not named come from the folder") {
  const Places places;
  const auto folder = places.add("d");
  std::filesystem::remove(folder + "/train-images-idx3-ubyte");
  const DataFiles files = places.find({.directory = folder, .train_images = "mine"});
  CHECK(files.train_images == "mine");
  CHECK(files.test_labels == folder + "/t10k-labels-idx1-ubyte");
  CHECK(files.source == "mine and " + folder);
  CHECK_CONTAINS(places.refusal({.directory = folder, .test_labels = "mine"}),
                 "not found: train-images-idx3-ubyte (");
}

TEST_CASE("naming some of the files is wrong usage") {
  CHECK_CONTAINS(usage_error({.test_images = "a"}),
                 "test images are named, but not training images, training labels, test labels;");
  CHECK_CONTAINS(usage_error({.train_images = "a", .train_labels = "b"}),
                 "training labels are named, but not test images, test labels;");
  CHECK_CONTAINS(
      usage_error(
          {.train_images = "a", .train_labels = "-", .test_images = "-", .test_labels = "d"}),
      "training labels and test images are both -");
}

TEST_CASE("test files alone are enough where nothing is trained") {
  const Places places;
  const DataFiles files =
      find_data({.test_images = "a", .test_labels = "b"}, places.search, DataNeed::kTestOnly);
  CHECK(files.train_images.empty());
  CHECK(files.test_images == "a");
  CHECK_CONTAINS(message_of<UsageError>(
                     [&] { find_data({.test_images = "a"}, places.search, DataNeed::kTestOnly); }),
                 "test images are named, but not test labels;");
}

TEST_CASE("the bundled sample is a sound data set") {
  DataSearch search = default_data_search();
  search.environment.clear();
  search.local_folder = "/nowhere";
  search.system_folders.clear();
  const DataFiles files = find_data({}, search);
  const DataSets sets = load_data(files, 10);
  CHECK_CONTAINS(sets.source, "the bundled sample of Fashion-MNIST");
  CHECK(sets.train.sample_count == 5000);
  CHECK(sets.test.sample_count == 1000);
  CHECK(sets.train.sample_shape == std::vector<Index>{28, 28});
}
