#pragma once

#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "trp/error.h"

namespace trp {

/// Throws Error, whose message is formatted as by fmt::format().
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> message, Args&&... args) {
  throw Error(fmt::format(message, std::forward<Args>(args)...));
}

/// Throws UsageError, whose message is formatted as by fmt::format().
template <class... Args>
[[noreturn]] void fail_usage(fmt::format_string<Args...> message, Args&&... args) {
  throw UsageError(fmt::format(message, std::forward<Args>(args)...));
}

inline constexpr std::string_view kDamagedHint =
    "hint: the file is damaged, fetch or copy it again";

/// Returns the error of a file, or a place in one, that is not as it was written: "WHERE: expected
/// EXPECTED, found FOUND; hint: the file is damaged, …".
inline Error damaged(std::string_view where, std::string_view expected, std::string_view found) {
  return Error(fmt::format("{}: expected {}, found {}; {}", where, expected, found, kDamagedHint));
}

}  // namespace trp
