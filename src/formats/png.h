#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "trp/tensor.h"

namespace trp {

/// A picture in shades of grey, row after row.
struct GreyPicture {
  Index height = 0;
  Index width = 0;
  std::vector<std::uint8_t> pixels;
};

/// Reads a PNG picture of any kind: colour becomes grey as Pillow has it (ITU-R 601), 16 bits
/// become 8, and what is transparent shows this background. Of colour profiles and gamma nothing is
/// heeded.
///
/// Throws Error, which begins with `name`, unless the bytes are all of a sound picture of at most
/// 2²⁴ pixels.
GreyPicture decode_png(std::span<const std::uint8_t> bytes, const std::string& name,
                       std::uint8_t background);

/// Returns the picture in another size: each pixel is the mean of the area that it covers.
GreyPicture resize(const GreyPicture& picture, Index height, Index width);

}  // namespace trp
