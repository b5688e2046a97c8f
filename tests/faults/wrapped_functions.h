#pragma once

// The functions of the library that do the work of a training. The linker puts what is here in
// their place (--wrap, see CMakeLists.txt): it calls enter(), which the including test defines,
// and then the library's function. Nothing in the program itself knows of these tests.

#include "data/batch.h"
#include "nn/kernels.h"
#include "nn/loss.h"

namespace trp {
namespace {

enum Work { kGather, kForward, kLoss, kBackward, kWeightGradient, kBiasGradient, kUpdate };
constexpr int kWorkCount = 7;

/// Called on the thread that is going to do the work.
void enter(Work work);

}  // namespace

// real_… is the library's function, wrapped_… what everybody calls in its place.
#define TRP_WRAP(name, mangled, work, parameters, arguments) \
  void real_##name parameters asm("__real_" mangled);        \
  void wrapped_##name parameters asm("__wrap_" mangled);     \
  void wrapped_##name parameters {                           \
    enter(work);                                             \
    real_##name arguments;                                   \
  }

TRP_WRAP(gather,
         "_ZN3trp6gatherERKNS_7DatasetESt4spanIKjLm18446744073709551615EENS_5RangeERNS_"
         "5BatchERKNS_12AugmentationE",
         kGather,
         (const Dataset& dataset, std::span<const std::uint32_t> samples, Range rows, Batch& batch,
          const Augmentation& augmentation),
         (dataset, samples, rows, batch, augmentation))
TRP_WRAP(
    forward_product,
    "_ZN3trp15forward_productERKSt7variantIJNS_15BasicTensorViewIKfEENS1_IKhEEEES3_S3_NS_10Activat"
    "ionENS1_IfEE",
    kForward,
    (const InputView& x, ConstTensorView weight, ConstTensorView bias, Activation activation,
     TensorView result),
    (x, weight, bias, activation, result))
TRP_WRAP(softmax_cross_entropy,
         "_ZN3trp21softmax_cross_entropyENS_15BasicTensorViewIKfEESt4spanIKhLm184467440737095516"
         "15EERKNS_8LossFormENS0_IfEES3_IdLm18446744073709551615EES3_IhLm18446744073709551615EE",
         kLoss,
         (ConstTensorView logits, std::span<const std::uint8_t> labels, const LossForm& form,
          TensorView gradient, std::span<double> losses, std::span<std::uint8_t> correct),
         (logits, labels, form, gradient, losses, correct))
TRP_WRAP(input_gradient_product,
         "_ZN3trp22input_gradient_productENS_15BasicTensorViewIKfEES2_S2_NS0_IfEE", kBackward,
         (ConstTensorView dz, ConstTensorView weight_transposed, ConstTensorView activation,
          TensorView result),
         (dz, weight_transposed, activation, result))
TRP_WRAP(
    weight_gradient_product,
    "_ZN3trp23weight_gradient_productERKSt7variantIJNS_15BasicTensorViewIKfEENS1_IKhEEEES3_NS_10Ch"
    "ainStartENS1_IfEE",
    kWeightGradient, (const InputView& x, ConstTensorView dz, ChainStart start, TensorView result),
    (x, dz, start, result))
TRP_WRAP(
    weight_gradient_update,
    "_ZN3trp22weight_gradient_updateERKSt7variantIJNS_15BasicTensorViewIKfEENS1_IKhEEEES3_RKNS_8La"
    "stLinkERKNS_18UpdateCoefficientsENS1_IfEERKNS_14UpdatedTensorsE",
    kWeightGradient,
    (const InputView& x, ConstTensorView dz, const LastLink& link,
     const UpdateCoefficients& coefficients, TensorView scratch, const UpdatedTensors& tensors),
    (x, dz, link, coefficients, scratch, tensors))
TRP_WRAP(bias_gradient_sum,
         "_ZN3trp17bias_gradient_sumENS_15BasicTensorViewIKfEENS_10ChainStartENS0_IfEE",
         kBiasGradient, (ConstTensorView dz, ChainStart start, TensorView result),
         (dz, start, result))
TRP_WRAP(update_with,
         "_ZN3trp11update_withENS_15BasicTensorViewIKfEERKNS_18UpdateCoefficientsERKNS_14UpdatedTen"
         "sorsE",
         kUpdate,
         (ConstTensorView gradient, const UpdateCoefficients& coefficients,
          const UpdatedTensors& tensors),
         (gradient, coefficients, tensors))

#undef TRP_WRAP

}  // namespace trp
