#include "report/predictions.h"

#include <span>

#include <fmt/format.h>

#include "core/text.h"
#include "report/environment.h"
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

Json object_of(std::span<const float> logits, std::int64_t sample, const PredictionStyle& style) {
  const std::vector<Index> labels = likeliest_classes(logits, style.top);
  Json object = {{"sample", sample}, {"label", labels.front()}};
  if (!style.class_names.empty())
    object["name"] = style.class_names[static_cast<std::size_t>(labels.front())];
  if (style.top > 1) object["top"] = labels;
  if (!style.probabilities) return object;
  const std::vector<float> all = probabilities(logits);
  if (style.format != OutputFormat::kCsv) {
    object["probabilities"] = all;
  } else {
    for (std::size_t c = 0; c < all.size(); ++c) object[fmt::format("p{}", c)] = all[c];
  }
  return object;
}

std::string line_of(std::span<const float> logits, std::int64_t sample,
                    const PredictionStyle& style) {
  if (style.format == OutputFormat::kText) return text_line(logits, style);
  const Json object = object_of(logits, sample, style);
  if (style.format == OutputFormat::kJsonLines) return json_text(object);
  if (style.format == OutputFormat::kJson)
    return fmt::format("{}{}", sample > 0 ? "," : "", json_text(object));
  return sample > 0 ? csv_row(object) : fmt::format("{}\n{}", csv_header(object), csv_row(object));
}

}  // namespace

void write_predictions(LineWriter& out, ConstTensorView logits, std::int64_t first_sample,
                       const PredictionStyle& style) {
  std::string lines;
  for (Index row = 0; row < logits.rows(); ++row) {
    const std::span<const float> own(logits.row(row), static_cast<std::size_t>(logits.cols()));
    if (row > 0) lines += '\n';
    lines += line_of(own, first_sample + row, style);
  }
  out.write_line(lines);
}

void begin_predictions(LineWriter& out, const std::string& model, const std::string& images,
                       OutputFormat format) {
  if (format != OutputFormat::kJson) return;
  Json document = document_of("predictions", this_environment());
  document.update({{"model", model}, {"images", images}, {"predictions", Json::array()}});
  std::string text = json_text(document);
  text.resize(text.size() - 2);  // the end of the list and of the document are still to come
  out.write_line(text);
}

void end_predictions(LineWriter& out, OutputFormat format) {
  if (format == OutputFormat::kJson) out.write_line("]}");
}

}  // namespace trp
