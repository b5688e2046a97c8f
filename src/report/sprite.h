#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trp/tensor.h"

namespace trp {

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
