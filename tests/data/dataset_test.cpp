#include "data/dataset.h"

#include "catch.h"
#include "data/check_contains.h"
#include "formats/idx_builder.h"
#include "trp/error.h"

using namespace trp;
using namespace trp::test;

namespace {

/// A folder with a sound data set, whose files a test then spoils.
struct DataFolder {
  TempFolder folder;
  DataFiles files;

  DataFolder() {
    files = {folder.write("train-images", idx_bytes({4, 3, 2})),
             folder.write("train-labels", idx_labels({0, 1, 2, 9})),
             folder.write("test-images", idx_bytes({2, 3, 2})),
             folder.write("test-labels", idx_labels({9, 0})), "a folder"};
  }

  std::string refusal(int class_count = 10) const {
    return message_of<Error>([&] { load_data(files, class_count); });
  }
};

}  // namespace

TEST_CASE("a data set holds samples and labels in the order of the files") {
  const DataFolder data;
  const DataSets sets = load_data(data.files, 10);
  CHECK(sets.source == "a folder");
  CHECK(sets.train.sample_count == 4);
  CHECK(sets.train.feature_count == 6);
  CHECK(sets.train.sample_shape == std::vector<Index>{3, 2});
  CHECK(sets.train.bytes == noise(24));
  CHECK(sets.train.values.empty());
  CHECK(sets.train.labels == Bytes{0, 1, 2, 9});
  CHECK(sets.test.sample_count == 2);
  CHECK(sets.test.bytes == noise(12));
  CHECK(sets.test.labels == Bytes{9, 0});
}

TEST_CASE("samples may be rows or volumes, of bytes or of floats") {
  const TempFolder folder;
  const auto labels = folder.write("labels", idx_labels({1, 0}));
  const auto rows = load_dataset(folder.write("rows", idx_bytes({2, 7})), labels, 2);
  CHECK(rows.sample_shape == std::vector<Index>{7});
  CHECK(rows.feature_count == 7);
  const auto volumes = load_dataset(folder.write("volumes", idx_bytes({2, 3, 2, 5})), labels, 2);
  CHECK(volumes.sample_shape == std::vector<Index>{3, 2, 5});
  CHECK(volumes.feature_count == 30);
  const Bytes signed_bytes = join({idx_header(0x09, {2, 2}), {1, 2, 3, 0xff}});
  const auto floats = load_dataset(folder.write("floats", signed_bytes), labels, 2);
  CHECK(floats.bytes.empty());
  CHECK(floats.values == std::vector<float>{1, 2, 3, -1});
}

TEST_CASE("labels of every integer type are read") {
  const TempFolder folder;
  const auto images = folder.write("images", idx_bytes({2, 2}));
  const std::vector<Bytes> labels = {
      join({idx_header(0x08, {2}), {3, 200}}),
      join({idx_header(0x0b, {2}), {0, 3, 0, 200}}),
      join({idx_header(0x0c, {2}), {0, 0, 0, 3, 0, 0, 0, 200}}),
  };
  for (const Bytes& file : labels) {
    CHECK(load_dataset(images, folder.write("labels", file), 256).labels == Bytes{3, 200});
  }
  const Bytes signed_bytes = join({idx_header(0x09, {2}), {3, 127}});
  CHECK(load_dataset(images, folder.write("labels", signed_bytes), 128).labels == Bytes{3, 127});
}

TEST_CASE("images can be read without labels") {
  const DataFolder data;
  const Dataset set = load_images(data.files.test_images);
  CHECK(set.sample_count == 2);
  CHECK(set.labels.empty());
}

TEST_CASE("labels out of range and counts that disagree are refused, naming index and value") {
  struct Case {
    std::string name;
    std::string DataFiles::*file;
    Bytes bytes;
    std::vector<std::string> expected;
  };
  const auto train_labels = &DataFiles::train_labels;
  const std::vector<Case> cases = {
      {"label 10",
       train_labels,
       idx_labels({0, 10, 1, 1}),
       {"label 1 at byte 9 is 10, expected 0 to 9", "there are 11 of them"}},
      {"label 127",
       train_labels,
       idx_labels({0, 1, 127, 1}),
       {"label 2 at byte 10 is 127", "there are 128 of them"}},
      {"label 255",
       train_labels,
       idx_labels({0, 1, 2, 255}),
       {"label 3 at byte 11 is 255", "there are 256 of them"}},
      {"first of several",
       train_labels,
       idx_labels({0, 11, 30, 12}),
       {"label 1 at byte 9 is 11", "classes go up to 30, there are 31 of them"}},
      {"test label",
       &DataFiles::test_labels,
       idx_labels({9, 10}),
       {"test-labels: label 1 at byte 9 is 10"}},
      {"negative label",
       train_labels,
       join({idx_header(0x09, {4}), {0, 1, 0xff, 1}}),
       {"label 2 at byte 10 is -1", "numbered from 0"}},
      {"16-bit label",
       train_labels,
       join({idx_header(0x0b, {4}), {0, 1, 1, 0, 0, 0, 0, 0}}),
       {"label 1 at byte 10 is 256", "255 at most"}},
      {"32-bit label",
       train_labels,
       join({idx_header(0x0c, {4}), Bytes(12), {0x7f, 0xff, 0xff, 0xff}}),
       {"label 3 at byte 20 is 2147483648", "is this the labels file?"}},
      {"floating labels",
       train_labels,
       join({idx_header(0x0d, {4}), Bytes(16)}),
       {"integer type at byte 2, found 32-bit floats", "unsigned bytes"}},
      {"fewer labels",
       train_labels,
       idx_labels({0, 1, 2}),
       {"expected 4 labels", "train-images has images, found 3", "two different sets"}},
      {"more labels", train_labels, idx_labels({0, 1, 2, 3, 4}), {"expected 4 labels", "found 5"}},
      {"fewer images",
       &DataFiles::test_images,
       idx_bytes({1, 3, 2}),
       {"test-labels: expected 1 labels", "found 2"}},
      {"other rows",
       &DataFiles::test_images,
       idx_bytes({2, 4, 2}),
       {"expected samples of 3 x 2", "found 4 x 2", "one data set"}},
      {"other rank",
       &DataFiles::test_images,
       idx_bytes({2, 6}),
       {"expected samples of 3 x 2", "found 6"}},
      {"other elements",
       &DataFiles::test_images,
       join({idx_header(0x09, {2, 3, 2}), noise(12)}),
       {"expected samples of bytes", "found numbers"}},
  };
  for (const Case& bad : cases) {
    CAPTURE(bad.name);
    DataFolder data;
    data.files.*bad.file =
        data.folder.write(std::filesystem::path(data.files.*bad.file).filename(), bad.bytes);
    const auto message = data.refusal();
    CAPTURE(message);
    CHECK(message.find(data.folder.path()) == 0);
    CHECK(message.find("; hint: ") != std::string::npos);
    for (const auto& expected : bad.expected) {
      CAPTURE(expected);
      CHECK(message.find(expected) != std::string::npos);
    }
  }
}

TEST_CASE("the number of classes is 1 to 256") {
  const DataFolder data;
  for (const int count : {-1, 0, 257, 1'000'000'000}) {
    const auto message = message_of<UsageError>([&] { load_data(data.files, count); });
    CHECK_CONTAINS(message, "expected 1 to 256 classes, found");
  }
  CHECK(load_data(data.files, 256).train.sample_count == 4);
  CHECK_CONTAINS(data.refusal(1), "label 1 at byte 9 is 1, expected 0 to 0");
}

TEST_CASE("of several bad files the first in the order of the four is reported") {
  const DataFolder data;
  const std::vector<std::string> order = {data.files.train_images, data.files.train_labels,
                                          data.files.test_images, data.files.test_labels};
  for (std::size_t sound = 0; sound < order.size(); ++sound) {
    DataFolder spoiled;
    const std::vector<std::string> paths = {spoiled.files.train_images, spoiled.files.train_labels,
                                            spoiled.files.test_images, spoiled.files.test_labels};
    for (std::size_t i = sound; i < paths.size(); ++i) {
      std::filesystem::remove(paths[i]);
    }
    for (int repeat = 0; repeat < 10; ++repeat) {
      CHECK(spoiled.refusal().find(paths[sound] + ": no such file") == 0);
    }
  }
}
