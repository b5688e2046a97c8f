#pragma once

#include <cstdint>

#include "trp/nn/kernels.h"

namespace trp {

/// What becomes of a finished chain.
enum class Finish { kNone, kRelu, kMask, kUpdate };

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
  // kUpdate: the chain is a gradient and goes into these; c is for unfinished chains.
  SgdCoefficients sgd = {};
  float* weights = nullptr;
  float* velocity = nullptr;  // null without momentum
  Index weights_stride = 0;   // of the velocity, too
};

/// Of bytes; leaves out links whose byte is zero.
void compute_sparse_product(const Product& product);

}  // namespace trp
