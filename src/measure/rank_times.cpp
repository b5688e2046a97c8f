#include "measure/rank_times.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "cluster/cluster.h"
#include "measure/timeline.h"

namespace trp {
namespace {

template <class Value>
std::string as_text(const std::vector<Value>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value)};
}

template <class Value>
std::vector<Value> of_text(const std::string& text) {
  std::vector<Value> values(text.size() / sizeof(Value));
  if (!values.empty()) std::memcpy(values.data(), text.data(), text.size());
  return values;
}

}  // namespace

void add_workers_of_ranks(Cluster& cluster, PhaseRecorder& recorder) {
  const auto nanoseconds = [](double seconds) { return static_cast<std::int64_t>(seconds * 1e9); };
  const PhaseTimes own = recorder.times();
  std::vector<PhaseEvent> events;  // of all workers, each from the last on, inner ones first
  std::vector<std::int64_t> counts;
  for (int worker = 0; worker < recorder.worker_count(); ++worker) {
    std::vector<Slice> slices = worker_slices(recorder, worker);
    std::ranges::reverse(slices);
    for (const Slice& slice : slices)
      events.push_back({static_cast<std::int16_t>(slice.phase),
                        static_cast<std::int16_t>(slice.item), slice.step, nanoseconds(slice.begin),
                        nanoseconds(slice.end)});
    counts.push_back(std::ssize(slices));
  }
  const auto of_ranks = [&cluster](const auto& values) { return cluster.texts(as_text(values)); };
  const auto all_times = of_ranks(own.workers), all_counts = of_ranks(counts),
             all_events = of_ranks(events), all_cpus = of_ranks(std::vector{own.cpus});
  if (cluster.rank() > 0) return;  // whose recorder nobody asks
  for (std::size_t rank = 1; rank < all_times.size(); ++rank) {
    recorder.add_cpus(of_text<int>(all_cpus[rank])[0]);
    const auto times_there = of_text<WorkerTimes>(all_times[rank]);
    const auto counts_there = of_text<std::int64_t>(all_counts[rank]);
    const auto events_there = of_text<PhaseEvent>(all_events[rank]);
    auto event = events_there.begin();
    for (std::size_t w = 0; w < times_there.size(); ++w) {
      recorder.add_worker(times_there[w], {event, event + counts_there[w]});
      event += counts_there[w];
    }
  }
}

}  // namespace trp
