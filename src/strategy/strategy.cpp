#include "strategy/strategy.h"

#include "strategy/adaptive.h"
#include "strategy/data_parallel.h"
#include "strategy/pipeline_parallel.h"
#include "strategy/sequential.h"
#include "strategy/tensor_parallel.h"

namespace trp {

std::unique_ptr<Strategy> make_strategy(const Plan& plan, const Mlp& mlp,
                                        const Optimizer& optimizer, const BatchForm& form,
                                        ThreadPool& pool) {
  switch (plan.strategy) {
    case StrategyKind::kSequential:
      return std::make_unique<Sequential>(mlp, optimizer, form);
    case StrategyKind::kData:
      return std::make_unique<DataParallel>(mlp, optimizer, form, plan.merge, pool);
    case StrategyKind::kTensor:
      return std::make_unique<TensorParallel>(mlp, optimizer, form, pool);
    case StrategyKind::kPipeline:
      return std::make_unique<PipelineParallel>(mlp, optimizer, form, plan, pool);
    case StrategyKind::kAuto:
      break;
  }
  return std::make_unique<Adaptive>(mlp, form, plan, pool);
}

}  // namespace trp
