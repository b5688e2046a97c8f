#include "cluster/columns.h"

#include <limits>

#include "core/fail.h"

namespace trp {
namespace {

constexpr Index kMaxFloats =
    std::numeric_limits<int>::max() / Index{sizeof(float)};  // MPI counts bytes in an int

}  // namespace

void Columns::check_size(Index rows, Index cols) {
  if (rows * round_up(cols, kLineFloats) > kMaxFloats)
    fail("the ranks would exchange {} x {} numbers at once, which are more than 2 GiB", rows, cols);
}

Columns::Columns(Index max_rows, Index cols, const Cluster& cluster)
    : cols_(cols), rank_(cluster.rank()), size_(cluster.size()), blocks_(size_) {
  check_size(max_rows, cols);
  values_.resize(static_cast<std::size_t>(max_rows * round_up(cols, kLineFloats)));
}

TensorView Columns::columns_of(int rank, Index rows) {
  const Range cols = split_columns(cols_, size_, rank);
  return {values_.data() + rows * cols.begin, rows, cols.size(),
          round_up(cols.size(), kLineFloats)};
}

void Columns::take(ConstTensorView matrix, Range rows) {
  const Range cols = split_columns(cols_, size_, rank_);
  columns_of(rank_, matrix.rows()).view_rows(rows.begin, rows.end).matrix() =
      matrix.view_rows(rows.begin, rows.end).view_cols(cols.begin, cols.end).matrix();
}

void Columns::begin_gather(ConstTensorView matrix, Cluster& cluster) {
  for (int rank = 0; rank < size_; ++rank) {
    const auto r = static_cast<std::size_t>(rank);
    const TensorView columns = columns_of(rank, matrix.rows());
    blocks_.counts[r] = static_cast<int>(columns.rows() * columns.stride() * Index{sizeof(float)});
    blocks_.offsets[r] = static_cast<int>((columns.data() - values_.data()) * Index{sizeof(float)});
  }
  transfer_ = cluster.gather(std::span(values_), blocks_);
}

void Columns::give(TensorView matrix, Range rows) {
  for (int rank = 0; rank < size_; ++rank) {
    if (rank == rank_) continue;
    const Range cols = split_columns(cols_, size_, rank);
    matrix.view_rows(rows.begin, rows.end).view_cols(cols.begin, cols.end).matrix() =
        columns_of(rank, matrix.rows()).view_rows(rows.begin, rows.end).matrix();
  }
}

}  // namespace trp
