#include "train/confusion.h"

#include <cmath>

#include "trp/predict.h"

namespace trp {
namespace {

/// 0/0 is NaN.
double share(Index part, Index whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

class Mean {
 public:
  void add(double value) {
    if (std::isnan(value)) return;
    sum_ += value;
    ++count_;
  }
  double value() const { return sum_ / count_; }

 private:
  double sum_ = 0;
  int count_ = 0;
};

}  // namespace

Confusion confusion_of(ConstTensorView logits, std::span<const std::uint8_t> labels) {
  Confusion confusion(logits.cols());
  for (Index row = 0; row < logits.rows(); ++row) {
    const std::span own(logits.row(row), static_cast<std::size_t>(logits.cols()));
    ++confusion(labels[static_cast<std::size_t>(row)], likeliest_classes(own, 1).front());
  }
  return confusion;
}

ClassScore class_score(const Confusion& confusion, Index which) {
  Index actual = 0, predicted = 0;
  for (Index other = 0; other < confusion.class_count; ++other) {
    actual += confusion(which, other);
    predicted += confusion(other, which);
  }
  const Index right = confusion(which, which);
  return {.sample_count = actual,
          .precision = share(right, predicted),
          .recall = share(right, actual),
          .f1 = share(2 * right, actual + predicted)};
}

ClassScore mean_score(const Confusion& confusion) {
  Index samples = 0;
  Mean precision, recall, f1;
  for (Index which = 0; which < confusion.class_count; ++which) {
    const ClassScore score = class_score(confusion, which);
    samples += score.sample_count;
    precision.add(score.precision);
    recall.add(score.recall);
    f1.add(score.f1);
  }
  return {samples, precision.value(), recall.value(), f1.value()};
}

}  // namespace trp
