#include "profile/cpu_time.h"

#include <unistd.h>

#include <fstream>
#include <string>

#include "catch.h"
#include "temporary_folder.h"

namespace trp {
namespace {

void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

TEST_CASE("threads and children tell how long they had a CPU and waited for one") {
  const TemporaryFolder root;
  write(root.path() / "proc/self/task/7/schedstat", "3000000000 500000000 9\n");
  write(root.path() / "proc/self/task/7/children", "20 21 ");
  write(root.path() / "proc/self/task/8/schedstat", "1000000000 250000000 9\n");
  write(root.path() / "proc/20/schedstat", "2000000000 125000000 9\n");  // 21 has ended
  const CpuTimes times = read_cpu_times(root.path());
  CHECK(times.seen == 6);
  CHECK(times.waited == 0.875);
  CHECK(times.own >= 2);
  CHECK(times.wall > 0);
}

TEST_CASE("what was waited for is lost, unless our own threads had the CPUs") {
  const CpuTimes begin = {.wall = 5, .own = 1, .seen = 1, .waited = 2};
  const auto lost = [&](double own, double seen, double waited, int cpus) {
    return lost_cpu_seconds(begin, {6, 1 + own, 1 + seen, 2 + waited}, cpus);
  };
  CHECK(lost(0.25, 0.25, 0.75, 2) == 0.75);
  CHECK(lost(2, 2, 6, 2) == 0);  // eight threads on two CPUs
  CHECK(lost(1.5, 1.5, 6, 2) == 0.5);
  CHECK(lost(0.5, 0.25, 0.25, 2) == 0.5);  // half of the work by threads that are gone
  CHECK(lost(0.5, 0, 0, 2) == 0);
  CHECK(lost(0.5, -1, -1, 2) == 0);  // threads from before begin() are gone
}

TEST_CASE("the machine tells how long its CPUs were idle, and stolen") {
  const TemporaryFolder root;
  write(root.path() / "proc/stat", "cpu  10 20 30 400 100 0 0 50 0 0\ncpu0 1 2 3 4\n");
  const auto tick = static_cast<double>(sysconf(_SC_CLK_TCK));
  const MachineTimes times = read_machine_times(root.path());
  CHECK(times.idle == 500 / tick);
  CHECK(times.stolen == 50 / tick);
  CHECK(times.cpus >= 1);
}

TEST_CASE("a system that tells nothing of others has lost nothing") {
  const TemporaryFolder root;
  const CpuTimes times = read_cpu_times(root.path());
  CHECK(times.waited == 0);
  CHECK(read_machine_times(root.path()).stolen == 0);
}

}  // namespace
}  // namespace trp
