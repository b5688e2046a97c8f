#pragma once

#include "catch.h"
#include "nn/kernels.h"
#include "nn/reference.h"
#include "trp/tensor.h"

namespace trp {

/// Runs the rest of a test on one instruction set after another, the best one last.
template <class Body>
void on_each_target(const Body& body) {
  for_each_simd_target([&] {
    INFO("instruction set " << simd_target_name());
    body();
  });
}

inline void check_equal(const Tensor& actual, const Tensor& expected) {
  REQUIRE(actual.rows() == expected.rows());
  REQUIRE(actual.cols() == expected.cols());
  for (Index r = 0; r < actual.rows(); ++r)
    for (Index c = 0; c < actual.cols(); ++c) {
      INFO("element " << r << ", " << c);
      REQUIRE(actual(r, c) == expected(r, c));
    }
}

}  // namespace trp
