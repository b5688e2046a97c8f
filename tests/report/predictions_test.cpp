#include "report/predictions.h"

#include "catch.h"
#include "report/sample_run.h"

namespace trp {
namespace {

std::string written(const PredictionStyle& style) {
  Tensor logits(2, 3);
  const float values[2][3] = {{0, 2, 1}, {-1, -1, -1}};
  for (Index row = 0; row < 2; ++row)
    for (Index c = 0; c < 3; ++c) logits(row, c) = values[row][c];
  CapturedLines lines;
  write_predictions(lines.writer(), logits.view(), 40, style);
  return lines.text();
}

TEST_CASE("a line per sample, with as many classes and probabilities as are wanted") {
  CHECK(written({}) == "1\n0\n");
  CHECK(written({.top = 3}) == "1 2 0\n0 1 2\n");
  CHECK(written({.probabilities = true}) == "1 0.665241\n0 0.333333\n");
  CHECK(written({.probabilities = true, .top = 2}) ==
        "1 0.665241 2 0.244728\n0 0.333333 1 0.333333\n");
}

TEST_CASE("JSON lines count the samples") {
  CHECK(written({.format = OutputFormat::kJsonLines}) ==
        "{\"sample\":40,\"label\":1}\n{\"sample\":41,\"label\":0}\n");
  CHECK(written({.format = OutputFormat::kJsonLines, .top = 2}) ==
        "{\"sample\":40,\"label\":1,\"top\":[1,2]}\n{\"sample\":41,\"label\":0,\"top\":[0,1]}\n");
  CHECK(written({.format = OutputFormat::kJsonLines, .probabilities = true})
            .starts_with("{\"sample\":40,\"label\":1,\"probabilities\":[0.0900"));
}

}  // namespace
}  // namespace trp
