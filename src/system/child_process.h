#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

namespace trp {

/// What a program has left that ran to its end.
struct ChildResult {
  int exit_code = 0;  // 128 + number when a signal ended it
  std::string out;    // standard output
};

/// Runs a program, named by its path or looked up in PATH, with arguments and nothing to read; its
/// standard error is ours. Returns nothing if `stop` becomes true before its end: then it is
/// killed, with all that it has started and that is still of its process group. Throws Error if it
/// cannot be started, and kills it and throws Error if it writes more than 64 MiB.
std::optional<ChildResult> run_child(const std::vector<std::string>& command,
                                     const std::atomic<bool>& stop);

}  // namespace trp
