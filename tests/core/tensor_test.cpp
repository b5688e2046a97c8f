#include "trp/tensor.h"

#include <cstdint>

#include "catch.h"

using namespace trp;

TEST_CASE("a tensor's rows start on cache lines and its padding is zero") {
  for (const Index cols : {1, 10, 16, 17, 64, 128, 784}) {
    Tensor tensor(3, cols);
    CHECK(tensor.rows() == 3);
    CHECK(tensor.cols() == cols);
    CHECK(tensor.stride() >= cols);
    for (Index row = 0; row < 3; ++row) {
      CHECK(reinterpret_cast<std::uintptr_t>(tensor.row(row)) % 64 == 0);
      for (Index col = 0; col < tensor.stride(); ++col) CHECK(tensor.row(row)[col] == 0);
    }
  }
}

TEST_CASE("a row takes an odd number of cache lines") {
  for (Index cols = 1; cols < 200; ++cols) CHECK(Tensor(1, cols).stride() / kLineFloats % 2 == 1);
}

TEST_CASE("a view is the same memory as its tensor") {
  Tensor tensor(4, 5);
  const TensorView rows = tensor.view_rows(1, 3);
  rows.matrix().setConstant(7);
  CHECK(rows.rows() == 2);
  CHECK(tensor(0, 4) == 0);
  CHECK(tensor(1, 0) == 7);
  CHECK(tensor(2, 4) == 7);
  CHECK(tensor(3, 0) == 0);
  CHECK(tensor.row(1)[5] == 0);
}

TEST_CASE("assigning a view changes what it looks at, not the floats") {
  Tensor a(1, 1);
  Tensor b(1, 1);
  b(0, 0) = 2;
  TensorView view = a.view();
  view = b.view();
  CHECK(view.data() == b.row(0));
  CHECK(a(0, 0) == 0);
}
