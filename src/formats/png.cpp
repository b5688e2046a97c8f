#include "formats/png.h"

#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "core/fail.h"
#include "formats/bytes.h"

namespace trp {
namespace {

using namespace std::string_view_literals;
using Bytes = std::span<const std::uint8_t>;

constexpr auto kSignature = "\x89PNG\r\n\x1a\n"sv;
constexpr std::size_t kAroundChunk = 12;  // length and type before its data, checksum after them
constexpr std::uint64_t kMaxPixels = std::uint64_t{1} << 24;

/// Returns the chunk that begins here, with what is around its data.
Bytes chunk_at(Bytes bytes, std::size_t position, const std::string& name) {
  const Bytes rest = bytes.subspan(position);
  const std::uint64_t length =
      rest.size() < kAroundChunk ? 0 : load<std::uint32_t>(rest.data(), std::endian::big);
  if (rest.size() < kAroundChunk + length) {
    fail("{}: expected the end of the picture, found that of the file, at byte {}; {}", name,
         bytes.size(), kDamagedHint);
  }
  const Bytes summed = rest.subspan(4, length + 4);
  const auto checksum = load<std::uint32_t>(&rest[length + 8], std::endian::big);
  if (crc32_z(0, summed.data(), summed.size()) != checksum)
    throw damaged(name, fmt::format("a chunk at byte {}, whose checksum agrees", position), "none");
  return rest.first(kAroundChunk + length);
}

void check_size(Bytes header, const std::string& name) {
  constexpr std::size_t kHeaderBytes = kAroundChunk + 13;
  if (header.size() != kHeaderBytes || text_of(header).substr(4, 4) != "IHDR")
    throw damaged(name, "the header of a picture at byte 8", "none");
  const std::uint64_t width = load<std::uint32_t>(&header[8], std::endian::big);
  const std::uint64_t height = load<std::uint32_t>(&header[12], std::endian::big);
  if (width * height < 1 || width * height > kMaxPixels) {
    fail("{}: expected 1 to {} pixels, found {} x {}; hint: make the picture smaller", name,
         kMaxPixels, height, width);
  }
}

/// Returns the picture without the chunks that would change its shades in some libraries.
std::vector<std::uint8_t> essential_chunks(Bytes bytes, const std::string& name) {
  if (!text_of(bytes).starts_with(kSignature)) {
    fail("{}: expected a PNG picture; hint: {}", name,
         bytes.empty() ? "the file is empty" : "make PNG of other formats, as mogrify -format png");
  }
  std::vector<std::uint8_t> kept(kSignature.begin(), kSignature.end());
  std::string_view type;
  for (std::size_t position = kept.size(); type != "IEND";) {
    const Bytes chunk = chunk_at(bytes, position, name);
    if (type.empty()) check_size(chunk, name);
    type = text_of(chunk).substr(4, 4);
    constexpr char kAncillary = 0x20;
    if ((type[0] & kAncillary) == 0 || type == "tRNS")
      kept.insert(kept.end(), chunk.begin(), chunk.end());
    position += chunk.size();
    if (type == "IEND" && position != bytes.size())
      fail("{}: expected the end of the file at byte {}, found {} bytes more; {}", name, position,
           bytes.size() - position, kDamagedHint);
  }
  return kept;
}

}  // namespace

GreyPicture decode_png(Bytes bytes, const std::string& name, std::uint8_t background) {
  const std::vector<std::uint8_t> chunks = essential_chunks(bytes, name);
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  const std::unique_ptr<png_image, void (*)(png_image*)> freed_at_end(&image, png_image_free);
  std::vector<std::uint8_t> rgba;
  if (png_image_begin_read_from_memory(&image, chunks.data(), chunks.size()) != 0) {
    image.format = PNG_FORMAT_RGBA;
    image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
    rgba.resize(PNG_IMAGE_SIZE(image));
    png_image_finish_read(&image, nullptr, rgba.data(), 0, nullptr);
  }
  if (image.warning_or_error != 0)
    fail("{}: the picture is damaged: {}; {}", name, image.message, kDamagedHint);
  GreyPicture picture{.height = image.height, .width = image.width, .pixels = {}};
  for (std::size_t i = 0; i < rgba.size(); i += 4) {
    constexpr unsigned kRed = 19'595, kGreen = 38'470, kBlue = 7'471, kHalf = 1 << 15;
    const unsigned grey =
        (kRed * rgba[i] + kGreen * rgba[i + 1] + kBlue * rgba[i + 2] + kHalf) >> 16;
    const unsigned alpha = rgba[i + 3];
    picture.pixels.push_back(
        static_cast<std::uint8_t>((grey * alpha + background * (255 - alpha) + 127) / 255));
  }
  return picture;
}

GreyPicture resize(const GreyPicture& picture, Index height, Index width) {
  GreyPicture result{.height = height, .width = width, .pixels = {}};
  const auto rows = static_cast<std::uint64_t>(picture.height);
  const auto cols = static_cast<std::uint64_t>(picture.width);
  const auto h = static_cast<std::uint64_t>(height), w = static_cast<std::uint64_t>(width);
  // In units in which a pixel of the picture is h by w and one of the result rows by cols.
  const auto overlap = [](std::uint64_t old_one, std::uint64_t old_size, std::uint64_t begin,
                          std::uint64_t size) {
    return std::min((old_one + 1) * old_size, begin + size) - std::max(old_one * old_size, begin);
  };
  for (std::uint64_t top = 0; top < h * rows; top += rows) {
    for (std::uint64_t left = 0; left < w * cols; left += cols) {
      std::uint64_t sum = rows * cols / 2;
      for (std::uint64_t r = top / h; r * h < top + rows; ++r)
        for (std::uint64_t c = left / w; c * w < left + cols; ++c)
          sum +=
              overlap(r, h, top, rows) * overlap(c, w, left, cols) * picture.pixels[r * cols + c];
      result.pixels.push_back(static_cast<std::uint8_t>(sum / (rows * cols)));
    }
  }
  return result;
}

}  // namespace trp
