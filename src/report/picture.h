#pragma once

#include <span>
#include <string>

#include "trp/tensor.h"

namespace trp {

/// An image of height × width values (or several values per pixel, of which the mean is shown) as
/// lines of characters, two per pixel, the darkest a space. Values go from `low` to `high`.
std::string picture_text(std::span<const float> values, std::span<const Index> shape, float low,
                         float high);

}  // namespace trp
