#include "tune/importance.h"

#include <algorithm>
#include <map>

#include "measure/statistics.h"

namespace trp {
namespace {

constexpr std::size_t kMaxValues = 5;  // that are groups of their own

double squares_around(double middle, const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += (value - middle) * (value - middle);
  return sum;
}

/// The accuracies of each group.
std::vector<std::vector<double>> groups_of(const std::string& field,
                                           std::span<const TrialScore> scores) {
  std::map<Json, std::vector<double>> by_value;  // in ascending order
  for (const TrialScore& score : scores) by_value[score.recipe.at(field)].push_back(score.accuracy);
  std::vector<std::vector<double>> groups;
  if (by_value.size() <= kMaxValues || !by_value.begin()->first.is_number()) {
    for (auto& [value, accuracies] : by_value) groups.push_back(std::move(accuracies));
    return groups;
  }
  groups.resize(3);
  std::size_t seen = 0;
  for (const auto& [value, accuracies] : by_value)
    for (const double accuracy : accuracies) groups[3 * seen++ / scores.size()].push_back(accuracy);
  return groups;
}

}  // namespace

std::vector<std::pair<std::string, double>> importance_of(std::span<const std::string> fields,
                                                          std::span<const TrialScore> scores) {
  std::vector<std::pair<std::string, double>> importance;
  std::vector<double> all;
  for (const TrialScore& score : scores) all.push_back(score.accuracy);
  const double total = all.empty() ? 0 : squares_around(mean(all), all);
  for (const std::string& field : fields) {
    double within = 0;
    for (const std::vector<double>& group : groups_of(field, scores))
      within += squares_around(mean(group), group);
    importance.emplace_back(field, total > 0 ? 1 - within / total : 0);
  }
  std::ranges::stable_sort(importance, std::ranges::greater(),
                           &std::pair<std::string, double>::second);
  return importance;
}

}  // namespace trp
