#include "lab/workers.h"

#include <algorithm>

#include <fmt/format.h>

#include "trp/error.h"

namespace trp {

int judged_workers(int cpus) {
  int judged = 2;
  for (const int workers : kWorkerCounts)
    if (workers <= cpus) judged = std::max(judged, workers);
  return judged;
}

std::string workers_note(int workers, int cpus) {
  return workers <= cpus ? std::string() : fmt::format("more than CPUs ({})", cpus);
}

Pools::Pools(std::span<const int> worker_counts, int cpus) {
  for (const int workers : worker_counts) {
    auto pool = std::make_unique<ThreadPool>(workers, cpus);
    if (pool->worker_count() < workers) {
      throw Error(fmt::format(
          "lab: the system allows only {} of {} threads; expected as many, for the experiments "
          "compare them; hint: raise the limit of processes (ulimit -u)",
          pool->worker_count(), workers));
    }
    pools_.emplace(workers, std::move(pool));
  }
}

}  // namespace trp
