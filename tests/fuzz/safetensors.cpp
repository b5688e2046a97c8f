#include "formats/little_endian.h"
#include "fuzz/array_round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trp;
  const std::span<const std::uint8_t> bytes(data, size);
  decode_and_write_again(bytes);
  // Once more as header and data of their right lengths, which mutations seldom hit: the data are
  // as many zeros as the first byte says.
  if (bytes.empty()) return 0;
  std::vector<std::uint8_t> file;
  append_little_endian(file, static_cast<std::uint64_t>(size - 1));
  file.insert(file.end(), bytes.begin() + 1, bytes.end());
  file.resize(file.size() + bytes[0]);
  decode_and_write_again(file);
  return 0;
}
