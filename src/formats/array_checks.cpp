#include "formats/array_checks.h"

#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "trp/error.h"

namespace trp {

std::string quote(std::string_view text) {
  using Json = nlohmann::json;
  constexpr std::size_t kLongest = 60;
  const std::string shown = Json(std::string(text.substr(0, kLongest)))
                                .dump(-1, ' ', true, Json::error_handler_t::replace);
  return text.size() > kLongest ? shown + "…" : shown;
}

void check_data_size(std::span<const Index> shape, std::uint64_t bytes, const std::string& array,
                     const std::string& file) {
  std::uint64_t needed = sizeof(float);
  bool overflow = false;
  for (const Index size : shape) {
    overflow |= __builtin_mul_overflow(needed, static_cast<std::uint64_t>(size), &needed);
  }
  if (!overflow && needed == bytes) return;
  throw Error(fmt::format("{}: {}: expected {} bytes of data for a shape of [{}], found {}; {}",
                          file, quote(array),
                          overflow ? "more than 2^64" : fmt::format("{}", needed),
                          fmt::join(shape, ", "), bytes, kDamagedHint));
}

}  // namespace trp
