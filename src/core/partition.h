#pragma once

#include <algorithm>

#include "trp/tensor.h"

namespace trp {

/// The indices begin, …, end − 1.
struct Range {
  Index begin = 0;
  Index end = 0;

  Index size() const { return end - begin; }
  bool empty() const { return begin == end; }
  bool operator==(const Range&) const = default;
};

/// Cuts 0 … n − 1 into `parts` consecutive ranges, larger ones first, whose sizes differ by at most
/// one `multiple`, and returns number `part` of them. Every cut is at a multiple of `multiple`.
/// Parts are empty when there are more of them than multiples.
inline Range split_evenly(Index n, Index parts, Index part, Index multiple = 1) {
  const Index units = (n + multiple - 1) / multiple;
  const Index size = units / parts;
  const Index larger = units % parts;
  const Index begin = part * size + std::min(part, larger);
  const Index end = begin + size + (part < larger ? 1 : 0);
  return {std::min(begin * multiple, n), std::min(end * multiple, n)};
}

/// Cuts columns into whole cache lines of them, for owners who each have a part of a matrix.
inline Range split_columns(Index cols, Index parts, Index part) {
  return split_evenly(cols, parts, part, kLineFloats);
}

}  // namespace trp
