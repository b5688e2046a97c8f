#pragma once

#include <utility>

#include <fmt/format.h>

#include "core/text.h"
#include "system/line_writer.h"

namespace trp {

/// Tells whoever runs the program something, on standard error: the program's name, a colon, and
/// the text, formatted as by fmt::format(), with what cannot be printed escaped. What cannot be
/// written is lost.
template <class... Args>
void say(fmt::format_string<Args...> text, Args&&... args) {
  standard_error().write_line("tensor_relu_parallel: " +
                              printable(fmt::format(text, std::forward<Args>(args)...)));
}

}  // namespace trp
