#include "report/evaluation.h"

#include <nlohmann/json.hpp>

#include "catch.h"
#include "report/sample_run.h"

namespace trp {
namespace {

/// Ten images of 1 × 2 bytes, of which the last four are of class 1.
const Dataset& sample_images() {
  static const Dataset images = {
      .bytes = {0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 255, 128},
      .values = {},
      .sample_shape = {1, 2},
      .sample_count = 10,
      .feature_count = 2,
      .labels = {0, 0, 0, 0, 0, 0, 1, 1, 1, 1}};
  return images;
}

EvaluationReport sample_report() {
  EvaluationReport report{.environment = sample_environment(),
                          .model = "model.npz",
                          .data = "/some/folder",
                          .weights = "xxh128:00",
                          .result = {.loss = 0.5, .accuracy = 0.6, .sample_count = 10},
                          .confusion = Confusion(2),
                          .calibration_error = 0.125,
                          .samples = sample_images()};
  report.confusion(0, 0) = 6;
  report.confusion(1, 0) = 4;
  return report;
}

TEST_CASE("an evaluation for people is three tables") {
  CapturedLines lines;
  write_evaluation_text(lines.writer(), sample_report(), false);
  CHECK(lines.text() ==
        "test accuracy  60.00 % ± 15.49 %   (loss 0.5000, 10 samples)\n"
        "calibration    12.50 %   (how far probabilities are from the truth)\n"
        "weights        xxh128:00\n"
        "\n"
        "class  samples  precision   recall       F1\n"
        "    0        6     60.00%  100.00%   75.00%\n"
        "    1        4          -    0.00%    0.00%\n"
        " mean       10     30.00%   50.00%   37.50%\n"
        "\n"
        "Confusion matrix: a row for each class, a column for each predicted class\n"
        "class  0  1\n"
        "    0  6  0\n"
        "    1  4  0\n");
}

TEST_CASE("colour changes nothing but the looks") {
  CapturedLines plain, colored;
  write_evaluation_text(plain.writer(), sample_report(), false);
  write_evaluation_text(colored.writer(), sample_report(), true);
  std::string text = colored.text();
  CHECK(text != plain.text());
  for (std::size_t at; (at = text.find('\x1b')) != std::string::npos;)
    text.erase(at, text.find('m', at) + 1 - at);
  CHECK(text == plain.text());
}

TEST_CASE("an evaluation as JSON is one line, with null for what is no number") {
  CapturedLines lines;
  lines.writer().write_line(json_text(evaluation_document(sample_report())));
  CHECK(lines.text().find('\n') == lines.text().size() - 1);
  const auto json = nlohmann::ordered_json::parse(lines.text());
  std::vector<std::string> keys;
  for (const auto& item : json.items()) keys.push_back(item.key());
  CHECK(keys == std::vector<std::string>{
                    "event", "schema", "time", "host", "cpu", "cpus", "build", "model", "data",
                    "test_samples", "test_loss", "test_accuracy", "test_accuracy_stderr",
                    "calibration_error", "weights", "mean", "classes", "confusion", "mistakes"});
  CHECK(json["classes"][1]["class"] == 1);
  CHECK(json["classes"][1]["precision"].is_null());
  CHECK(json["classes"][0]["recall"] == 1.0);
  CHECK(json["mean"]["f1"] == 0.375);
  CHECK(json["confusion"] == nlohmann::ordered_json::parse("[[6,0],[4,0]]"));
}

}  // namespace
}  // namespace trp
