#pragma once

#include <optional>
#include <string>

namespace trp {

struct SpeedOptions {
  std::string data;  // empty: what the program itself would take
  int rounds = 0;    // 0: as many as the benchmark thinks right
  bool quick = false;
};

/// Reads the command line into `options`; returns the exit code when that ends the program.
std::optional<int> read_bench_options(int argc, char** argv, const std::string& purpose,
                                      SpeedOptions& options);

/// Today, the processor, how many CPUs this process may use, the kernels' instruction set.
std::string describe_machine();

}  // namespace trp
