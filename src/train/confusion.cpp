#include "train/confusion.h"

#include <cmath>

#include "trp/predict.h"

namespace trp {
namespace {

/// 0/0 is NaN.
double share(Index part, Index whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

/// Returns the mean of a figure over the classes that have samples; one that is NaN counts as 0.
double mean_of(const std::vector<ClassScore>& scores, double ClassScore::*figure) {
  double sum = 0;
  int count = 0;
  for (const ClassScore& score : scores) {
    if (score.sample_count == 0) continue;
    if (!std::isnan(score.*figure)) sum += score.*figure;
    ++count;
  }
  return sum / count;
}

}  // namespace

Confusion confusion_of(ConstTensorView logits, std::span<const std::uint8_t> labels) {
  Confusion confusion(logits.cols());
  for (Index row = 0; row < logits.rows(); ++row) {
    const std::span own(logits.row(row), static_cast<std::size_t>(logits.cols()));
    ++confusion(labels[static_cast<std::size_t>(row)], likeliest_classes(own, 1).front());
  }
  return confusion;
}

ClassScore class_score(const Confusion& confusion, Index label) {
  Index actual = 0, predicted = 0;
  for (Index other = 0; other < confusion.class_count; ++other) {
    actual += confusion(label, other);
    predicted += confusion(other, label);
  }
  const Index right = confusion(label, label);
  return {.sample_count = actual,
          .precision = share(right, predicted),
          .recall = share(right, actual),
          .f1 = share(2 * right, actual + predicted)};
}

ClassScore mean_score(const Confusion& confusion) {
  std::vector<ClassScore> scores;
  Index samples = 0;
  for (Index label = 0; label < confusion.class_count; ++label) {
    scores.push_back(class_score(confusion, label));
    samples += scores.back().sample_count;
  }
  return {samples, mean_of(scores, &ClassScore::precision), mean_of(scores, &ClassScore::recall),
          mean_of(scores, &ClassScore::f1)};
}

}  // namespace trp
