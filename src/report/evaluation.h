#pragma once

#include <string>
#include <string_view>

#include "report/environment.h"
#include "system/line_writer.h"
#include "train/confusion.h"
#include "trp/score.h"

namespace trp {

/// The score of a saved model on test data.
struct EvaluationReport {
  Environment environment;
  std::string model;    // its file
  std::string data;     // where the data came from, for people
  std::string weights;  // digest
  Score result;
  Confusion confusion;
};

/// "workers   2 on 2 CPUs, …": a line that says before a result how it is made, its label in bold
/// if colours are wanted.
std::string setting_line(std::string_view label, std::string_view text, bool color = false);

/// "test accuracy  90.00 % ± 3.00 %   (loss 0.5000, 100 samples)", the accuracy in bold if colours
/// are wanted.
std::string test_accuracy_text(const Score& score, bool color);

/// Writes the accuracy, a table of the classes and the confusion matrix, for people.
void write_evaluation_text(LineWriter& out, const EvaluationReport& report, bool color);

/// Writes one JSON document, on a line.
void write_evaluation_json(LineWriter& out, const EvaluationReport& report);

}  // namespace trp
