#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/partition.h"
#include "data/dataset.h"
#include "measure/race.h"
#include "trp/thread_pool.h"

namespace trp {

/// What experiments are made with.
struct LabContext {
  const DataSets& data;
  int cpus = 1;
  bool quick = false;  // less of everything: to see that it works
  std::uint64_t seed = 1;
  std::vector<int> worker_counts = {1, 2, 4, 8};  // ascending; 1 and another at least
};

/// The number of workers that a verdict is about: the largest of those, above one, for which there
/// are CPUs, or the smallest if there are none. One worker shows nothing.
int judged_workers(std::span<const int> worker_counts, int cpus);

/// Where an experiment is made: the race of its contenders, and pools for their workers. Belongs to
/// one thread.
class Lab {
 public:
  explicit Lab(const LabContext& of) : context(of), race{.cpus = of.cpus} {}

  const LabContext& context;
  Race race;

  template <class Value>
  Value pick(Value normally, Value quickly) const {
    return context.quick ? quickly : normally;
  }

  int judged() const { return judged_workers(context.worker_counts, context.cpus); }
  int max_workers() const { return context.worker_counts.back(); }

  /// Returns a pool of so many workers, made when it is first asked for. Throws Error if the system
  /// refuses threads: then there is nothing to measure.
  ThreadPool& pool(int workers);

  /// Cuts 0 … count − 1 into a part for each worker, and lets them call task(range, part).
  template <class Task>
  void share_out(int workers, Index count, const Task& task) {
    pool(workers).run(workers,
                      [&](int part, int) { task(split_evenly(count, workers, part), part); });
  }

  // Of each contender that is added from now on.
  double amount = 1;      // of work that a call does
  std::string base = {};  // what tables compare it with; empty: the first contender
  // Whether a call gave what it should, and what to do before that call; may be empty.
  std::function<bool()> is_right = {};
  std::function<void()> reset = {};

  /// Adds a contender, whose call is work(), and checks such a call.
  void add(const std::string& name, int workers, Work work);
  void add(const std::string& name, Work work) { add(name, 1, std::move(work)); }

  /// Adds one for each number of workers; its call is work(workers).
  void add_for_each_count(const std::string& name, const std::function<void(int workers)>& work);

  /// Adds one for each number of workers, in whose call they share out 0 … count − 1.
  void add_shared_out(const std::string& name, Index count,
                      const std::function<void(Range range, int part)>& task);

  /// Lets the contenders race for about 1.6 s.
  void run() { race.run({.seconds = pick(1.6, 0.15)}); }

 private:
  std::map<int, std::unique_ptr<ThreadPool>> pools_;
};

/// Returns how many bytes experiments may fill: half of the memory that is free, or of what the
/// cgroup allows where that is less.
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
