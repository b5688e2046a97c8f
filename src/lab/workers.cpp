#include "lab/workers.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "core/fail.h"

namespace trp {

int judged_workers(int cpus) {
  int judged = 2;
  for (const int workers : kWorkerCounts)
    if (workers <= cpus) judged = std::max(judged, workers);
  return judged;
}

Pools::Pools(int cpus, std::span<const int> worker_counts) {
  for (const int workers : worker_counts) {
    auto pool = std::make_unique<ThreadPool>(workers, cpus);
    if (pool->worker_count() < workers) {
      fail(
          "lab: the system allows only {} of {} threads; expected as many, for the experiments "
          "compare them; hint: raise the limit of processes (ulimit -u)",
          pool->worker_count(), workers);
    }
    pools_.emplace(workers, std::move(pool));
  }
}

void add_for_each_count(Race& race, const std::string& name, double amount,
                        const std::function<void(int workers)>& work,
                        std::span<const int> worker_counts) {
  for (const int workers : worker_counts)
    race.add({name, workers, amount}, [work, workers] { work(workers); });
}

std::size_t memory_to_fill() {
  std::size_t bytes = static_cast<std::size_t>(sysconf(_SC_AVPHYS_PAGES)) *
                      static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  // As a container sees its own limit, in versions 2 and 1. Without limit there is no number.
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::size_t limit = 0;
    if (std::ifstream(path) >> limit) bytes = std::min(bytes, limit);
  }
  return bytes / 2;
}

}  // namespace trp
