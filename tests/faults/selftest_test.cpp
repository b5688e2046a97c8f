// The selftest notices what it is there to notice. The functions that it checks are replaced by the
// linker (--wrap, see CMakeLists.txt) with ones that go wrong when told to.
#include "train/selftest.h"

#include <fcntl.h>
#include <unistd.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include <algorithm>
#include <set>
#include <stdexcept>
#include <thread>

#include "catch.h"
#include "cli/commands.h"
#include "formats/array_file.h"
#include "nn/kernels.h"
#include "trp/error.h"

namespace trp {
namespace {

enum class Fault {
  kNone,
  kWrongProduct,
  kWrongGradient,
  kNotANumber,
  kOtherThreadsRoundOtherwise,
  kAllRoundOtherwise,
  kNothingIsLearned,
  kFileIsDamaged,
  kDamageIsNotNoticed,
  kException,
};

std::atomic<Fault> fault{Fault::kNone};
const std::thread::id kMainThread = std::this_thread::get_id();

bool rounds_otherwise() {
  return fault == Fault::kAllRoundOtherwise ||
         (fault == Fault::kOtherThreadsRoundOtherwise && std::this_thread::get_id() != kMainThread);
}

}  // namespace

// real_… is the library's function, wrapped_… what everybody calls in its place.
#define TRP_WRAP(result, name, mangled, parameters)        \
  result real_##name parameters asm("__real_" mangled);    \
  result wrapped_##name parameters asm("__wrap_" mangled); \
  result wrapped_##name parameters

TRP_WRAP(void, forward_product,
         "_ZN3trp15forward_productERKSt7variantIJNS_15BasicTensorViewIKfEENS1_IKhEEEES3_S3_NS_10Ac"
         "tivationENS1_IfEE",
         (const InputView& x, ConstTensorView weight, ConstTensorView bias, Activation activation,
          TensorView result)) {
  real_forward_product(x, weight, bias, activation, result);
  if (fault == Fault::kException) throw std::runtime_error("the fault");
  if (fault == Fault::kWrongProduct) result.row(0)[0] += 0.01F;
  if (fault == Fault::kNotANumber) result.row(0)[0] = NAN;
}

TRP_WRAP(void, weight_gradient_product,
         "_ZN3trp23weight_gradient_productERKSt7variantIJNS_15BasicTensorViewIKfEENS1_IKhEEEES3_NS"
         "_10ChainStartENS1_IfEE",
         (const InputView& x, ConstTensorView dz, ChainStart start, TensorView result)) {
  real_weight_gradient_product(x, dz, start, result);
  if (fault == Fault::kWrongGradient) result.row(0)[0] *= 0.9F;
}

TRP_WRAP(void, weight_gradient_update,
         "_ZN3trp22weight_gradient_updateERKSt7variantIJNS_15BasicTensorViewIKfEENS1_IKhEEEES3_RKN"
         "S_8LastLinkERKNS_18UpdateCoefficientsENS1_IfEERKNS_14UpdatedTensorsE",
         (const InputView& x, ConstTensorView dz, const LastLink& link,
          const UpdateCoefficients& coefficients, TensorView scratch,
          const UpdatedTensors& tensors)) {
  if (fault == Fault::kNothingIsLearned) return;
  real_weight_gradient_update(x, dz, link, coefficients, scratch, tensors);
  if (rounds_otherwise()) tensors.weights.row(0)[0] += 1e-6F;
}

TRP_WRAP(void, update_with,
         "_ZN3trp11update_withENS_15BasicTensorViewIKfEERKNS_18UpdateCoefficientsERKNS_14UpdatedTen"
         "sorsE",
         (ConstTensorView gradient, const UpdateCoefficients& coefficients,
          const UpdatedTensors& tensors)) {
  if (fault == Fault::kNothingIsLearned) return;
  real_update_with(gradient, coefficients, tensors);
  if (rounds_otherwise()) tensors.weights.row(0)[0] += 1e-6F;
}

TRP_WRAP(std::vector<std::uint8_t>, encode_array_file,
         "_ZN3trp17encode_array_fileERKNS_9ArrayFileENS_11ArrayFormatE",
         (const ArrayFile& file, ArrayFormat format)) {
  auto bytes = real_encode_array_file(file, format);
  if (fault == Fault::kFileIsDamaged) bytes[bytes.size() / 2] ^= 1;
  return bytes;
}

TRP_WRAP(DecodedArrayFile, decode_array_file,
         "_ZN3trp17decode_array_fileESt4spanIKhLm18446744073709551615EERKNSt7__cxx1112basic_"
         "stringIcSt11char_traitsIcESaIcEEE",
         (std::span<const std::uint8_t> bytes, const std::string& name)) {
  try {
    return real_decode_array_file(bytes, name);
  } catch (const Error&) {
    if (fault == Fault::kDamageIsNotNoticed) return {};
    throw;
  }
}

namespace {

std::set<std::string_view> failed_checks(Fault present) {
  fault = present;
  std::set<std::string_view> failed;
  for (const SelfCheck& check : self_checks()) {
    const CheckResult result = run_check(check);
    CHECK_FALSE(result.detail.empty());
    if (!result.ok) failed.insert(check.name);
  }
  fault = Fault::kNone;
  return failed;
}

}  // namespace

TEST_CASE("a sound machine passes every check") { CHECK(failed_checks(Fault::kNone).empty()); }

TEST_CASE("every fault fails the check that is there for it") {
  using Names = std::set<std::string_view>;
  CHECK(failed_checks(Fault::kWrongProduct).contains("products"));
  CHECK(failed_checks(Fault::kNotANumber).contains("products"));
  CHECK(failed_checks(Fault::kNotANumber).contains("gradients"));
  CHECK(failed_checks(Fault::kWrongGradient).contains("gradients"));
  CHECK(failed_checks(Fault::kOtherThreadsRoundOtherwise) == Names{"same bits"});
  CHECK(failed_checks(Fault::kAllRoundOtherwise).contains("golden"));
  CHECK(failed_checks(Fault::kNothingIsLearned) == Names{"golden", "learning"});
  CHECK(failed_checks(Fault::kFileIsDamaged) == Names{"files"});
  CHECK(failed_checks(Fault::kDamageIsNotNoticed) == Names{"files"});
  CHECK(failed_checks(Fault::kException).contains("learning"));
}

#if defined(__SSE__)
TEST_CASE("denormals that are flushed to zero or read as zero fail the check") {
  const unsigned sound = _mm_getcsr();
  for (const unsigned flag : {0x8000U, 0x0040U}) {
    _mm_setcsr(sound | flag);  // threads that are made from now on have it too
    const CheckResult result = run_check(self_checks().front());
    _mm_setcsr(sound);
    CHECK(result.name == "denormals");
    CHECK_FALSE(result.ok);
  }
}
#endif

TEST_CASE("the program ends with 1 when a check fails") {
  const int out = dup(STDOUT_FILENO);
  const int nowhere = open("/dev/null", O_WRONLY);
  dup2(nowhere, STDOUT_FILENO);
  const int sound = run_selftest({});
  fault = Fault::kNothingIsLearned;
  const int unsound = run_selftest({});
  const int as_json = run_selftest({.format = OutputFormat::kJson});
  fault = Fault::kNone;
  dup2(out, STDOUT_FILENO);
  close(out);
  close(nowhere);
  CHECK(sound == 0);
  CHECK(unsound == 1);
  CHECK(as_json == 1);
}

}  // namespace trp
