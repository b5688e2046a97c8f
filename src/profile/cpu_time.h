#pragma once

#include <filesystem>

namespace trp {

/// What the system has counted until some moment, in seconds. Differences of two tell what happened
/// between them.
struct CpuTimes {
  double wall = 0;
  double own = 0;     // CPU time that this process has had
  double seen = 0;    // likewise, but only its threads and children that are alive
  double waited = 0;  // for a CPU, by the same, while they were ready to run
};

/// Reads the CPU times of this process; `root` stands for "/". What the system does not tell is 0.
CpuTimes read_cpu_times(const std::filesystem::path& root = "/");

/// Returns the CPU time that this process has wanted and others have had, of `cpus` CPUs that it
/// may use. Its own threads wait for one another too: if they had all CPUs, nothing was lost.
/// Threads that are gone are taken to have waited as much for their CPU time as those that are
/// alive.
double lost_cpu_seconds(const CpuTimes& begin, const CpuTimes& end, int cpus);

/// The same of all CPUs of the machine together.
struct MachineTimes {
  double idle = 0;
  double stolen = 0;  // had by other virtual machines
  int cpus = 1;
};

MachineTimes read_machine_times(const std::filesystem::path& root = "/");

}  // namespace trp
