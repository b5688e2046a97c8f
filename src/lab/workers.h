#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "core/partition.h"
#include "measure/race.h"
#include "trp/thread_pool.h"

namespace trp {

/// As in the guide.
inline constexpr std::array<int, 4> kWorkerCounts = {1, 2, 4, 8};

/// The number of workers that a verdict is about: the largest of kWorkerCounts for which there are
/// CPUs, but 2 at least, for one worker shows nothing.
int judged_workers(int cpus);

/// A pool for each number of workers.
class Pools {
 public:
  /// Throws Error if the system refuses threads: then there is nothing to measure.
  explicit Pools(int cpus, std::span<const int> worker_counts = kWorkerCounts);

  ThreadPool& of(int workers) { return *pools_.at(workers); }

  /// Cuts 0 … count − 1 into a part for each worker, and lets them call task(range, part).
  template <class Task>
  void share_out(int workers, Index count, const Task& task) {
    of(workers).run(workers,
                    [&](int part, int) { task(split_evenly(count, workers, part), part); });
  }

 private:
  std::map<int, std::unique_ptr<ThreadPool>> pools_;
};

/// Adds a contender of this name for each number of workers; a call of it is work(workers).
void add_for_each_count(Race& race, const std::string& name, double amount,
                        const std::function<void(int workers)>& work,
                        std::span<const int> worker_counts = kWorkerCounts);

/// Bytes that experiments may fill: half of the memory that is free, or of what the cgroup allows
/// where that is less.
std::size_t memory_to_fill();

/// Makes the compiler compute the value, though nobody reads it, and forget what it knows of
/// memory, so that work is neither left out nor moved out of a loop.
template <class Value>
inline void keep(const Value& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

/// For the work that contenders share: compiled once, so that they differ in nothing else.
/// (Inlined, it may be vectorized for one and not for the other.)
#define TRP_SAME_CODE [[gnu::noinline]]

}  // namespace trp
