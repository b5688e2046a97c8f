#include "profile/cpu_time.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>

#include "system/posix.h"

namespace trp {
namespace {

/// Adds what /proc/…/schedstat tells of a thread: its time on a CPU and its time in a queue for
/// one.
void add_thread(const std::filesystem::path& folder, CpuTimes& times) {
  double on_cpu = 0, in_queue = 0;  // nanoseconds
  std::ifstream(folder / "schedstat") >> on_cpu >> in_queue;
  times.seen += 1e-9 * on_cpu;
  times.waited += 1e-9 * in_queue;
}

}  // namespace

CpuTimes read_cpu_times(const std::filesystem::path& root) {
  timespec own = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
  CpuTimes times = {
      .wall = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
                  .count(),
      .own = static_cast<double>(own.tv_sec) + 1e-9 * static_cast<double>(own.tv_nsec)};
  const std::filesystem::path threads = root / "proc/self/task";
  for (const std::string& thread : names_in(threads.string())) {
    add_thread(threads / thread, times);
    std::ifstream children(threads / thread / "children");
    for (std::string id; children >> id;) {
      CpuTimes child;
      add_thread(root / "proc" / id, child);
      times.own += child.seen;
      times.seen += child.seen;
      times.waited += child.waited;
    }
  }
  return times;
}

double lost_cpu_seconds(const CpuTimes& begin, const CpuTimes& end, int cpus) {
  const double own = end.own - begin.own;
  const double seen = end.seen - begin.seen;
  const double waited = end.waited - begin.waited;
  const double unseen = seen > 0 ? std::max(1.0, own / seen) : 1;
  return std::clamp(waited * unseen, 0.0, std::max(0.0, cpus * (end.wall - begin.wall) - own));
}

MachineTimes read_machine_times(const std::filesystem::path& root) {
  MachineTimes times = {.cpus = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN))};
  const double tick = 1.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
  std::ifstream file(root / "proc/stat");
  std::string cpu;
  double user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, softirq = 0, stolen = 0;
  file >> cpu >> user >> nice >> system >> idle >> waiting >> irq >> softirq >> stolen;
  times.idle = tick * (idle + waiting);
  times.stolen = tick * stolen;
  return times;
}

}  // namespace trp
