#include "formats/array_checks.h"

#include <fmt/ranges.h>

#include "core/text.h"
#include "trp/error.h"

namespace trp {

Error damaged(std::string_view where, std::string_view expected, std::string_view found) {
  return Error(fmt::format("{}: expected {}, found {}; {}", where, expected, found, kDamagedHint));
}

void check_data_size(std::span<const Index> shape, std::uint64_t bytes, const std::string& array,
                     const std::string& file) {
  std::uint64_t needed = sizeof(float);
  bool overflow = false;
  for (const Index size : shape) {
    overflow |= __builtin_mul_overflow(needed, static_cast<std::uint64_t>(size), &needed);
  }
  if (!overflow && needed == bytes) return;
  throw damaged(
      fmt::format("{}: {}", file, in_quotes(array)),
      fmt::format("{} bytes of data for a shape of [{}]",
                  overflow ? "more than 2^64" : fmt::format("{}", needed), fmt::join(shape, ", ")),
      fmt::format("{}", bytes));
}

}  // namespace trp
