#pragma once

#include <cstdint>

#include <hwy/targets.h>

#include "catch.h"
#include "trp/core/tensor.h"
#include "trp/nn/kernels.h"

namespace trp {

/// Runs the rest of a test on one instruction set after another, the best one last.
class EachTarget {
 public:
  template <class Body>
  static void run(const Body& body) {
    const std::int64_t supported = hwy::SupportedTargets();
    for (int bit = 62; bit >= 0; --bit) {
      const std::int64_t target = std::int64_t{1} << bit;
      if (!(supported & target)) continue;
      choose(target);
      INFO("instruction set " << simd_target_name());
      body();
    }
    choose(0);
  }

 private:
  static void choose(std::int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

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
