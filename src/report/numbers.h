#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace trp {

// Numbers for people. Machine formats have their own. The locale never matters.

/// 60 000
std::string grouped(std::int64_t value);

/// 412 k, 8.31 M: three figures and a unit.
std::string with_unit(double value);

/// 1 worker, 2 workers, 2 batches
std::string count_of(std::int64_t count, std::string_view thing);

/// 784 → 128 → 10, 101 770 parameters
std::string network_text(std::span<const std::int64_t> layers, std::int64_t parameter_count);

/// 88.42 %, of a share from 0 to 1.
std::string percent(double share);

/// 88.42%, for columns; - for what is no number.
std::string short_percent(double share);

/// 0.0841; 1.2e+30 when it would be long.
std::string loss_text(double loss);

/// 0:07, 12:05, 1:02:03
std::string clock_text(double seconds);

}  // namespace trp
