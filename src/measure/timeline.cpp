#include "measure/timeline.h"

#include <algorithm>

namespace trp {
namespace {

/// Whether it is worker 0's slice of a fork-join; in tasks there may be waits at barriers too.
bool is_fork_join(const Slice& slice) { return slice.phase == Phase::kBarrier && slice.depth == 1; }

Slice slice_of(const PhaseRecorder& recorder, const PhaseEvent& event) {
  return {.phase = static_cast<Phase>(event.phase),
          .item = event.item,
          .step = event.step,
          .depth = 0,
          .begin = recorder.seconds_at(event.begin),
          .end = recorder.seconds_at(event.end)};
}

/// Outer before inner. Of slices of the same time the one that was recorded later is the outer one.
std::vector<Slice> nest(std::vector<Slice> slices) {
  std::ranges::reverse(slices);
  std::ranges::stable_sort(slices, [](const Slice& a, const Slice& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
  });
  std::vector<double> ends;  // of the slices around the one at hand
  for (Slice& slice : slices) {
    while (!ends.empty() && ends.back() <= slice.begin && ends.back() < slice.end) ends.pop_back();
    slice.depth = static_cast<int>(ends.size());
    ends.push_back(slice.end);
  }
  return slices;
}

std::vector<Slice> own_slices(const PhaseRecorder& recorder, int worker) {
  std::vector<Slice> slices;
  for (const PhaseEvent& event : recorder.events(worker))
    slices.push_back(slice_of(recorder, event));
  return nest(std::move(slices));
}

}  // namespace

std::vector<Slice> worker_slices(const PhaseRecorder& recorder, int worker) {
  std::vector<Slice> slices = own_slices(recorder, worker);
  if (worker == 0 || !recorder.is_own(worker)) return slices;
  const bool concerns_all = recorder.own_worker_count() <= recorder.times().cpus;
  std::vector<Slice> joins;
  for (const Slice& join : own_slices(recorder, 0)) {
    if (!is_fork_join(join)) continue;
    const auto begins_in_it = [&](const Slice& task) {
      return task.begin >= join.begin && task.begin <= join.end;
    };
    if (concerns_all || std::ranges::any_of(slices, begins_in_it)) joins.push_back(join);
  }
  // After its tasks, as if it had been recorded at its end.
  std::ranges::reverse(slices);
  slices.insert(slices.end(), joins.begin(), joins.end());
  return nest(std::move(slices));
}

std::vector<Slice> flatten(const std::vector<Slice>& slices) {
  std::vector<Slice> flat;
  std::vector<Slice> open;
  double now = 0;
  const auto advance = [&](double until) {
    if (!open.empty() && until > now) {
      Slice piece = open.back();
      piece.depth = 0;
      piece.begin = now;
      piece.end = until;
      if (!flat.empty() && flat.back().end == now && flat.back().phase == piece.phase &&
          flat.back().item == piece.item && flat.back().step == piece.step) {
        flat.back().end = until;
      } else {
        flat.push_back(piece);
      }
    }
    now = std::max(now, until);
  };
  const auto close_until = [&](std::size_t depth) {
    while (open.size() > depth) {
      advance(open.back().end);
      open.pop_back();
    }
  };
  for (const Slice& slice : slices) {
    close_until(static_cast<std::size_t>(slice.depth));
    advance(slice.begin);
    open.push_back(slice);
  }
  close_until(0);
  return flat;
}

int typical_step(const PhaseRecorder& recorder) {
  std::vector<Slice> steps = own_slices(recorder, 0);
  std::erase_if(steps, [](const Slice& slice) { return slice.depth > 0; });
  if (steps.empty()) return -1;
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::ranges::nth_element(steps, middle, {}, [](const Slice& s) { return s.end - s.begin; });
  return middle->step;
}

}  // namespace trp
