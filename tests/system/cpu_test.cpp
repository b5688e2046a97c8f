#include "system/cpu.h"

#include <sched.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "catch.h"
#include "temporary_folder.h"

using namespace trp;

namespace {

/// What the machine gives when no cgroup limits it.
int unlimited() { return available_cpus("/nonexistent"); }

void add_cache(const TemporaryFolder& root, int cpu, int index, int level, std::string_view size,
               std::string_view cpus) {
  const std::string cache = fmt::format("sys/devices/system/cpu/cpu{}/cache/index{}/", cpu, index);
  root.write(cache + "level", fmt::format("{}\n", level));
  root.write(cache + "size", std::string(size));
  root.write(cache + "shared_cpu_list", std::string(cpus));
}

}  // namespace

TEST_CASE("without a quota the affinity mask counts") {
  cpu_set_t before;
  REQUIRE(sched_getaffinity(0, sizeof(before), &before) == 0);
  CHECK(unlimited() == CPU_COUNT(&before));

  cpu_set_t one;
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu)
    if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
  REQUIRE(sched_setaffinity(0, sizeof(one), &one) == 0);
  CHECK(unlimited() == 1);
  REQUIRE(sched_setaffinity(0, sizeof(before), &before) == 0);
}

TEST_CASE("a cgroup v2 quota counts, rounded down but at least 1") {
  const TemporaryFolder root;
  root.write("proc/self/cgroup", "0::/user/job\n");
  root.write("sys/fs/cgroup/user/job/cpu.max", "150000 100000\n");
  CHECK(available_cpus(root.path()) == 1);
  root.write("sys/fs/cgroup/user/job/cpu.max", "20000 100000\n");
  CHECK(available_cpus(root.path()) == 1);
  root.write("sys/fs/cgroup/user/job/cpu.max", "max 100000\n");
  CHECK(available_cpus(root.path()) == unlimited());
  root.write("sys/fs/cgroup/user/job/cpu.max", "6400000 100000\n");
  CHECK(available_cpus(root.path()) == std::min(unlimited(), 64));
}

TEST_CASE("the tightest quota of all enclosing groups counts") {
  const TemporaryFolder root;
  root.write("proc/self/cgroup", "0::/user/job\n");
  root.write("sys/fs/cgroup/user/job/cpu.max", "max 100000\n");
  root.write("sys/fs/cgroup/user/cpu.max", "100000 100000\n");
  CHECK(available_cpus(root.path()) == 1);
}

TEST_CASE("in a container, whose own path is not visible, the mount point's quota counts") {
  const TemporaryFolder v2;
  v2.write("proc/self/cgroup", "0::/docker/0123abcd\n");
  v2.write("sys/fs/cgroup/cpu.max", "100000 100000\n");
  CHECK(available_cpus(v2.path()) == 1);

  const TemporaryFolder v1;
  v1.write("proc/self/cgroup", "4:cpu,cpuacct:/docker/0123abcd\n");
  v1.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n");
  v1.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  CHECK(available_cpus(v1.path()) == 1);
}

TEST_CASE("a cgroup v1 quota counts, and -1 means none") {
  const TemporaryFolder root;
  root.write("proc/self/cgroup", "5:memory:/other\n4:cpu,cpuacct:/job\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "50000\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "50000\n");
  CHECK(available_cpus(root.path()) == 1);
  root.write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "-1\n");
  CHECK(available_cpus(root.path()) == unlimited());
}

TEST_CASE("a tied thread has one CPU, round and round, until it is untied") {
  cpu_set_t all;
  REQUIRE(sched_getaffinity(0, sizeof(all), &all) == 0);
  std::thread([&] {  // not the thread of the other tests
    cpu_set_t mask;
    cpu_set_t seen;
    CPU_ZERO(&seen);
    const int count = CPU_COUNT(&all);
    for (int n = 0; n < 2 * count; ++n) {
      REQUIRE(tie_thread(n));
      REQUIRE(sched_getaffinity(0, sizeof(mask), &mask) == 0);
      REQUIRE(CPU_COUNT(&mask) == 1);
      CPU_OR(&seen, &seen, &mask);
      REQUIRE(CPU_COUNT(&seen) == std::min(n + 1, count));
    }
    CHECK(CPU_EQUAL(&seen, &all));
    untie_thread();
    REQUIRE(sched_getaffinity(0, sizeof(mask), &mask) == 0);
    CHECK(CPU_EQUAL(&mask, &all));
  })
      .join();
}

TEST_CASE("the last-level caches are added up, each once") {
  const TemporaryFolder root;
  CHECK(cache_bytes(root.path()) == 32 << 20);
  add_cache(root, 0, 0, 1, "48K\n", "0\n");
  add_cache(root, 0, 1, 2, "2048K\n", "0\n");
  CHECK(cache_bytes(root.path()) == 2 << 20);
  add_cache(root, 0, 2, 3, "16384K\n", "0-1\n");
  add_cache(root, 1, 0, 1, "48K\n", "1\n");
  add_cache(root, 1, 1, 3, "16384K\n", "0-1\n");
  add_cache(root, 2, 0, 3, "16384K\n", "2-3\n");
  CHECK(cache_bytes(root.path()) == 32 << 20);
}

TEST_CASE("neighbours share a cache: 64 cores of two threads in 8 clusters, numbered crosswise") {
  // Core c is in cluster c % 8 and has the CPUs c and c + 64.
  const TemporaryFolder root;
  for (int cpu = 0; cpu < 128; ++cpu) {
    const int core = cpu % 64;
    add_cache(root, cpu, 0, 1, "32K\n", fmt::format("{},{}\n", core, core + 64));
    std::string cluster;
    for (int other = core % 8; other < 128; other += 8)
      cluster += fmt::format("{}{}", cluster.empty() ? "" : ",", other);
    add_cache(root, cpu, 1, 3, "32768K\n", cluster + "\n");
  }
  std::vector<int> cpus(128);
  std::iota(cpus.rbegin(), cpus.rend(), 0);
  order_by_caches(cpus, root.path());
  for (std::size_t i = 0; i < 128; ++i) {
    INFO("worker " << i << " on CPU " << cpus[i]);
    CHECK(cpus[i] % 8 == static_cast<int>(i % 64 / 8));
    CHECK((cpus[i] < 64) == (i < 64));
  }
  CHECK(std::set(cpus.begin(), cpus.end()).size() == 128);

  std::vector<int> allowed = {72, 9, 8, 0, 73, 1};  // CPU 72 is the second of core 8
  order_by_caches(allowed, root.path());
  CHECK(allowed == std::vector<int>{0, 8, 1, 9, 72, 73});
}

TEST_CASE("neighbours share a cache: 64 cores in 8 clusters, numbered one after the other") {
  const TemporaryFolder root;
  for (int cpu = 0; cpu < 64; ++cpu) {
    add_cache(root, cpu, 0, 1, "32K\n", fmt::format("{}\n", cpu));
    const int first = cpu / 8 * 8;
    add_cache(root, cpu, 1, 3, "32768K\n", fmt::format("{}-{}\n", first, first + 7));
  }
  std::vector<int> cpus = {63, 0, 17, 16, 8, 7};
  order_by_caches(cpus, root.path());
  CHECK(cpus == std::vector<int>{0, 7, 8, 16, 17, 63});
}

TEST_CASE("CPUs stay in the order of their numbers where the system tells of no caches") {
  const TemporaryFolder root;
  std::vector<int> cpus = {5, 2, 9};
  order_by_caches(cpus, root.path());
  CHECK(cpus == std::vector<int>{2, 5, 9});
}
