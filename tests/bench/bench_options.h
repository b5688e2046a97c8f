#pragma once

#include <optional>
#include <string>
#include <vector>

#include "trp/tensor.h"

namespace trp {

struct SpeedOptions {
  std::string data;                // empty: what the program itself would take
  int rounds = 0;                  // 0: as many as the benchmark thinks right
  std::vector<Index> hidden;       // empty: networks from small to large
  std::vector<Index> batch_sizes;  // empty: several
  Index sample_count = 0;          // of an epoch; 0: as the network's size has it
  bool quick = false;
};

/// Reads the command line into `options`; returns the exit code when that ends the program.
std::optional<int> read_bench_options(int argc, char** argv, const std::string& purpose,
                                      SpeedOptions& options);

/// Today, the processor, how many CPUs this process may use, the kernels' instruction set.
std::string describe_machine();

}  // namespace trp
