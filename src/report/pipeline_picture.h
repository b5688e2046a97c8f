#pragma once

#include <string>
#include <vector>

#include "strategy/pipeline_schedule.h"

namespace trp {

/// One line for each stage, a column for each unit of time: F1 is micro-batch 1 going forward, B1
/// the same going backward, a dot an idle slot. A picture of more than `most_slots` columns is cut
/// off and ends in "...".
std::vector<std::string> pipeline_picture(const PipelineSchedule& schedule, int most_slots);

}  // namespace trp
