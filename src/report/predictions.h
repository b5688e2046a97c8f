#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/json.h"
#include "system/line_writer.h"
#include "trp/tensor.h"

namespace trp {

struct PredictionStyle {
  OutputFormat format = OutputFormat::kText;  // or kJsonLines
  bool probabilities = false;
  Index top = 1;                              // how many of the likeliest classes
  std::vector<std::string> class_names = {};  // empty: they have numbers only
};

/// Writes a line for each row of logits. In text it has the `top` likeliest classes, each followed
/// by its probability if those are wanted, with spaces between; in JSON it is an object with the
/// sample's number, counted on from `first_sample`, and its label. Classes that have names are
/// called by them in text. All lines are written before
/// this returns, so that whoever reads them can go on.
void write_predictions(LineWriter& out, ConstTensorView logits, std::int64_t first_sample,
                       const PredictionStyle& style);

}  // namespace trp
