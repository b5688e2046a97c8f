#include "report/picture.h"

#include <algorithm>
#include <numeric>
#include <string_view>

namespace trp {
namespace {

constexpr std::string_view kShades = " .:-=+*#%@";

char shade_of(float value, float low, float high) {
  const float share = high > low ? (value - low) / (high - low) : 0;
  const auto last = static_cast<float>(kShades.size() - 1);
  return kShades[static_cast<std::size_t>(std::clamp(share * last + 0.5F, 0.0F, last))];
}

}  // namespace

std::string picture_text(std::span<const float> values, std::span<const Index> shape, float low,
                         float high) {
  // What has one dimension is a row.
  const Index height = shape.size() > 1 ? shape[0] : 1;
  const Index width = shape.size() > 1 ? shape[1] : shape[0];
  const auto depth = values.size() / static_cast<std::size_t>(height * width);
  std::string text;
  for (Index row = 0; row < height; ++row) {
    std::string line;
    for (Index column = 0; column < width; ++column) {
      const auto pixel =
          values.subspan(static_cast<std::size_t>(row * width + column) * depth, depth);
      const float mean =
          std::accumulate(pixel.begin(), pixel.end(), 0.0F) / static_cast<float>(pixel.size());
      line.append(2, shade_of(mean, low, high));
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

}  // namespace trp
