#pragma once

#include <cstddef>

namespace trp {

/// Bytes that experiments may fill: half of the memory that is free, or of what the cgroup
/// allows where that is less.
std::size_t memory_to_fill();

}  // namespace trp
