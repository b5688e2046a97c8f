#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "profile/recorder.h"

namespace trp {

/// A trace starts with these characters, in which the title begins.
inline constexpr std::string_view kTraceTitle = "tensor_relu_parallel";
inline constexpr std::string_view kTraceStart =
    R"({"displayTimeUnit":"ms","traceEvents":[{"ph":"M","name":"process_name","pid":1,"tid":1,"args":{"name":"tensor_relu_parallel)";

/// Hands the traced steps of a training to `write`, event by event, as Chrome trace events (Google,
/// "Trace Event Format"), which ui.perfetto.dev, chrome://tracing and speedscope read. Each worker
/// has a row with what it did as nested events, in microseconds from the beginning of training.
/// Micro-batches are flows from stage to stage, and the batches that loaders had ready are a
/// counter.
void write_trace(const PhaseRecorder& recorder, const std::string& title,
                 const std::function<void(std::string_view)>& write);

}  // namespace trp
