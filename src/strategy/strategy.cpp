#include "strategy/strategy.h"

#include "cluster/cluster.h"
#include "strategy/adaptive.h"
#include "strategy/data_parallel.h"
#include "strategy/pipeline_parallel.h"
#include "strategy/rank_outputs.h"
#include "strategy/rank_rows.h"
#include "strategy/ranks_split.h"
#include "strategy/sequential.h"
#include "strategy/tensor_parallel.h"

namespace trp {

std::unique_ptr<Strategy> make_strategy(const Plan& plan, const Mlp& mlp,
                                        const Optimizer& optimizer, const BatchForm& form,
                                        ThreadPool& pool, Cluster* cluster) {
  if constexpr (kHasRanks) {
    if (cluster && cluster->has_others()) {
      if (choose_split(plan, layer_sizes(mlp), form.capacity) == RanksSplit::kOutputs)
        return std::make_unique<RankOutputs>(mlp, optimizer, form, pool, *cluster);
      return std::make_unique<RankRows>(mlp, optimizer, form, pool, *cluster);
    }
  }
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
