#include "report/picture.h"

#include <png.h>

#include <limits>

#include "catch.h"
#include "data/check_contains.h"

namespace trp {
namespace {

/// The PNG in the page.
std::vector<std::uint8_t> png_in(const std::string& html) {
  const std::string_view start = "base64,";
  const std::size_t begin = html.find(start) + start.size();
  std::vector<std::uint8_t> bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : html.substr(begin, html.find('"', begin) - begin)) {
    const auto digit = std::string_view(
                           "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                           "0123456789+/")
                           .find(c);
    if (digit == std::string_view::npos) break;
    bits = bits << 6 | static_cast<std::uint32_t>(digit), count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<std::uint8_t>(bits >> count));
  }
  return bytes;
}

TEST_CASE("images under one another are a PNG that gives them back") {
  Sprite sprite = make_sprite(std::vector<Index>{2, 3});
  add_image(sprite, std::vector<float>{0, 1, 2, 3, 4, 5}, 0, 5, "first <b>");
  add_image(sprite, std::vector<float>{-1, 9, std::numeric_limits<float>::quiet_NaN(), 0, 0, 2.5F},
            0, 5, "second");
  const std::string html = sprite_html("some", sprite);
  CHECK_CONTAINS(html, "viewBox=\"0 2 3 2\"><title>second</title><use href=\"#some\"/>");
  CHECK_CONTAINS(html, "first &#60;b&#62;");
  const std::vector<std::uint8_t> bytes = png_in(html);
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()));
  CHECK(image.width == 3);
  CHECK(image.height == 4);
  image.format = PNG_FORMAT_GRAY;
  std::vector<std::uint8_t> pixels(PNG_IMAGE_SIZE(image));
  REQUIRE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr));
  CHECK(pixels == std::vector<std::uint8_t>{0, 51, 102, 153, 204, 255, 0, 255, 0, 0, 0, 128});
}

TEST_CASE("a page has no more large images than can be mailed") {
  Sprite sprite = make_sprite(std::vector<Index>{500, 500});
  for (int i = 0; i < 10; ++i) add_image(sprite, std::vector<float>(250'000), 0, 1, "");
  CHECK(sprite.captions.size() == 2);
}

TEST_CASE("samples of one dimension are rows, and of several values a pixel the mean is shown") {
  CHECK(make_sprite(std::vector<Index>{5}).width == 5);
  Sprite sprite = make_sprite(std::vector<Index>{1, 2, 3});
  add_image(sprite, std::vector<float>{0, 1, 2, 1, 1, 1}, 0, 1, "");
  CHECK(sprite.pixels == std::vector<std::uint8_t>{255, 255});
  add_image(sprite, std::vector<float>{1, 1, 1, 1, 1, 1}, 1, 1, "");
  CHECK(sprite.pixels == std::vector<std::uint8_t>{255, 255, 0, 0});
}

}  // namespace
}  // namespace trp
