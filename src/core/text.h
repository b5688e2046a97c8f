#pragma once

#include <string>
#include <string_view>

namespace trp {

/// Returns the text in double quotes as messages show it: what cannot be printed is escaped, and
/// the end of a long text is left out.
std::string in_quotes(std::string_view text);

/// Returns the text with what cannot be printed escaped: control characters, line feeds, marks that
/// turn the direction of what follows, bytes that are not UTF-8. Whatever may come from outside
/// (names of files, the environment, metadata) goes to a terminal through it.
std::string printable(std::string_view text);

}  // namespace trp
