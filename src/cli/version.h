#pragma once

#include <string>
#include <string_view>

namespace trp {

/// "0.1.0"
std::string_view program_version();

/// The text of --version: program, compiler, instruction set, libraries.
std::string version_text(std::string_view cli11_version);

}  // namespace trp
