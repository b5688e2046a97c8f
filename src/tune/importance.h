#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "formats/strict_json.h"

namespace trp {

/// A trial's recipe and what it came to at first.
struct TrialScore {
  Json recipe;
  double accuracy = 0;
};

/// Returns for each of these fields of a recipe the share of the variance of the accuracies
/// that it explains by itself, 0 … 1, the highest first: the correlation ratio η² (Pearson, 1905)
/// of groups that have the field's value in common, or, of numbers with more than five values, of
/// their lowest, middle and highest third.
std::vector<std::pair<std::string, double>> importance_of(std::span<const std::string> fields,
                                                          std::span<const TrialScore> scores);

}  // namespace trp
