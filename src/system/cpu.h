#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace trp {

/// How many CPUs this process may use: the affinity mask, or the floor of the cgroup's CPU quota
/// (version 1 or 2, the tightest of all enclosing groups) where that is less; at least 1.
/// `root` stands for "/" when the quota is looked up.
int available_cpus(const std::filesystem::path& root = "/");

/// Orders CPUs so that those beside one another share as much cache as may be: first one CPU of
/// each core, by the last-level caches they share, then the second ones of cores that have several
/// in the same way. By number where the system does not tell.
void order_by_caches(std::vector<int>& cpus, const std::filesystem::path& root = "/");

/// Ties the calling thread to one CPU: the n-th, round and round, in order_by_caches(), of those
/// that the process might use when this or untie_thread was first called. False where the system
/// refuses.
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
