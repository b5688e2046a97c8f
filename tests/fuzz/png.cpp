#include "formats/png.h"

#include "formats/png_builder.h"
#include "fuzz/fuzz.h"
#include "trp/error.h"

namespace {

void decode(std::span<const std::uint8_t> bytes) {
  using namespace trp;
  try {
    const GreyPicture picture = decode_png(bytes, "fuzz", 99);
    require(picture.pixels.size() == static_cast<std::size_t>(picture.height * picture.width),
            "the pixels fill the picture");
    const GreyPicture small = resize(picture, 3, 2);
    require(small.pixels.size() == 6, "it has the size that was asked for");
  } catch (const Error&) {
    return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trp::test;
  decode({data, size});
  // Once more as the rows of a sound picture of each kind, since mutations never hit a checksum.
  const Bytes rows(data, data + size);
  for (const PngColor color :
       {PngColor::kGrey, PngColor::kRgb, PngColor::kPalette, PngColor::kRgba})
    decode(
        png_of({png_header(4, 5, color), png_chunk("PLTE", {1, 2, 3, 4, 5, 6}), png_data(rows)}));
  return 0;
}
