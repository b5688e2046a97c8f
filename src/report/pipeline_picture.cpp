#include "report/pipeline_picture.h"

#include <algorithm>

#include <fmt/format.h>

namespace trp {
namespace {

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

std::vector<std::string> pipeline_picture(const PipelineSchedule& schedule, int most_slots) {
  const std::size_t width = fmt::formatted_size("F{}", schedule.micro_batch_count);
  std::vector<std::string> lines;
  for (const std::vector<PipelineSlot>& slots : schedule.slots) {
    const std::size_t shown = std::min(slots.size(), static_cast<std::size_t>(most_slots));
    std::string line = fmt::format("stage {:<2}", lines.size() + 1);
    for (std::size_t t = 0; t < shown; ++t)
      line += fmt::format(" {:<{}}", slot_text(slots[t]), width);
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(shown < slots.size() ? line + " ..." : line);
  }
  return lines;
}

}  // namespace trp
