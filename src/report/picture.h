#pragma once

#include <span>
#include <string>
#include <vector>

#include "strategy/pipeline_schedule.h"
#include "trp/tensor.h"

namespace trp {

/// Draws an image in lines of characters, two for each pixel, from a space for `low` to @ for
/// `high`. `values` are height × width, or several for each pixel, of which the mean is shown.
std::string picture_text(std::span<const float> values, std::span<const Index> shape, float low,
                         float high);

/// Draws a pipeline's schedule, with a line for each stage and a column for each unit of time: F1
/// is micro-batch 1 going forward, B1 the same going backward, a dot an idle slot. A picture of
/// more than `max_slots` columns is cut off and ends in "...".
std::vector<std::string> pipeline_picture(const PipelineSchedule& schedule, int max_slots);

}  // namespace trp
