#pragma once

#include <optional>

namespace trp {

/// Measures how many nanoseconds a cache line takes to another CPU and back: what one worker tells
/// another takes half of that at least. CPUs that share a cache are near, those of other chiplets
/// or sockets far, and on some virtual machines it changes from hour to hour. Returns the shortest
/// of measurements that take at most about 50 ms together, for other programs make it no shorter;
/// nothing if there is only one CPU, or they leave this one no other.
std::optional<double> cache_line_round_trip_ns();

}  // namespace trp
