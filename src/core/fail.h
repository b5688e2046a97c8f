#pragma once

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

}  // namespace trp
