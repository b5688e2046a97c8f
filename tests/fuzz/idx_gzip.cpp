#include <vector>

#include "fuzz/idx_agreement.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Always gzip: other files are idx_plain's business.
  std::vector<std::uint8_t> bytes(data, data + size);
  if (bytes.size() < 2) bytes.resize(2);
  bytes[0] = 0x1f;
  bytes[1] = 0x8b;
  trp::read_both_ways(bytes);
  return 0;
}
