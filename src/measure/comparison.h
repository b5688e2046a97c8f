#pragma once

namespace trp {

/// The same training twice: sequentially, and with a strategy and workers.
struct Comparison {
  double sequential_seconds = 0;
  double parallel_seconds = 0;
  int workers = 1;
  bool same_bits = false;  // the weights of both have the same digest

  double speedup() const { return sequential_seconds / parallel_seconds; }
};

}  // namespace trp
