#include <oneapi/dnnl/dnnl.h>

#include <omp.h>

#include <fmt/format.h>

#include "bench/product_peer.h"

namespace trp {

ProductPeer onednn_products() {
  omp_set_num_threads(1);
  const dnnl_version_t* version = dnnl_version();
  return {"oneDNN", fmt::format("{}.{}.{}", version->major, version->minor, version->patch),
          [](const ProductOperands& p) -> RunProduct {
            // Its matmul primitive was slower than this on the small products, and no faster on the
            // large ones.
            return [p] {
              dnnl_sgemm(p.a_transposed ? 'T' : 'N', 'N', p.c.rows(), p.c.cols(), p.depth(), 1,
                         p.a.data(), p.a.stride(), p.b.data(), p.b.stride(), 0, p.c.data(),
                         p.c.stride());
            };
          }};
}

}  // namespace trp
