#include "strategy/pipeline_schedule.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <iterator>
#include <numeric>

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

/// Returns how many ranges there are if each takes as many layers as cost no more than the limit.
int count_ranges(std::span<const Index> layer_costs, Index limit) {
  int count = 1;
  Index cost = 0;
  for (const Index of_layer : layer_costs) {
    if (cost + of_layer > limit) {
      ++count;
      cost = 0;
    }
    cost += of_layer;
  }
  return count;
}

/// Returns the cost of the costliest of `range_count` ranges when the layers are cut in the way
/// that makes it lowest, by bisection.
Index lowest_maximum(std::span<const Index> layer_costs, int range_count) {
  Index low = *std::ranges::max_element(layer_costs);
  Index high = std::accumulate(layer_costs.begin(), layer_costs.end(), Index{0});
  while (low < high) {
    const Index middle = low + (high - low) / 2;
    if (count_ranges(layer_costs, middle) <= range_count)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
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

int max_live_micro_batches(const PipelineSchedule& schedule, int stage) {
  int live = 0;
  int max_live = 0;
  for (const PipelineSlot& slot : schedule.slots[static_cast<std::size_t>(stage)]) {
    if (slot.work == Work::kForward) max_live = std::max(max_live, ++live);
    if (slot.work == Work::kBackward) --live;
  }
  return max_live;
}

double predicted_bubble(int stage_count, int micro_batch_count) {
  return static_cast<double>(stage_count - 1) /
         static_cast<double>(micro_batch_count + stage_count - 1);
}

std::vector<Range> divide_into_stages(std::span<const Index> layer_costs, int stage_count) {
  assert(stage_count >= 1 && static_cast<std::size_t>(stage_count) <= layer_costs.size());
  std::vector<Range> stages;
  std::size_t begin = 0;
  for (int after = stage_count - 1; after > 0; --after) {
    const auto layers = layer_costs.subspan(begin);
    const Index limit = lowest_maximum(layers, after + 1);
    std::size_t size = 1;
    while (lowest_maximum(layers.subspan(size), after) > limit) ++size;
    stages.push_back({static_cast<Index>(begin), static_cast<Index>(begin + size)});
    begin += size;
  }
  stages.push_back({static_cast<Index>(begin), std::ssize(layer_costs)});
  return stages;
}

}  // namespace trp
