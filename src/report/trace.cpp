#include "report/trace.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "measure/timeline.h"
#include "report/json.h"
#include "strategy/phase.h"

namespace trp {
namespace {

const std::string kTraceBegin = R"({"displayTimeUnit":"ms","traceEvents":[)";
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
  if (is_flow(slice))
    return fmt::format("{} {}", kPhaseWords[static_cast<std::size_t>(slice.phase)], slice.item + 1);
  return std::string(kPhaseWords[static_cast<std::size_t>(slice.phase)]);
}

/// The fields that all events have; `type` is the letter that the format gives them.
Json event_of(const char* type, std::size_t worker, const std::string& name) {
  return {{"ph", type}, {"name", name}, {"pid", kProcess}, {"tid", thread_of(worker)}};
}

Json metadata(const char* what, std::size_t worker, const std::string& name) {
  Json event = event_of("M", worker, what);
  event["args"] = {{"name", name}};
  return event;
}

Json slice_event(const Slice& slice, std::size_t worker) {
  const double begin = microseconds(slice.begin);
  if (is_counter(slice)) {
    Json event = event_of("C", 0, "batches ready");
    event.update({{"ts", begin}, {"args", {{"batches", slice.item}}}});
    return event;
  }
  Json event = event_of("X", worker, name_of(slice, worker));
  event.update({{"cat", "phase"},
                {"ts", begin},
                {"dur", std::round((microseconds(slice.end) - begin) * 1e3) / 1e3}});
  return event;
}

struct Visit {
  Slice slice;
  std::size_t worker = 0;
};

/// A micro-batch on its way: from one visit to the next.
template <class Write>
void write_flow(std::vector<Visit> visits, int id, const Write& write) {
  if (visits.size() < 2) return;
  std::ranges::sort(visits, {}, [](const Visit& visit) { return visit.slice.begin; });
  for (const Visit& visit : visits) {
    const char* type = &visit == &visits.front() ? "s" : &visit == &visits.back() ? "f" : "t";
    Json event = event_of(type, visit.worker, fmt::format("micro-batch {}", visit.slice.item + 1));
    event.update({{"cat", "micro-batch"},
                  {"bp", "e"},
                  {"id", id},
                  {"ts", microseconds((visit.slice.begin + visit.slice.end) / 2)}});
    write(event);
  }
}

}  // namespace

void write_trace(const PhaseRecorder& recorder, const std::string& title,
                 const std::function<void(std::string_view)>& write) {
  constexpr std::size_t kPieceBytes = 1 << 16;
  std::string piece = kTraceBegin + json_text(metadata("process_name", 0, title));
  const auto write_next = [&](const Json& event) {
    piece += ",\n" + json_text(event);
    if (piece.size() < kPieceBytes) return;
    write(piece);
    piece.clear();
  };
  std::map<std::pair<int, int>, std::vector<Visit>> visits;  // of each step and micro-batch
  for (std::size_t w = 0; w < static_cast<std::size_t>(recorder.worker_count()); ++w) {
    write_next(metadata("thread_name", w, fmt::format("worker {}", w + 1)));
    for (const Slice& slice : worker_slices(recorder, static_cast<int>(w))) {
      write_next(slice_event(slice, w));
      if (is_flow(slice)) visits[{slice.step, slice.item}].push_back({slice, w});
    }
  }
  int id = 0;
  for (auto& [key, of_micro_batch] : visits)
    write_flow(std::move(of_micro_batch), ++id, write_next);
  write(piece + "]}\n");
}

}  // namespace trp
