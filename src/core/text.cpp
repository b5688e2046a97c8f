#include "core/text.h"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

namespace trp {

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kMaxBytes = 60;
  const std::string shown = fmt::format("{:?}", text.substr(0, kMaxBytes));
  return text.size() > kMaxBytes ? shown + "…" : shown;
}

std::string printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    // Between those two characters the text in quotes is what is wanted.
    const std::size_t end = std::min(text.find_first_of("\"\\"), text.size());
    const std::string quoted = fmt::format("{:?}", text.substr(0, end));
    shown.append(quoted, 1, quoted.size() - 2).append(text.substr(end, 1));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return shown;
}

}  // namespace trp
