#include <libxsmm.h>

#include "bench/product_peer.h"

namespace trp {

ProductPeer libxsmm_products() {
  libxsmm_init();
  return {"libxsmm", LIBXSMM_VERSION, [](const ProductOperands& p) -> RunProduct {
            // Its matrices are column-major: row-major c = a · b is cᵀ = bᵀ · aᵀ there.
            // Like the kernels it may write the padding: it is slow where columns do not fill its
            // vectors.
            const auto m = static_cast<libxsmm_blasint>(round_up(p.c.cols(), kLineFloats));
            const auto n = static_cast<libxsmm_blasint>(p.c.rows());
            const auto k = static_cast<libxsmm_blasint>(p.depth());
            const auto lda = static_cast<libxsmm_blasint>(p.b.stride());
            const auto ldb = static_cast<libxsmm_blasint>(p.a.stride());
            const auto ldc = static_cast<libxsmm_blasint>(p.c.stride());
            const float one = 1;
            const float zero = 0;
            const int flags = p.a_transposed ? LIBXSMM_GEMM_FLAG_TRANS_B : LIBXSMM_GEMM_FLAG_NONE;
            const libxsmm_smmfunction kernel =
                libxsmm_smmdispatch(m, n, k, &lda, &ldb, &ldc, &one, &zero, &flags, nullptr);
            if (!kernel) return {};
            return [p, kernel] { kernel(p.b.data(), p.a.data(), p.c.data()); };
          }};
}

}  // namespace trp
