#include "report/sprite.h"

#include <png.h>

#include <algorithm>
#include <new>
#include <numeric>

#include <fmt/format.h>

#include "report/html.h"

namespace trp {
namespace {

/// Grey images under one another.
std::vector<std::uint8_t> png_of(const Sprite& sprite) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.format = PNG_FORMAT_GRAY;
  image.width = static_cast<png_uint_32>(sprite.width);
  image.height = static_cast<png_uint_32>(sprite.pixels.size()) / image.width;
  std::vector<std::uint8_t> bytes(PNG_IMAGE_PNG_SIZE_MAX(image));
  png_alloc_size_t size = bytes.size();
  if (!png_image_write_to_memory(&image, bytes.data(), &size, 0, sprite.pixels.data(), 0, nullptr))
    throw std::bad_alloc();
  bytes.resize(size);
  return bytes;
}

}  // namespace

Sprite make_sprite(std::span<const Index> shape) {
  if (shape.size() == 1) return {1, shape[0]};
  return {shape[0], shape[1]};
}

void add_image(Sprite& sprite, std::span<const float> values, float low, float high,
               const std::string& caption) {
  constexpr std::size_t kMaxPixels = 1 << 18;  // a page is to be small enough to be mailed
  if (sprite.pixels.size() >= kMaxPixels) return;
  const std::size_t depth = values.size() / static_cast<std::size_t>(sprite.width * sprite.height);
  for (; !values.empty(); values = values.subspan(depth)) {
    const auto own = values.first(depth);
    const float mean = std::accumulate(own.begin(), own.end(), 0.0F) / static_cast<float>(depth);
    const float share = high > low && mean > low ? std::min((mean - low) / (high - low), 1.0F) : 0;
    sprite.pixels.push_back(static_cast<std::uint8_t>(255 * share + 0.5F));
  }
  sprite.captions.push_back(caption);
}

std::string sprite_html(std::string_view id, const Sprite& sprite) {
  std::string html = fmt::format(
      "<svg class=\"source\" aria-hidden=\"true\"><image id=\"{}\" width=\"{}\" height=\"{}\" "
      "href=\"data:image/png;base64,{}\"/></svg>\n<ul class=\"sprite\">\n",
      id, sprite.width, static_cast<Index>(sprite.pixels.size()) / sprite.width,
      base64(png_of(sprite)));
  Index y = 0;
  for (const std::string& caption : sprite.captions) {
    html += fmt::format(
        "<li><svg role=\"img\" viewBox=\"0 {} {} {}\"><title>{}</title><use href=\"#{}\"/></svg>{}"
        "</li>\n",
        y, sprite.width, sprite.height, escaped(caption), id, escaped(caption));
    y += sprite.height;
  }
  return html + "</ul>\n";
}

}  // namespace trp
