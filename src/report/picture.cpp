#include "report/picture.h"

#include <png.h>

#include <algorithm>
#include <new>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "report/html.h"

namespace trp {
namespace {

/// Returns height and width; what has one dimension is a row.
std::pair<Index, Index> size_of_image(std::span<const Index> shape) {
  return shape.size() == 1 ? std::pair(Index{1}, shape[0]) : std::pair(shape[0], shape[1]);
}

/// Returns how bright each of so many pixels is, from 0 for `low` to 1 for `high`.
std::vector<float> shades_of(std::span<const float> values, Index pixels, float low, float high) {
  const std::size_t depth = values.size() / static_cast<std::size_t>(pixels);
  std::vector<float> shades;
  for (; !values.empty(); values = values.subspan(depth)) {
    const auto own = values.first(depth);
    const float mean = std::accumulate(own.begin(), own.end(), 0.0F) / static_cast<float>(depth);
    shades.push_back(high > low && mean > low ? std::min((mean - low) / (high - low), 1.0F) : 0);
  }
  return shades;
}

std::string slot_text(const PipelineSlot& slot) {
  switch (slot.work) {
    case PipelineSlot::Work::kIdle:
      return ".";
    case PipelineSlot::Work::kForward:
      return fmt::format("F{}", slot.micro_batch + 1);
    case PipelineSlot::Work::kBackward:
      return fmt::format("B{}", slot.micro_batch + 1);
  }
  return {};
}

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

std::string picture_text(std::span<const float> values, std::span<const Index> shape, float low,
                         float high) {
  constexpr std::string_view kCharacters = " .:-=+*#%@";
  constexpr auto kLast = static_cast<float>(kCharacters.size() - 1);
  const auto [height, width] = size_of_image(shape);
  const std::vector<float> shades = shades_of(values, height * width, low, high);
  std::string text;
  for (auto row = shades.begin(); row != shades.end(); row += width) {
    std::string line;
    for (const float shade : std::span(row, static_cast<std::size_t>(width)))
      line.append(2, kCharacters[static_cast<std::size_t>(shade * kLast + 0.5F)]);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::vector<std::string> pipeline_picture(const PipelineSchedule& schedule, int max_slots) {
  const std::size_t width = fmt::formatted_size("F{}", schedule.micro_batch_count);
  std::vector<std::string> lines;
  for (const std::vector<PipelineSlot>& slots : schedule.slots) {
    const std::size_t shown = std::min(slots.size(), static_cast<std::size_t>(max_slots));
    std::string line = fmt::format("stage {:<2}", lines.size() + 1);
    for (std::size_t t = 0; t < shown; ++t)
      line += fmt::format(" {:<{}}", slot_text(slots[t]), width);
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(shown < slots.size() ? line + " ..." : line);
  }
  return lines;
}

Sprite make_sprite(std::span<const Index> shape) {
  const auto [height, width] = size_of_image(shape);
  return {height, width};
}

void add_image(Sprite& sprite, std::span<const float> values, float low, float high,
               const std::string& caption) {
  constexpr std::size_t kMaxPixels = 1 << 18;  // a page is to be small enough to be mailed
  if (sprite.pixels.size() >= kMaxPixels) return;
  for (const float shade : shades_of(values, sprite.width * sprite.height, low, high))
    sprite.pixels.push_back(static_cast<std::uint8_t>(255 * shade + 0.5F));
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
