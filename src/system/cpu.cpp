#include "system/cpu.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

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

int affinity_cpus() {
  const CpuMask mask = affinity_mask();
  if (mask.empty()) return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return CPU_COUNT_S(bytes_of(mask), mask.data());
}

double read_quota_v2(const fs::path& group) {
  std::ifstream file(group / "cpu.max");
  double quota = 0;
  double period = 0;
  return file >> quota >> period && quota > 0 && period > 0 ? quota / period : kNoQuota;
}

double read_quota_v1(const fs::path& group) {
  double quota = 0;
  double period = 0;
  std::ifstream(group / "cpu.cfs_quota_us") >> quota;
  std::ifstream(group / "cpu.cfs_period_us") >> period;
  return quota > 0 && period > 0 ? quota / period : kNoQuota;
}

/// The smallest quota of the group and of all groups around it. Inside a container the group's own
/// path may not be visible; its ancestors up to the mount point still are.
double min_quota(const fs::path& mount, fs::path group, double (*read_quota)(const fs::path&)) {
  double quota = read_quota(mount);
  for (group = group.relative_path(); !group.empty(); group = group.parent_path())
    quota = std::min(quota, read_quota(mount / group));
  return quota;
}

double cgroup_quota(const fs::path& root) {
  const fs::path mount = root / "sys/fs/cgroup";
  double quota = std::min(read_quota_v2(mount), read_quota_v1(mount / "cpu"));
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    std::istringstream fields(line);  // "hierarchy:controllers:path"
    std::string hierarchy;
    std::string controllers;
    std::string path;
    std::getline(fields, hierarchy, ':');
    std::getline(fields, controllers, ':');
    std::getline(fields, path);
    if (controllers.empty()) {
      quota = std::min(quota, min_quota(mount, path, read_quota_v2));
    } else if (("," + controllers + ",").find(",cpu,") != std::string::npos) {
      for (const fs::path& name : {fs::path("cpu"), fs::path(controllers)})
        quota = std::min(quota, min_quota(mount / name, path, read_quota_v1));
    }
  }
  return quota;
}

}  // namespace

int available_cpus(const fs::path& root) {
  const double allowed = std::min<double>(affinity_cpus(), cgroup_quota(root));
  return std::max(1, static_cast<int>(allowed));
}

bool tie_thread(int n) {
  const CpuMask& all = first_affinity_mask();
  if (all.empty()) return false;
  int left = n % CPU_COUNT_S(bytes_of(all), all.data());
  for (std::size_t cpu = 0;; ++cpu) {
    if (!CPU_ISSET_S(cpu, bytes_of(all), all.data()) || left-- > 0) continue;
    CpuMask one(all.size());
    CPU_SET_S(cpu, bytes_of(one), one.data());
    return sched_setaffinity(0, bytes_of(one), one.data()) == 0;
  }
}

void untie_thread() {
  const CpuMask& all = first_affinity_mask();
  if (!all.empty()) sched_setaffinity(0, bytes_of(all), all.data());
}

std::size_t cache_bytes(const std::filesystem::path& root) {
  int last_level = 0;
  std::map<std::string, std::size_t>
      kilobytes;  // of each cache of that level, by the CPUs it serves
  for (int cpu = 0;; ++cpu) {
    const fs::path caches = root / "sys/devices/system/cpu" / fmt::format("cpu{}", cpu) / "cache";
    int index = 0;
    for (;; ++index) {
      const fs::path cache = caches / fmt::format("index{}", index);
      int level = 0;
      std::size_t size = 0;
      std::string cpus;
      if (!(std::ifstream(cache / "level") >> level && std::ifstream(cache / "size") >> size &&
            std::ifstream(cache / "shared_cpu_list") >> cpus))
        break;
      if (level > last_level) kilobytes.clear();
      last_level = std::max(last_level, level);
      if (level == last_level) kilobytes[cpus] = size;
    }
    if (index == 0) break;
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
