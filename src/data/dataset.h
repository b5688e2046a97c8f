#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/tensor.h"
#include "data/data_files.h"
#include "formats/idx.h"

namespace trp {

/// Samples, one after the other, with the class of each. Exactly one of `bytes` and `values` is
/// filled: bytes are the pixels 0 … 255 as in the file, values are what other element types hold.
struct Dataset {
  std::vector<std::uint8_t> bytes;
  std::vector<float> values;
  std::vector<Index> sample_shape;  ///< {28, 28}; features are counted along its last dimension
  Index sample_count = 0;
  Index feature_count = 0;           ///< of one sample: the product of sample_shape
  std::vector<std::uint8_t> labels;  ///< 0 … classes − 1; empty if read by load_images
};

/// Samples without labels, of an array of rank 2 or more.
Dataset to_dataset(IdxArray images);

/// Throws Error, as read_idx does. For data without labels, as in prediction.
Dataset load_images(const std::string& path);

/// Throws Error if a file is bad, the counts differ, or a label is not 0 … class_count − 1;
/// UsageError if class_count is not 1 … 256. Either path may be "-" for standard input.
Dataset load_dataset(const std::string& images_path, const std::string& labels_path,
                     int class_count);

/// XXH3-128 of all that training and scoring see: shape, elements and labels.
std::string dataset_digest(const Dataset& set);

struct DataSets {
  Dataset train;
  Dataset test;
  std::string source;  ///< for people
};

/// Throws as load_dataset does, and if training and test samples differ in shape or in being bytes
/// or floats. Files are read side by side; of several bad ones the first in the order of DataFiles
/// is reported.
DataSets load_data(const DataFiles& files, int class_count);

}  // namespace trp
