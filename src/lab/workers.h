#pragma once

#include <array>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "trp/thread_pool.h"

namespace trp {

/// As in the guide.
inline constexpr std::array<int, 4> kWorkerCounts = {1, 2, 4, 8};

/// The number of workers that a verdict is about: the most of kWorkerCounts for which there are
/// CPUs, but 2 at least, for one worker shows nothing.
int judged_workers(int cpus);

/// For the last column of a table; empty when each worker has a CPU.
std::string workers_note(int workers, int cpus);

/// A pool for each number of workers. Throws Error if the system refuses threads: then there is
/// nothing to measure.
class Pools {
 public:
  Pools(std::span<const int> worker_counts, int cpus);

  ThreadPool& of(int workers) { return *pools_.at(workers); }

 private:
  std::map<int, std::unique_ptr<ThreadPool>> pools_;
};

}  // namespace trp
