#pragma once

#include <string>

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace trp {

/// What CLI11 has to say of a command line, in our words: what was expected, what was found, and an
/// option that may have been meant.
std::string failure_message(const CLI::App* app, const CLI::Error& error);

}  // namespace trp
