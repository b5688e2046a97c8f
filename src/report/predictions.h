#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/json.h"
#include "system/line_writer.h"
#include "trp/tensor.h"

namespace trp {

struct PredictionStyle {
  OutputFormat format = OutputFormat::kText;
  bool probabilities = false;
  Index top = 1;                              // how many of the likeliest classes
  std::vector<std::string> class_names = {};  // empty: they have numbers only
};

/// Writes a line for each row of logits. In text it has the `top` likeliest classes, each followed
/// by its probability if those are wanted, with spaces between; in JSON it is an object with the
/// sample's number, counted on from `first_sample`, and its label; in CSV it has the same fields,
/// under a header before sample 0. Classes that have names are called by them in text. All lines
/// are written before this returns, so that whoever reads them can go on.
void write_predictions(LineWriter& out, ConstTensorView logits, std::int64_t first_sample,
                       const PredictionStyle& style);

/// What surrounds these lines in a JSON document, which has the same objects; nothing in other
/// formats.
void begin_predictions(LineWriter& out, const std::string& model, const std::string& images,
                       OutputFormat format);
void end_predictions(LineWriter& out, OutputFormat format);

}  // namespace trp
