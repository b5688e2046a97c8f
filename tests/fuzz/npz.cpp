#include "formats/zip.h"
#include "fuzz/array_round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trp;
  decode_and_write_again({data, size});
  // Once more as the only array of a sound archive, since mutations never hit its checksum.
  const ZipEntry entry{"fc1.weight.npy", {data, data + size}};
  decode_and_write_again(encode_zip({&entry, 1}, ""));
  return 0;
}
