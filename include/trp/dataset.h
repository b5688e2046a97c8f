#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trp/tensor.h"

namespace trp {

/// The largest number of classes: a label is a byte.
inline constexpr int kMaxClasses = 256;

/// A data set is samples, one after the other, with the class of each. Exactly one of `bytes` and
/// `values` is filled: bytes are the pixels 0 … 255 as in the file, values are what other element
/// types hold.
struct Dataset {
  std::vector<std::uint8_t> bytes;
  std::vector<float> values;
  std::vector<Index> sample_shape;  // {28, 28}; features are counted along its last dimension
  Index sample_count = 0;
  Index feature_count = 0;           // of one sample: the product of sample_shape
  std::vector<std::uint8_t> labels;  // 0 … classes − 1; empty if read by load_images
};

/// What to train on and what to test with.
struct DataSets {
  Dataset train;
  Dataset test;
  std::string source;  // for people
};

/// Where the user said that the data are; an empty string says nothing. (The initialisers let
/// designated ones leave members out without a warning.)
struct DataOptions {
  std::string directory = {};  // a folder with the four files of MNIST
  // Four files by name; one of them may be "-" for standard input.
  std::string train_images = {};
  std::string train_labels = {};
  std::string test_images = {};
  std::string test_labels = {};
};

/// The four files of a data set. With DataNeed::kTestOnly the first two may be empty.
struct DataFiles {
  std::string train_images;
  std::string train_labels;
  std::string test_images;
  std::string test_labels;
  std::string source;  // for people: the folder, or "the bundled sample …"
};

enum class DataNeed { kTrainAndTest, kTestOnly };

/// Finds the four files; in a folder each may be spelled -idx3-ubyte or .idx3-ubyte (the digit is
/// the rank), with or without .gz. The first of these that applies: the files named, completed from
/// the folder named; that folder; the folder that the environment variable TENSOR_RELU_DATA names;
/// ./data; a data set of the system (fashion-mnist before others, then by name); the sample that
/// was installed with the program.
///
/// Throws UsageError if only some files are named, or several are "-"; Error if a folder that the
/// user chose is incomplete (there is no falling through to the next one), or nothing is found.
/// A local folder with none of the files is not a choice; one with some of them is.
DataFiles find_data(const DataOptions& options, DataNeed need = DataNeed::kTrainAndTest);

/// Reads a file of images without their labels, as for prediction; "-" is standard input. Throws
/// Error if the file is bad.
Dataset load_images(const std::string& path);

/// Reads a file of images and the file of their labels. Throws Error if one is bad, the counts
/// differ, or a label is not 0 … class_count − 1;
/// UsageError if class_count is not 1 … 256. Either path may be "-" for standard input.
Dataset load_dataset(const std::string& images_path, const std::string& labels_path,
                     int class_count);

/// Reads the four files of a data set. Throws as load_dataset does, and if training and test
/// samples differ in shape or in being bytes or floats. Files are read side by side; of several bad
/// ones the first in the order of DataFiles is reported.
DataSets load_data(const DataFiles& files, int class_count);

}  // namespace trp
