#pragma once

#include <string>
#include <vector>

#include "profile/recorder.h"
#include "profile/times.h"
#include "report/json.h"

namespace trp {

/// Where the time of a training went, as the lines of a table: a row for each phase that took any,
/// a column for each worker, the last of many workers in one, and the share of all workers' time.
std::vector<std::string> time_table(const PhaseTimes& times);

/// Returns the same as the JSON event "time".
Json time_object(const PhaseTimes& times);

/// Draws a typical traced step: a line for each worker, with a letter for what it did longest in
/// each of `columns` equal parts of the step's time. Returns nothing when no step was traced.
std::vector<std::string> timeline_picture(const PhaseRecorder& recorder, int columns);

/// Returns a line that says what the letters stand for.
std::string timeline_legend(bool has_ranks);

}  // namespace trp
