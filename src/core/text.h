#pragma once

#include <string>
#include <string_view>

namespace trp {

/// Returns the text in double quotes as messages show it: what cannot be printed is escaped, and
/// the end of a long text is left out.
std::string in_quotes(std::string_view text);

}  // namespace trp
