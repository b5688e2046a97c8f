#include "lab/free_memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace trp {

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
