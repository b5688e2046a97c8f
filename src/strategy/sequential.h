#pragma once

#include "strategy/batch_buffers.h"
#include "strategy/parameter_update.h"
#include "strategy/strategy.h"

namespace trp {

class Sequential final : public Strategy {
 public:
  Sequential(const Mlp& mlp, const Sgd& sgd, const BatchForm& form);

  StepResult step(const StepInput& input, Sgd& sgd, Mlp& mlp) override;

 private:
  BatchBuffers buffers_;
  ParameterUpdate update_;
};

}  // namespace trp
