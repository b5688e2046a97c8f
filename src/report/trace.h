#pragma once

#include <string>

#include "profile/recorder.h"

namespace trp {

/// The traced steps of a training as Chrome trace events (Google, "Trace Event Format"), which
/// ui.perfetto.dev, chrome://tracing and speedscope read: a row for each worker, what it did as
/// nested complete events in microseconds from the beginning of training, micro-batches as flows
/// from stage to stage, and the batches that loaders had ready as a counter.
std::string trace_json(const PhaseRecorder& recorder, const std::string& title);

}  // namespace trp
