#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace trp {

/// How many CPUs this process may use: the affinity mask, or the floor of the cgroup's CPU quota
/// (version 1 or 2, the tightest of all enclosing groups) where that is less; at least 1.
/// `root` stands for "/" when the quota is looked up.
int available_cpus(const std::filesystem::path& root = "/");

/// Ties the calling thread to one CPU: the n-th, round and round, of those that the process might
/// use when this or untie_thread was first called. False where the system refuses.
bool tie_thread(int n);

/// Lets the calling thread run on all of those CPUs again, whatever it has inherited.
void untie_thread();

/// How many bytes the processor's last-level caches hold, all together: an array must be larger for
/// its use to be of memory. 32 MiB where the system does not tell.
std::size_t cache_bytes(const std::filesystem::path& root = "/");

/// The processor's name, as in /proc/cpuinfo; "unknown CPU" where that does not tell.
std::string cpu_model(const std::filesystem::path& root = "/");

/// What the system does with the first CPU's frequency ("performance", "powersave", …); empty where
/// it does not tell.
std::string frequency_governor(const std::filesystem::path& root = "/");

}  // namespace trp
