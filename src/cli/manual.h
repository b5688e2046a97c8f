#pragma once

#include <CLI/CLI.hpp>

namespace trp {

/// Adds to the whole app, without showing it in help, `--manual man|bash|zsh|fish`: prints the man
/// page, or what completes command lines in a shell. Both are made of the app itself, so they
/// cannot disagree with what it parses; the build writes them to files that are installed.
void add_manual(CLI::App& app);

}  // namespace trp
