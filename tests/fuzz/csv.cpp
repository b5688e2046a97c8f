#include "formats/csv.h"

#include <algorithm>
#include <cmath>

#include "fuzz/idx_agreement.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trp;
  static const MemoryFile file;
  file.fill({data, size});
  for (const bool has_header : {true, false}) {
    try {
      const CsvTable table = read_csv(file.path(), {"", has_header});
      std::size_t elements = 1;
      for (const Index length : table.samples.shape) elements *= static_cast<std::size_t>(length);
      require(table.samples.bytes.size() + table.samples.values.size() == elements,
              "the elements fill the shape");
      require(table.labels.size() == static_cast<std::size_t>(table.samples.shape[0]),
              "each sample has a label");
      require(std::ranges::all_of(table.samples.values, [](float x) { return std::isfinite(x); }),
              "the elements are finite");
    } catch (const Error&) {
      continue;
    }
  }
  return 0;
}
