#include "system/cpu.h"

#include <sched.h>

#include <algorithm>
#include <compare>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace trp {
namespace {

namespace fs = std::filesystem;

constexpr double kNoQuota = std::numeric_limits<double>::infinity();

/// A mask of CPUs; empty where the system does not tell.
using CpuMask = std::vector<cpu_set_t>;

std::size_t bytes_of(const CpuMask& mask) { return mask.size() * sizeof(cpu_set_t); }

CpuMask affinity_mask() {
  // The kernel refuses masks smaller than its own, so grow until it accepts.
  for (std::size_t cpus = CPU_SETSIZE; cpus <= 1 << 20; cpus *= 2) {
    CpuMask mask(cpus / CPU_SETSIZE);
    if (sched_getaffinity(0, bytes_of(mask), mask.data()) == 0) return mask;
  }
  return {};
}

/// As it was before any thread was tied.
const CpuMask& first_affinity_mask() {
  static const CpuMask mask = affinity_mask();
  return mask;
}

/// The CPUs of first_affinity_mask() by their caches.
const std::vector<int>& cpus_to_tie_to() {
  static const std::vector<int> cpus = [] {
    const CpuMask& mask = first_affinity_mask();
    std::vector<int> numbers;
    for (std::size_t cpu = 0; cpu < mask.size() * CPU_SETSIZE; ++cpu)
      if (CPU_ISSET_S(cpu, bytes_of(mask), mask.data())) numbers.push_back(static_cast<int>(cpu));
    order_by_caches(numbers);
    return numbers;
  }();
  return cpus;
}

/// By the files of version 2 or, where there are none, of version 1.
double read_quota(const fs::path& group) {
  double quota = 0, period = 0;
  if (!(std::ifstream(group / "cpu.max") >> quota >> period)) {
    std::ifstream(group / "cpu.cfs_quota_us") >> quota;
    std::ifstream(group / "cpu.cfs_period_us") >> period;
  }
  return quota > 0 && period > 0 ? quota / period : kNoQuota;
}

/// The smallest quota of the group and of all groups around it. Inside a container the group's own
/// path may not be visible; its ancestors up to the mount point still are.
double min_quota(const fs::path& mount, fs::path group) {
  double quota = read_quota(mount);
  for (group = group.relative_path(); !group.empty(); group = group.parent_path())
    quota = std::min(quota, read_quota(mount / group));
  return quota;
}

double cgroup_quota(const fs::path& root) {
  const fs::path mount = root / "sys/fs/cgroup";
  double quota = std::min(read_quota(mount), read_quota(mount / "cpu"));
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    std::istringstream fields(line);  // "hierarchy:controllers:path", no controllers in version 2
    std::string hierarchy, controllers, path;
    std::getline(fields, hierarchy, ':');
    std::getline(fields, controllers, ':');
    std::getline(fields, path);
    const bool is_of_cpu = ("," + controllers + ",").find(",cpu,") != std::string::npos;
    if (is_of_cpu) quota = std::min(quota, min_quota(mount / "cpu", path));
    if (is_of_cpu || controllers.empty())
      quota = std::min(quota, min_quota(mount / controllers, path));
  }
  return quota;
}

struct Cache {
  int level = 0;
  std::size_t kilobytes = 0;
  std::string cpus;  // that it serves, a list like "0-7,64-71"
};

std::vector<Cache> caches_of(int cpu, const fs::path& root) {
  const fs::path folder = root / "sys/devices/system/cpu" / fmt::format("cpu{}", cpu) / "cache";
  std::vector<Cache> caches;
  for (int index = 0;; ++index) {
    const fs::path cache = folder / fmt::format("index{}", index);
    Cache found;
    if (!(std::ifstream(cache / "level") >> found.level &&
          std::ifstream(cache / "size") >> found.kilobytes &&
          std::ifstream(cache / "shared_cpu_list") >> found.cpus))
      return caches;
    caches.push_back(std::move(found));
  }
}

}  // namespace

int available_cpus(const fs::path& root) {
  const CpuMask mask = affinity_mask();
  const auto cpus = mask.empty() ? static_cast<int>(std::thread::hardware_concurrency())
                                 : CPU_COUNT_S(bytes_of(mask), mask.data());
  return std::max(1, static_cast<int>(std::min<double>(cpus, cgroup_quota(root))));
}

void order_by_caches(std::vector<int>& cpus, const fs::path& root) {
  struct Place {
    std::size_t thread;  // of the core: how many of the CPUs before this one share its first cache
    int cluster;         // the first CPU that its last-level cache serves
    int cpu;
    auto operator<=>(const Place&) const = default;
  };
  std::ranges::sort(cpus);
  std::map<std::string, std::size_t> threads_of_core;
  std::vector<Place> places;
  for (const int cpu : cpus) {
    const std::vector<Cache> caches = caches_of(cpu, root);
    const auto by_level = std::ranges::minmax_element(caches, {}, &Cache::level);
    places.push_back({0, cpu, cpu});
    if (caches.empty()) continue;
    places.back().thread = threads_of_core[by_level.min->cpus]++;
    std::istringstream(by_level.max->cpus) >> places.back().cluster;
  }
  std::ranges::sort(places);
  std::ranges::transform(places, cpus.begin(), &Place::cpu);
}

bool tie_thread(int n) {
  const std::vector<int>& cpus = cpus_to_tie_to();
  if (cpus.empty()) return false;
  CpuMask one(first_affinity_mask().size());
  CPU_SET_S(static_cast<std::size_t>(cpus[static_cast<std::size_t>(n) % cpus.size()]),
            bytes_of(one), one.data());
  return sched_setaffinity(0, bytes_of(one), one.data()) == 0;
}

void untie_thread() {
  const CpuMask& all = first_affinity_mask();
  if (!all.empty()) sched_setaffinity(0, bytes_of(all), all.data());
}

std::size_t cache_bytes(const std::filesystem::path& root) {
  int last_level = 0;
  std::map<std::string, std::size_t> kilobytes;  // of each cache of that level
  for (int cpu = 0;; ++cpu) {
    const std::vector<Cache> caches = caches_of(cpu, root);
    if (caches.empty()) break;
    for (const Cache& cache : caches) {
      if (cache.level > last_level) kilobytes.clear();
      last_level = std::max(last_level, cache.level);
      if (cache.level == last_level) kilobytes[cache.cpus] = cache.kilobytes;
    }
  }
  std::size_t sum = 0;
  for (const auto& [cpus, size] : kilobytes) sum += size << 10;
  return sum > 0 ? sum : std::size_t{32} << 20;
}

std::string cpu_model(const std::filesystem::path& root) {
  std::ifstream file(root / "proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown CPU";
}

std::string frequency_governor(const std::filesystem::path& root) {
  std::ifstream file(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  std::string governor;
  std::getline(file, governor);
  return governor;
}

}  // namespace trp
