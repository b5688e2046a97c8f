#pragma once

#include <string>

#include "system/line_writer.h"
#include "train/confusion.h"
#include "trp/score.h"

namespace trp {

/// The score of a saved model on test data.
struct EvaluationReport {
  std::string model;    // its file
  std::string data;     // where the data came from, for people
  std::string weights;  // digest
  Score result;
  Confusion confusion;
};

/// The accuracy, a table of the classes and the confusion matrix, for people.
void write_evaluation_text(LineWriter& out, const EvaluationReport& report, bool color);

/// One JSON object, schema 1; what is not a number is null.
void write_evaluation_json(LineWriter& out, const EvaluationReport& report);

}  // namespace trp
