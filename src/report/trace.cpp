#include "report/trace.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "measure/timeline.h"
#include "report/json.h"
#include "report/time.h"

namespace trp {
namespace {

constexpr int kProcess = 1;

/// In whole nanoseconds, so that what is nested stays so.
double microseconds(double seconds) { return std::round(seconds * 1e9) / 1e3; }

int thread_of(std::size_t worker) { return static_cast<int>(worker) + 1; }

/// The sample of how many batches were ready, which lies in the wait for one.
bool is_counter(const Slice& slice) { return slice.phase == Phase::kLoad && slice.item >= 0; }

bool is_flow(const Slice& slice) { return slice.phase != Phase::kLoad && slice.item >= 0; }

std::string name_of(const Slice& slice, std::size_t worker) {
  if (slice.phase == Phase::kOther)
    return worker == 0 && slice.depth == 0 ? fmt::format("step {}", slice.step + 1) : "task";
  if (slice.phase == Phase::kBarrier && slice.depth == (worker == 0 ? 1 : 0)) return "fork-join";
  if (is_flow(slice)) return fmt::format("{} {}", word_of(slice.phase), slice.item + 1);
  return std::string(word_of(slice.phase));
}

Json metadata(const char* what, int thread, const std::string& name) {
  return {
      {"ph", "M"}, {"name", what}, {"pid", kProcess}, {"tid", thread}, {"args", {{"name", name}}}};
}

Json complete_event(const Slice& slice, std::size_t worker) {
  const double begin = microseconds(slice.begin);
  return {{"ph", "X"},
          {"name", name_of(slice, worker)},
          {"cat", "phase"},
          {"pid", kProcess},
          {"tid", thread_of(worker)},
          {"ts", begin},
          {"dur", std::round((microseconds(slice.end) - begin) * 1e3) / 1e3}};
}

Json counter_event(const Slice& slice) {
  return {{"ph", "C"},
          {"name", "batches ready"},
          {"pid", kProcess},
          {"tid", thread_of(0)},
          {"ts", microseconds(slice.begin)},
          {"args", {{"batches", slice.item}}}};
}

struct Visit {
  Slice slice;
  std::size_t worker = 0;
};

/// A micro-batch on its way: from one visit to the next.
void add_flow(Json& events, std::vector<Visit> visits, int id) {
  if (visits.size() < 2) return;
  std::ranges::sort(visits, {}, [](const Visit& visit) { return visit.slice.begin; });
  for (const Visit& visit : visits) {
    const char* phase = &visit == &visits.front() ? "s" : &visit == &visits.back() ? "f" : "t";
    events.push_back({{"ph", phase},
                      {"bp", "e"},
                      {"id", id},
                      {"name", fmt::format("micro-batch {}", visit.slice.item + 1)},
                      {"cat", "micro-batch"},
                      {"pid", kProcess},
                      {"tid", thread_of(visit.worker)},
                      {"ts", microseconds((visit.slice.begin + visit.slice.end) / 2)}});
  }
}

}  // namespace

std::string trace_json(const PhaseRecorder& recorder, const std::string& title) {
  Json events = Json::array();
  events.push_back(metadata("process_name", 0, title));
  std::map<std::pair<int, int>, std::vector<Visit>> visits;  // of each step and micro-batch
  for (std::size_t worker = 0; worker < static_cast<std::size_t>(recorder.worker_count());
       ++worker) {
    events.push_back(
        metadata("thread_name", thread_of(worker), fmt::format("worker {}", worker + 1)));
    for (const Slice& slice : worker_slices(recorder, static_cast<int>(worker))) {
      events.push_back(is_counter(slice) ? counter_event(slice) : complete_event(slice, worker));
      if (is_flow(slice)) visits[{slice.step, slice.item}].push_back({slice, worker});
    }
  }
  int id = 0;
  for (auto& [key, of_micro_batch] : visits) add_flow(events, std::move(of_micro_batch), ++id);
  const Json document = {{"displayTimeUnit", "ms"}, {"traceEvents", std::move(events)}};
  return to_text(document) + '\n';
}

}  // namespace trp
