#include "bench/product_peer.h"

#include <fmt/format.h>
#include <Eigen/Dense>

namespace trp {

ProductPeer eigen_products() {
  return {"Eigen",
          fmt::format("{}.{}.{}, -march=native", EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION,
                      EIGEN_MINOR_VERSION),
          [](const ProductOperands& p) -> RunProduct {
            if (p.a_transposed)
              return [p] { p.c.matrix().noalias() = p.a.matrix().transpose() * p.b.matrix(); };
            return [p] { p.c.matrix().noalias() = p.a.matrix() * p.b.matrix(); };
          }};
}

}  // namespace trp
