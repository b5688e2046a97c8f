#include "lab/lab.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "core/fail.h"

namespace trp {

int judged_workers(std::span<const int> worker_counts, int cpus) {
  int judged = 0;
  for (const int workers : worker_counts) {
    const bool better = workers <= cpus ? judged > cpus || workers > judged : workers < judged;
    if (workers > 1 && (judged == 0 || better)) judged = workers;
  }
  return judged;
}

ThreadPool& Lab::pool(int workers) {
  auto& pool = pools_[workers];
  if (!pool) pool = std::make_unique<ThreadPool>(workers, context.cpus);
  if (pool->worker_count() < workers) {
    fail(
        "lab: the system allows only {} of {} threads; expected as many, for the experiments "
        "compare them; hint: raise the limit of processes (ulimit -u)",
        pool->worker_count(), workers);
  }
  return *pool;
}

void Lab::add(const std::string& name, int workers, Work work) {
  if (is_right) {
    if (reset) reset();
    work();
    race.correct &= is_right();
  }
  race.add({name, workers, amount, base}, std::move(work));
}

void Lab::add_for_each_count(const std::string& name,
                             const std::function<void(int workers)>& work) {
  for (const int workers : context.worker_counts) add(name, workers, [=] { work(workers); });
}

void Lab::add_shared_out(const std::string& name, Index count,
                         const std::function<void(Range range, int part)>& task) {
  add_for_each_count(name, [=, this](int workers) { share_out(workers, count, task); });
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
