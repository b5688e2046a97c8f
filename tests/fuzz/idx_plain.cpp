#include "fuzz/idx_agreement.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trp;
  if (size >= 2 && data[0] == 0x1f && data[1] == 0x8b) return 0;
  const auto array = read_both_ways({data, size});
  if (!array) return 0;
  Index elements = 1;
  for (const Index length : array->shape) elements *= length;
  require(array->byte_offset(elements) == static_cast<Index>(size), "every byte has a meaning");
  return 0;
}
