#include <algorithm>
#include <cmath>

#include "formats/npz.h"
#include "fuzz/fuzz.h"
#include "trp/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trp;
  try {
    const IdxArray array = parse_npy({data, size}, "fuzz");
    std::size_t elements = 1;
    for (const Index length : array.shape) elements *= static_cast<std::size_t>(length);
    require(array.bytes.size() + array.values.size() == elements, "the elements fill the shape");
    require(std::ranges::all_of(array.values, [](float x) { return std::isfinite(x); }),
            "the elements are finite");
  } catch (const Error&) {
    return 0;
  }
  return 0;
}
