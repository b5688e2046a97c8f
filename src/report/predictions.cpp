#include "report/predictions.h"

#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/text.h"
#include "report/json.h"
#include "trp/predict.h"

namespace trp {
namespace {

std::string text_line(std::span<const float> logits, const PredictionStyle& style) {
  const std::vector<float> all = style.probabilities ? probabilities(logits) : std::vector<float>();
  std::string line;
  for (const Index label : likeliest_classes(logits, style.top)) {
    const std::string name = style.class_names.empty()
                                 ? fmt::format("{}", label)
                                 : printable(style.class_names[static_cast<std::size_t>(label)]);
    line += fmt::format("{}{}", line.empty() ? "" : " ", name);
    if (style.probabilities) line += fmt::format(" {:.6f}", all[static_cast<std::size_t>(label)]);
  }
  return line;
}

std::string json_line(std::span<const float> logits, std::int64_t sample,
                      const PredictionStyle& style) {
  const std::vector<Index> labels = likeliest_classes(logits, style.top);
  Json object = {{"sample", sample}, {"label", labels.front()}};
  if (!style.class_names.empty())
    object["name"] = style.class_names[static_cast<std::size_t>(labels.front())];
  if (style.top > 1) object["top"] = labels;
  if (style.probabilities) object["probabilities"] = probabilities(logits);
  return to_text(object);
}

}  // namespace

void write_predictions(LineWriter& out, ConstTensorView logits, std::int64_t first_sample,
                       const PredictionStyle& style) {
  std::string lines;
  for (Index row = 0; row < logits.rows(); ++row) {
    const std::span<const float> own(logits.row(row), static_cast<std::size_t>(logits.cols()));
    if (row > 0) lines += '\n';
    lines += style.format == OutputFormat::kJsonLines ? json_line(own, first_sample + row, style)
                                                      : text_line(own, style);
  }
  out.write_line(lines);
}

}  // namespace trp
