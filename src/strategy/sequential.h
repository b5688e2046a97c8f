#pragma once

#include "strategy/batch_buffers.h"
#include "strategy/parameter_update.h"
#include "strategy/strategy.h"

namespace trp {

/// The calling thread does everything: no pool, no lock.
class Sequential final : public Strategy {
 public:
  Sequential(const Mlp& mlp, const Optimizer& optimizer, const BatchForm& form);

  StepResult step(const StepInput& input, Optimizer& optimizer, Mlp& mlp) override;

 private:
  BatchBuffers buffers_;
  ParameterUpdate update_;
};

}  // namespace trp
