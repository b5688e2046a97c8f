#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "formats/idx.h"
#include "trp/dataset.h"

namespace trp {

/// Makes samples without labels of an array of rank 2 or more.
Dataset to_dataset(IdxArray images);

/// Returns the share of the values that are not zero, over at most a thousand samples spread over
/// the data set; 0 for a data set without values.
double measure_density(const Dataset& set);

/// Mean and deviation of all values, bytes as their 255th part, over at most a thousand samples
/// spread over the data set: what tells data of one kind from another.
struct PixelStatistics {
  double mean = 0;
  double deviation = 0;
};
PixelStatistics pixel_statistics(const Dataset& set);

/// Mean and deviation (of these samples, so divided by their number) of each feature, of bytes as
/// their 255th part. Added up in the order of the samples: the same bits everywhere.
struct FeatureStatistics {
  std::vector<double> mean;
  std::vector<double> deviation;
};
FeatureStatistics feature_statistics(const Dataset& set, std::span<const std::uint32_t> samples);

/// Returns the XXH3-128 of all that training and scoring see: shape, elements and labels.
std::string dataset_digest(const Dataset& set);

}  // namespace trp
