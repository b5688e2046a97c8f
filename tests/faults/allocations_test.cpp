// Buffers are allocated once, not per step: operator new is replaced by one that counts.
#include <atomic>
#include <cstdlib>
#include <new>

#include "catch.h"
#include "data/synthetic.h"
#include "strategy/all_plans.h"
#include "strategy/strategy.h"

namespace {

std::atomic<long> allocation_count{0};

void* allocate(std::size_t size, std::size_t alignment) {
  ++allocation_count;
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  if (void* memory = std::aligned_alloc(alignment, rounded > 0 ? rounded : alignment))
    return memory;
  throw std::bad_alloc();
}

}  // namespace

// Not inlined, or GCC complains that what it knows to come from operator new goes to free().
#define TRP_REPLACES __attribute__((noinline))
TRP_REPLACES void* operator new(std::size_t size) {
  return allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
TRP_REPLACES void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
TRP_REPLACES void operator delete(void* memory) noexcept { std::free(memory); }
TRP_REPLACES void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
TRP_REPLACES void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
TRP_REPLACES void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace trp {

TEST_CASE("no step but the first allocates") {
  const DataSets data = synthetic_data(64, 8, 20, 4);
  std::vector<std::uint32_t> samples(64);
  for (std::uint32_t i = 0; i < 64; ++i) samples[i] = i;
  for (const NamedPlan& named : kAllPlans) {
    if (named.plan.strategy == StrategyKind::kAuto) continue;  // its other ways come later
    for (const bool has_all : {false, true}) {
      INFO(named.name << (has_all ? ", with all that a recipe may have" : ""));
      Mlp mlp = make_mlp(std::vector<Index>{data.train.feature_count, 33, 17, 4}, 1);
      if (has_all)
        set_normalization({Tensor(1, mlp.input_size()), Tensor(1, mlp.input_size())}, mlp);
      const BatchElements elements = has_all ? BatchElements::kFloats : BatchElements::kBytes;
      const std::vector<double> dropout(has_all ? 2 : 0, 0.5);
      const std::vector<float> class_weights(has_all ? 4 : 0, 0.5F);
      Optimizer optimizer(mlp, {.kind = has_all ? OptimizerKind::kAdam : OptimizerKind::kSgd,
                                .momentum = 0.9F,
                                .weight_decay = 0.1,
                                .clip_norm = has_all ? 0.5F : 0,
                                .average_weights = has_all ? 0.9 : 0});
      ThreadPool pool(3, 3);
      const auto strategy = make_strategy(named.plan, mlp, optimizer, {64, elements}, pool);
      const auto step = [&](std::size_t count) {
        strategy->step({.dataset = data.train,
                        .samples = std::span(samples).first(count),
                        .rates = {0.01F},
                        .loss = {.smoothing = 0.1F, .class_weights = class_weights},
                        .dropout = dropout},
                       optimizer, mlp);
      };
      step(64);
      step(10);  // a batch smaller than the rest, as the last one of an epoch may be
      const long before = allocation_count;
      for (int i = 0; i < 3; ++i) {
        step(64);
        step(10);
      }
      CHECK(allocation_count - before == 0);
    }
  }
}

}  // namespace trp
