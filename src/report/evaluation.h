#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/environment.h"
#include "system/line_writer.h"
#include "train/classification.h"
#include "trp/dataset.h"
#include "trp/mlp.h"
#include "trp/score.h"

namespace trp {

/// The score of a saved model on test data.
struct EvaluationReport {
  Environment environment = {};
  std::string model = {};    // its file
  std::string data = {};     // where the data came from, for people
  std::string weights = {};  // digest
  Score result;
  Confusion confusion = Confusion(0);
  double calibration_error = 0;
  std::vector<CalibrationRange> calibration = {};  // for pages
  std::vector<Mistake> mistakes = {};              // to draw
  std::vector<std::string> class_names = {};       // empty: they have numbers only
  const Dataset& samples;
};

/// Fills in what follows from the logits, a row for each sample, with so many mistakes.
void add_predictions(EvaluationReport& report, ConstTensorView logits, Index mistakes);

/// "7", or "7 Sneaker" if classes have names.
std::string class_text(const std::vector<std::string>& names, Index label);

/// "workers   2 on 2 CPUs, …": a line that says before a result how it is made, its label in bold
/// if colours are wanted.
std::string setting_line(std::string_view label, std::string_view text, bool color = false);

/// "90.00 % ± 3.00 %"
std::string accuracy_text(const Score& score);

/// "test accuracy  90.00 % ± 3.00 %   (loss 0.5000, 100 samples)", the accuracy in bold if colours
/// are wanted.
std::string test_accuracy_text(const Score& score, bool color);

/// Writes the accuracy, a table of the classes, the confusion matrix and the mistakes, for people.
void write_evaluation_text(LineWriter& out, const EvaluationReport& report, bool color);

/// Returns the one JSON document that holds all of it.
Json evaluation_document(const EvaluationReport& report);

/// Returns the values of a sample, and the least and the largest that any can have.
std::vector<float> sample_values(const Dataset& samples, Index row);
std::pair<float, float> value_range(const Dataset& samples);

/// How many mistakes a page shows.
inline constexpr Index kPageMistakes = 60;

/// Returns what a page tells of a network and its score, in HTML, and such a page.
std::string evaluation_sections(const EvaluationReport& report, const Mlp& mlp);
std::string evaluation_page(const EvaluationReport& report, const Mlp& mlp,
                            const std::string& command);

/// How the table of predictions begins.
inline constexpr std::string_view kPredictionsCsvStart = "index,label,prediction,loss";

/// Returns a table with a line for each sample: its number, its class and the one that it is taken
/// for, its loss and the probability of each class.
std::string predictions_csv(ConstTensorView logits, std::span<const std::uint8_t> labels);

}  // namespace trp
