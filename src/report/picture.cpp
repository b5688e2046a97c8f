#include "report/picture.h"

#include <algorithm>
#include <numeric>
#include <string_view>

#include <fmt/format.h>

namespace trp {
namespace {

constexpr std::string_view kShades = " .:-=+*#%@";

char shade_of(float value, float low, float high) {
  const float share = high > low ? (value - low) / (high - low) : 0;
  const auto last = static_cast<float>(kShades.size() - 1);
  return kShades[static_cast<std::size_t>(std::clamp(share * last + 0.5F, 0.0F, last))];
}

std::string slot_text(const PipelineSlot& slot) {
  switch (slot.work) {
    case PipelineSlot::Work::kIdle:
      return ".";
    case PipelineSlot::Work::kForward:
      return fmt::format("F{}", slot.micro_batch + 1);
    case PipelineSlot::Work::kBackward:
      return fmt::format("B{}", slot.micro_batch + 1);
  }
  return {};
}

}  // namespace

std::string picture_text(std::span<const float> values, std::span<const Index> shape, float low,
                         float high) {
  // What has one dimension is a row.
  const Index height = shape.size() > 1 ? shape[0] : 1;
  const Index width = shape.size() > 1 ? shape[1] : shape[0];
  const auto depth = values.size() / static_cast<std::size_t>(height * width);
  std::string text;
  for (Index row = 0; row < height; ++row) {
    std::string line;
    for (Index column = 0; column < width; ++column) {
      const auto pixel =
          values.subspan(static_cast<std::size_t>(row * width + column) * depth, depth);
      const float mean =
          std::accumulate(pixel.begin(), pixel.end(), 0.0F) / static_cast<float>(pixel.size());
      line.append(2, shade_of(mean, low, high));
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::vector<std::string> pipeline_picture(const PipelineSchedule& schedule, int max_slots) {
  const std::size_t width = fmt::formatted_size("F{}", schedule.micro_batch_count);
  std::vector<std::string> lines;
  for (const std::vector<PipelineSlot>& slots : schedule.slots) {
    const std::size_t shown = std::min(slots.size(), static_cast<std::size_t>(max_slots));
    std::string line = fmt::format("stage {:<2}", lines.size() + 1);
    for (std::size_t t = 0; t < shown; ++t)
      line += fmt::format(" {:<{}}", slot_text(slots[t]), width);
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(shown < slots.size() ? line + " ..." : line);
  }
  return lines;
}

}  // namespace trp
