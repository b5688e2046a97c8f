#include <cblas.h>

#include "bench/product_peer.h"

namespace trp {

ProductPeer openblas_products() {
  openblas_set_num_threads(1);
  return {"OpenBLAS", openblas_get_config(), [](const ProductOperands& p) -> RunProduct {
            return [p] {
              cblas_sgemm(CblasRowMajor, p.a_transposed ? CblasTrans : CblasNoTrans, CblasNoTrans,
                          static_cast<blasint>(p.c.rows()), static_cast<blasint>(p.c.cols()),
                          static_cast<blasint>(p.depth()), 1, p.a.data(),
                          static_cast<blasint>(p.a.stride()), p.b.data(),
                          static_cast<blasint>(p.b.stride()), 0, p.c.data(),
                          static_cast<blasint>(p.c.stride()));
            };
          }};
}

}  // namespace trp
