#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "profile/phases.h"
#include "report/json.h"

namespace trp {

/// The word for a phase, the same in tables, pictures and JSON.
std::string_view word_of(Phase phase);

/// Returns where the time of a training went, as the lines of a table: a row for each phase that
/// took any, a column for each worker (one for the last of many workers), and the share of all
/// workers' time.
std::vector<std::string> time_table(const PhaseTimes& times);

/// Returns the same as the JSON event "time".
Json time_object(const PhaseTimes& times);

/// Draws a typical traced step: a line for each worker, with a letter for what it did longest in
/// each of `columns` equal parts of the step's time. Returns nothing when no step was traced.
std::vector<std::string> timeline_picture(const PhaseRecorder& recorder, int columns);

/// Returns a line that says what the letters stand for.
std::string timeline_legend();

}  // namespace trp
