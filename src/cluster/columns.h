#pragma once

#include <vector>

#include "cluster/cluster.h"
#include "core/partition.h"
#include "trp/tensor.h"

namespace trp {

/// What is on its way of a matrix of which every rank has columns, those of split_columns(), and
/// all need all.
class Columns {
 public:
  /// Throws Error if matrices of this size are beyond 2 GiB, more than can be exchanged at once.
  static void check_size(Index rows, Index cols);

  /// For matrices of at most so many rows. Throws as check_size() does.
  Columns(Index max_rows, Index cols, const Cluster& cluster);

  /// Takes what this rank has in rows of the matrix. Threads may take different rows at once.
  void take(ConstTensorView matrix, Range rows);

  /// Begins to fetch what the others have in this matrix, of which all rows were taken.
  void begin_gather(ConstTensorView matrix, Cluster& cluster);
  void end_gather() { transfer_.wait(); }

  /// Gives the matrix what others have in its rows. Threads may do so with different rows at once.
  void give(TensorView matrix, Range rows);

 private:
  TensorView columns_of(int rank, Index rows);

  Index cols_;
  int rank_, size_;
  Blocks blocks_;
  std::vector<float> values_;  // of each rank its columns, row by row
  Transfer transfer_;
};

}  // namespace trp
