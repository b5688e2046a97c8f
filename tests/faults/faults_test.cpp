// An exception in any strategy, phase and worker. The functions that do the work of a phase are
// replaced by the linker (--wrap, see CMakeLists.txt) with ones that throw when it is their turn:
// nothing in the program itself knows of these tests.
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include "catch.h"
#include "schedules.h"
#include "synthetic_data.h"
#include "trp/data/batch.h"
#include "trp/nn/kernels.h"
#include "trp/nn/loss.h"
#include "trp/nn/sparse_kernels.h"
#include "trp/train/trainer.h"

namespace trp {
namespace {

enum Phase { kGather, kForward, kLoss, kBackward, kWeightGradient, kBiasGradient, kUpdate };
constexpr int kPhaseCount = 7;

std::atomic<int> calls[kPhaseCount];
std::atomic<int> faulty_phase{-1};
std::atomic<int> faulty_call{0};

std::mutex threads_mutex;
std::set<std::thread::id> gradient_threads;  // guarded by threads_mutex

void enter(Phase phase) {
  if (phase == kWeightGradient) {
    const std::lock_guard lock(threads_mutex);
    gradient_threads.insert(std::this_thread::get_id());
  }
  const int call = ++calls[phase];
  if (phase == faulty_phase && call == faulty_call) throw std::runtime_error("the fault");
}

}  // namespace

// real_… is the library's function, wrapped_… what everybody calls in its place.
#define TRP_WRAP(name, mangled, phase, parameters, arguments) \
  void real_##name parameters asm("__real_" mangled);         \
  void wrapped_##name parameters asm("__wrap_" mangled);      \
  void wrapped_##name parameters {                            \
    enter(phase);                                             \
    real_##name arguments;                                    \
  }

TRP_WRAP(gather,
         "_ZN3trp6gatherERKNS_7DatasetESt4spanIKjLm18446744073709551615EENS_5RangeERNS_"
         "5BatchERKNS_12AugmentationE",
         kGather,
         (const Dataset& dataset, std::span<const std::uint32_t> samples, Range rows, Batch& batch,
          const Augmentation& augmentation),
         (dataset, samples, rows, batch, augmentation))
TRP_WRAP(forward_product,
         "_ZN3trp15forward_productENS_15BasicTensorViewIKfEES2_S2_NS_10ActivationENS0_IfEE",
         kForward,
         (ConstTensorView x, ConstTensorView weight, ConstTensorView bias, Activation activation,
          TensorView result),
         (x, weight, bias, activation, result))
TRP_WRAP(softmax_cross_entropy,
         "_ZN3trp21softmax_cross_entropyENS_15BasicTensorViewIKfEESt4spanIKhLm184467440737095516"
         "15EElNS0_IfEES3_IdLm18446744073709551615EES3_IhLm18446744073709551615EE",
         kLoss,
         (ConstTensorView logits, std::span<const std::uint8_t> labels, Index divisor,
          TensorView gradient, std::span<double> losses, std::span<std::uint8_t> correct),
         (logits, labels, divisor, gradient, losses, correct))
TRP_WRAP(input_gradient_product,
         "_ZN3trp22input_gradient_productENS_15BasicTensorViewIKfEES2_S2_NS0_IfEE", kBackward,
         (ConstTensorView dz, ConstTensorView weight_transposed, ConstTensorView activation,
          TensorView result),
         (dz, weight_transposed, activation, result))
TRP_WRAP(weight_gradient_product,
         "_ZN3trp23weight_gradient_productENS_15BasicTensorViewIKfEES2_NS_10ChainStartENS0_IfEE",
         kWeightGradient,
         (ConstTensorView x, ConstTensorView dz, ChainStart start, TensorView result),
         (x, dz, start, result))
TRP_WRAP(sparse_forward_product,
         "_ZN3trp22sparse_forward_productENS_15BasicTensorViewIKfEES2_S2_NS_10ActivationENS0_IfEE",
         kForward,
         (ConstTensorView x, ConstTensorView weight, ConstTensorView bias, Activation activation,
          TensorView result),
         (x, weight, bias, activation, result))
TRP_WRAP(sparse_weight_gradient_product,
         "_ZN3trp30sparse_weight_gradient_productENS_15BasicTensorViewIKfEES2_NS_10ChainStartENS0_"
         "IfEE",
         kWeightGradient,
         (ConstTensorView x, ConstTensorView dz, ChainStart start, TensorView result),
         (x, dz, start, result))
TRP_WRAP(bias_gradient_sum,
         "_ZN3trp17bias_gradient_sumENS_15BasicTensorViewIKfEENS_10ChainStartENS0_IfEE",
         kBiasGradient, (ConstTensorView dz, ChainStart start, TensorView result),
         (dz, start, result))
TRP_WRAP(sgd_update,
         "_ZN3trp10sgd_updateENS_15BasicTensorViewIKfEERKNS_15SgdCoefficientsENS0_IfEES6_", kUpdate,
         (ConstTensorView gradient, const SgdCoefficients& coefficients, TensorView weights,
          TensorView velocity),
         (gradient, coefficients, weights, velocity))

namespace {

const std::atomic<bool> kNeverStop{false};

void arm(int phase, int call) {
  for (auto& count : calls) count = 0;
  faulty_phase = phase;
  faulty_call = call;
}

}  // namespace

TEST_CASE("an exception in any strategy, phase and worker ends the training, and does no harm") {
  // Three batches, the last one smaller.
  const DataSets data = synthetic_data(40, 8, 20, 4);
  TrainOptions options;
  options.hidden = {33, 17};
  options.class_count = 4;
  options.epochs = 1;
  options.batch_size = 16;
  std::vector<Schedule> schedules = kSameBits;
  schedules.push_back(kArrival);
  for (const Schedule& schedule : schedules)
    for (const float clip_norm : {0.0F, 0.5F})
      for (const int loaders : {0, 2})
        for (const int workers : {1, 2, 3, 8}) {
          ThreadPool pool(workers, workers);
          options.strategy = schedule.options;
          options.sgd.clip_norm = clip_norm;
          options.loaders = loaders;
          arm(-1, 0);
          const std::string expected = train(options, data, pool, {}, kNeverStop).weights;
          int calls_of_phase[kPhaseCount];
          for (int phase = 0; phase < kPhaseCount; ++phase) calls_of_phase[phase] = calls[phase];
          for (int phase = 0; phase < kPhaseCount; ++phase) {
            INFO(schedule.name << ", " << workers << " workers, " << loaders << " loaders, phase "
                               << phase);
            // Evaluation goes forward too, one call for each layer at least.
            const int count = calls_of_phase[phase] - (phase == kForward ? 3 : 0);
            REQUIRE(count > 0);
            for (const int call : {1, 2, 3, count / 3, count / 2, count}) {
              if (call < 1 || call > count) continue;
              arm(phase, call);
              const auto begin = std::chrono::steady_clock::now();
              REQUIRE_THROWS_WITH(train(options, data, pool, {}, kNeverStop), "the fault");
              // A limit of the contract, not a measurement: what hangs would hang for ever.
              REQUIRE(std::chrono::steady_clock::now() - begin < std::chrono::seconds(2));
            }
          }
          arm(-1, 0);
          const std::string again = train(options, data, pool, {}, kNeverStop).weights;
          if (schedule.name != kArrival.name) REQUIRE(again == expected);
        }
}

TEST_CASE("every parallel strategy has two workers at work") {
  const DataSets data = synthetic_data(40, 8, 20, 4);
  TrainOptions options;
  options.hidden = {33, 17};
  options.class_count = 4;
  options.epochs = 1;
  arm(-1, 0);
  ThreadPool pool(2, 2);
  for (const Schedule& schedule : kSameBits) {
    if (schedule.options.kind == StrategyKind::kSequential) continue;
    INFO(schedule.name);
    options.strategy = schedule.options;
    gradient_threads.clear();
    // On a crowded machine one of them may for a while be too late for everything.
    for (int i = 0; i < 1000 && gradient_threads.size() < 2; ++i)
      train(options, data, pool, {}, kNeverStop);
    CHECK(gradient_threads.size() == 2);
  }
}

}  // namespace trp
