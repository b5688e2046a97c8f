#pragma once

#include <cstdint>

#include "system/line_writer.h"
#include "trp/tensor.h"

namespace trp {

struct PredictionStyle {
  bool json_lines = false;
  bool probabilities = false;
  Index top = 1;  // so many of the likeliest classes
};

/// A line for each row of logits. Text: the `top` likeliest classes, each followed by its
/// probability if those are wanted, with spaces between. JSON: an object with the sample's number,
/// counted on from `first_sample`, and its label.
///
/// The lines are written at once, so that whoever reads them can go on.
void write_predictions(LineWriter& out, ConstTensorView logits, std::int64_t first_sample,
                       const PredictionStyle& style);

}  // namespace trp
