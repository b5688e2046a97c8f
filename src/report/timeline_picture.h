#pragma once

#include <string>
#include <vector>

#include "profile/recorder.h"

namespace trp {

/// A typical traced step, a line for each worker and a letter for what it did longest in each of
/// `columns` equal parts of the step's time; nothing when no step was traced.
std::vector<std::string> timeline_picture(const PhaseRecorder& recorder, int columns);

/// What the letters stand for.
std::string timeline_legend();

}  // namespace trp
