#pragma once

#include <algorithm>
#include <cstdint>

#include "nn/kernels.h"

namespace trp {

/// What a byte of one stands for.
inline constexpr float kByteScale = 1.0F / 255.0F;

/// What becomes of a chain: kUnfinished is to be gone on with, by a product that starts from c.
enum class Finish { kUnfinished, kNone, kRelu, kMask, kUpdate };

/// c = finish(start + a · b), where link k of row r has the factor a[r · row_step + k · link_step].
struct Product {
  const float* a = nullptr;
  const std::uint8_t* bytes = nullptr;  // instead of a: bytes that stand for byte / 255
  Index row_step;
  Index link_step;  // one of the steps is 1
  const float* b;
  Index b_stride;
  float* c;
  Index c_stride;
  Index rows;
  Index cols;
  Index depth;
  const float* start = nullptr;  // null: zero
  Index start_stride = 0;        // 0: one row for all
  Finish finish = Finish::kNone;
  const float* mask = nullptr;  // kMask: zero where this is not positive
  Index mask_stride = 0;
  // kUpdate: the chain is a gradient, which gets its last link and goes into tensors; c is for
  // unfinished chains.
  UpdateCoefficients update = {};
  UpdatedTensors tensors = {};
  LastLink link = {};
};

/// Calls compute(block) for blocks of at most `depth` links, one after the other; once at least: a
/// chain without links is its start.
template <class Compute>
void for_each_block(const Product& product, Index depth, const Compute& compute) {
  Product block = product;
  Index begin = 0;
  do {
    const Index end = std::min(begin + depth, product.depth);
    if (product.bytes)
      block.bytes = product.bytes + begin * product.link_step;
    else
      block.a = product.a + begin * product.link_step;
    block.b = product.b + begin * product.b_stride;
    block.depth = end - begin;
    block.finish = end == product.depth ? product.finish : Finish::kUnfinished;
    compute(block);
    block.start = product.c;
    block.start_stride = product.c_stride;
    begin = end;
  } while (begin < product.depth);
}

/// Computes a product of floats, all of which are multiplied.
void compute_dense_product(const Product& product);

/// Computes a product of bytes. Links whose bytes are zero in all rows of a tile are left out.
void compute_sparse_product(const Product& product);

}  // namespace trp
