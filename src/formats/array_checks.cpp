#include "formats/array_checks.h"

#include <fmt/ranges.h>

#include "core/text.h"
#include "trp/error.h"

namespace trp {

void check_data_size(std::span<const Index> shape, std::uint64_t bytes, const std::string& array,
                     const std::string& file) {
  std::uint64_t needed = sizeof(float);
  bool overflow = false;
  for (const Index size : shape) {
    overflow |= __builtin_mul_overflow(needed, static_cast<std::uint64_t>(size), &needed);
  }
  if (!overflow && needed == bytes) return;
  throw Error(fmt::format("{}: {}: expected {} bytes of data for a shape of [{}], found {}; {}",
                          file, quoted(array),
                          overflow ? "more than 2^64" : fmt::format("{}", needed),
                          fmt::join(shape, ", "), bytes, kDamagedHint));
}

}  // namespace trp
