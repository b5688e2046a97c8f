#pragma once

#include <filesystem>

namespace trp {

/// How many CPUs this process may use: the affinity mask, or the floor of the cgroup's CPU quota
/// (version 1 or 2, the tightest of all enclosing groups) where that is less; at least 1.
/// `root` stands for "/" when the quota is looked up.
int available_cpus(const std::filesystem::path& root = "/");

}  // namespace trp
