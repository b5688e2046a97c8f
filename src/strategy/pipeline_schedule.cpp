#include "strategy/pipeline_schedule.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

namespace trp {
namespace {

using Work = PipelineSlot::Work;

/// What a stage does, without its idle slots.
std::vector<PipelineSlot> work_of_stage(PipelineScheduleKind kind, int stage, int stage_count,
                                        int micro_batch_count) {
  // So many go forward before the first comes back; from then on they alternate.
  const int ahead = kind == PipelineScheduleKind::kGpipe
                        ? micro_batch_count
                        : std::min(stage_count - stage, micro_batch_count);
  std::vector<PipelineSlot> work;
  for (int i = 0; i < micro_batch_count + ahead; ++i) {
    if (i < micro_batch_count) work.push_back({Work::kForward, i});
    if (i + 1 >= ahead && i + 1 - ahead < micro_batch_count)
      work.push_back({Work::kBackward, i + 1 - ahead});
  }
  return work;
}

/// How many micro-batches have gone through a stage.
struct Progress {
  int forward = 0;
  int backward = 0;
};

bool is_ready(const PipelineSlot& slot, int stage, const std::vector<Progress>& ended) {
  const auto s = static_cast<std::size_t>(stage);
  if (slot.work == Work::kForward) return stage == 0 || slot.micro_batch < ended[s - 1].forward;
  if (s + 1 == ended.size()) return slot.micro_batch < ended[s].forward;
  return slot.micro_batch < ended[s + 1].backward;
}

}  // namespace

PipelineSchedule make_pipeline_schedule(PipelineScheduleKind kind, int stage_count,
                                        int micro_batch_count) {
  assert(stage_count >= 1 && micro_batch_count >= 1);
  const auto p = static_cast<std::size_t>(stage_count);
  PipelineSchedule schedule{kind, stage_count, micro_batch_count,
                            std::vector<std::vector<PipelineSlot>>(p)};
  std::vector<std::vector<PipelineSlot>> work;
  for (int stage = 0; stage < stage_count; ++stage)
    work.push_back(work_of_stage(kind, stage, stage_count, micro_batch_count));

  std::vector<std::size_t> next(p);
  std::vector<Progress> ended(p);
  while (ended.front().backward < micro_batch_count) {
    const std::vector<Progress> ended_before = ended;
    for (std::size_t s = 0; s < p; ++s) {
      PipelineSlot slot;
      if (next[s] < work[s].size() && is_ready(work[s][next[s]], static_cast<int>(s), ended_before))
        slot = work[s][next[s]++];
      ended[s].forward += slot.work == Work::kForward;
      ended[s].backward += slot.work == Work::kBackward;
      schedule.slots[s].push_back(slot);
    }
  }
  return schedule;
}

int most_live_micro_batches(const PipelineSchedule& schedule, int stage) {
  int live = 0;
  int most = 0;
  for (const PipelineSlot& slot : schedule.slots[static_cast<std::size_t>(stage)]) {
    if (slot.work == Work::kForward) most = std::max(most, ++live);
    if (slot.work == Work::kBackward) --live;
  }
  return most;
}

double predicted_bubble(int stage_count, int micro_batch_count) {
  return static_cast<double>(stage_count - 1) /
         static_cast<double>(micro_batch_count + stage_count - 1);
}

std::vector<Range> divide_into_stages(std::span<const Index> layer_costs, int stage_count) {
  const std::size_t layer_count = layer_costs.size();
  assert(stage_count >= 1 && static_cast<std::size_t>(stage_count) <= layer_count);
  // least[l]: the cost of the costliest range when layers l, l + 1, … are cut into the stages
  // considered so far; first_end[stage][l]: where the first of these ranges ends.
  std::vector<Index> least(layer_count);
  std::vector<std::vector<std::size_t>> first_end;
  Index cost = 0;
  for (std::size_t l = layer_count; l-- > 0;) least[l] = cost += layer_costs[l];
  first_end.emplace_back(layer_count, layer_count);
  for (std::size_t stages = 2; stages <= static_cast<std::size_t>(stage_count); ++stages) {
    std::vector<std::size_t> ends(layer_count);
    std::vector<Index> least_before = least;
    for (std::size_t l = 0; l + stages <= layer_count; ++l) {
      Index first = 0;
      for (std::size_t end = l + 1; end + stages - 1 <= layer_count; ++end) {
        first += layer_costs[end - 1];
        const Index costliest = std::max(first, least_before[end]);
        if (end > l + 1 && costliest >= least[l]) continue;
        least[l] = costliest;
        ends[l] = end;
      }
    }
    first_end.push_back(std::move(ends));
  }

  std::vector<Range> stages;
  std::size_t begin = 0;
  for (std::size_t s = static_cast<std::size_t>(stage_count); s-- > 0;) {
    const std::size_t end = first_end[s][begin];
    stages.push_back({static_cast<Index>(begin), static_cast<Index>(end)});
    begin = end;
  }
  return stages;
}

}  // namespace trp
