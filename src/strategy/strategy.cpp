#include "strategy/strategy.h"

#include "strategy/data_parallel.h"
#include "strategy/pipeline_parallel.h"
#include "strategy/sequential.h"
#include "strategy/tensor_parallel.h"

namespace trp {

std::unique_ptr<Strategy> make_strategy(const StrategyOptions& options, const Mlp& mlp,
                                        const Sgd& sgd, Index batch_size, ThreadPool& pool) {
  switch (options.kind) {
    case StrategyKind::kSequential:
      return std::make_unique<Sequential>(mlp, sgd, batch_size);
    case StrategyKind::kData:
      return std::make_unique<DataParallel>(mlp, sgd, batch_size, options.merge, pool);
    case StrategyKind::kTensor:
      return std::make_unique<TensorParallel>(mlp, sgd, batch_size, pool);
    case StrategyKind::kPipeline:
      break;
  }
  return std::make_unique<PipelineParallel>(mlp, sgd, batch_size, options, pool);
}

}  // namespace trp
