#pragma once

#include "formats/idx_builder.h"

/// PNG pictures for tests, made without the code that is tested.
namespace trp::test {

inline Bytes png_chunk(std::string_view type, const Bytes& data) {
  const Bytes summed = join({bytes_of(type), data});
  return join({big_endian_word(static_cast<std::uint32_t>(data.size())), summed,
               big_endian_word(static_cast<std::uint32_t>(
                   crc32(0, summed.data(), static_cast<uInt>(summed.size()))))});
}

enum class PngColor : std::uint8_t { kGrey = 0, kRgb = 2, kPalette = 3, kGreyAlpha = 4, kRgba = 6 };

inline Bytes png_header(std::uint32_t height, std::uint32_t width, PngColor color = PngColor::kGrey,
                        std::uint8_t depth = 8) {
  return png_chunk("IHDR", join({big_endian_word(width),
                                 big_endian_word(height),
                                 {depth, static_cast<std::uint8_t>(color), 0, 0, 0}}));
}

inline Bytes png_data(const Bytes& rows) {
  Bytes packed(compressBound(rows.size()));
  uLongf size = packed.size();
  if (compress(packed.data(), &size, rows.data(), rows.size()) != Z_OK)
    throw std::runtime_error("compress");
  packed.resize(size);
  return png_chunk("IDAT", packed);
}

/// A picture of these chunks, between the signature and the end.
inline Bytes png_of(std::initializer_list<Bytes> chunks) {
  return join({bytes_of("\x89PNG\r\n\x1a\n"), join(chunks), png_chunk("IEND", {})});
}

/// A picture of these samples, `row_bytes` in each row, none of them filtered.
inline Bytes png(std::uint32_t height, std::uint32_t width, const Bytes& samples,
                 PngColor color = PngColor::kGrey, std::uint8_t depth = 8) {
  Bytes rows;
  const std::size_t row_bytes = samples.size() / height;
  for (std::size_t r = 0; r < height; ++r)
    rows =
        join({rows,
              {0},
              first({samples.begin() + static_cast<std::ptrdiff_t>(r * row_bytes), samples.end()},
                    row_bytes)});
  return png_of({png_header(height, width, color, depth), png_data(rows)});
}

}  // namespace trp::test
