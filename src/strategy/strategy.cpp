#include "trp/strategy/strategy.h"

#include "strategy/data_parallel.h"
#include "strategy/sequential.h"

namespace trp {

std::unique_ptr<Strategy> make_strategy(const StrategyOptions& options, const Mlp& mlp,
                                        const Sgd& sgd, Index batch_size, ThreadPool& pool) {
  if (options.kind == StrategyKind::kSequential)
    return std::make_unique<Sequential>(mlp, sgd, batch_size);
  return std::make_unique<DataParallel>(mlp, sgd, batch_size, options.merge, pool);
}

}  // namespace trp
