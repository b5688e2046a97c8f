#pragma once

#include <string>
#include <string_view>

#include "profile/recorder.h"

namespace trp {

/// A trace starts with these characters.
inline constexpr std::string_view kTraceStart = R"({"displayTimeUnit":"ms","traceEvents":[)";

/// Returns the traced steps of a training as Chrome trace events (Google, "Trace Event Format"),
/// which ui.perfetto.dev, chrome://tracing and speedscope read. Each worker has a row with what it
/// did as nested events, in microseconds from the beginning of training. Micro-batches are flows
/// from stage to stage, and the batches that loaders had ready are a counter.
std::string trace_json(const PhaseRecorder& recorder, const std::string& title);

}  // namespace trp
