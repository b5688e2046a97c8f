#include "core/text.h"

#include <cstddef>

#include <fmt/format.h>

namespace trp {

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kMaxBytes = 60;
  const std::string shown = fmt::format("{:?}", text.substr(0, kMaxBytes));
  return text.size() > kMaxBytes ? shown + "…" : shown;
}

}  // namespace trp
