#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
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

/// Grey images of one size, with what is written under each.
struct Sprite {
  Index height = 0;
  Index width = 0;
  std::vector<std::uint8_t> pixels = {};  // of one image after the other
  std::vector<std::string> captions = {};
};

/// Returns one for samples of this shape; what has one dimension is a row.
Sprite make_sprite(std::span<const Index> shape);

/// Adds an image, from black for `low` to white for `high`. Where there are several values for each
/// pixel their mean is shown. Images beyond a quarter of a million pixels are left out.
void add_image(Sprite& sprite, std::span<const float> values, float low, float high,
               const std::string& caption);

/// Returns the images as a grid in HTML: one PNG, of which each shows its part. `id` tells the
/// grids of a page apart.
std::string sprite_html(std::string_view id, const Sprite& sprite);

}  // namespace trp
