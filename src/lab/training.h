#pragma once

#include <memory>
#include <string>

#include "core/partition.h"
#include "data/batch.h"
#include "lab/lab.h"
#include "nn/mlp.h"
#include "nn/reference.h"
#include "trp/plan.h"
#include "trp/recipe.h"
#include "trp/thread_pool.h"
#include "trp/trainer.h"

namespace trp {

/// Trains the default network, 128 and 64 wide inside, at a constant rate on whole batches of the
/// training samples, in their order, without end.
Recipe lab_recipe(const LabContext& context);

/// The network that such a training starts from.
Mlp make_lab_network(const LabContext& context);

/// The first `count` training samples, over and over if there are fewer.
Batch first_samples(const LabContext& context, Index count);

/// The lab's network, a batch to send through it, and room for what comes out. Different rows may
/// be sent at once.
struct ForwardPass {
  /// What is added to the lab from now on is to send all rows, and is checked against double
  /// precision. The pass must outlive the race.
  ForwardPass(Lab& lab, Index batch_size);

  void send(Range rows) { forward(mlp, batch.input(), rows, activations); }
  void send_each(Range rows) {
    for (Index row = rows.begin; row < rows.end; ++row) send({row, row + 1});
  }

  const Mlp mlp;
  const Batch batch;
  Activations activations;
};

/// Whether it is the gradient of the mean loss over the batch, but for rounding to floats.
bool is_gradient(const ReferenceMlp& found, const Mlp& mlp, const Batch& batch);

/// Whether a training by the plan makes the first step that double precision makes, and some steps
/// later has the weights of a sequential training, to the last bit.
bool trains_right(const LabContext& context, const Recipe& recipe, const Plan& plan,
                  ThreadPool& pool);

/// Adds a contender that makes a step of a training by the plan in each call, and checks such a
/// training first. The amount is in thousands of samples. Returns what it trains with.
std::shared_ptr<Trainer> add_training(Lab& lab, const std::string& name, const Plan& plan,
                                      int workers = 1);

}  // namespace trp
