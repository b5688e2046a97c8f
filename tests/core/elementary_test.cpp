// Our exp, log and cos against MPFR, and the digests of what they return, which are the same on all
// machines with fused multiply-add.
#include "core/elementary.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <mpfr.h>

#include "catch.h"
#include "core/digest.h"
#include "nn/each_target.h"

namespace trp {
namespace {

constexpr long double kPi = 3.14159265358979323846264338327950288L;

template <class T>
struct Function {
  T (*ours)(T argument);
  long double (*nearly_exact)(long double argument);
  void (*exact)(mpfr_t result);  // in place of the argument
};

constexpr Function<float> kExp = {exp_of_negative, std::exp,
                                  [](mpfr_t x) { mpfr_exp(x, x, MPFR_RNDN); }};
constexpr Function<double> kLog = {log_of_normal, std::log,
                                   [](mpfr_t x) { mpfr_log(x, x, MPFR_RNDN); }};
constexpr Function<double> kCosPi = {cos_pi,
                                     [](long double p) {
                                       return p < 0.25L   ? std::cos(kPi * p)
                                              : p < 0.75L ? std::sin(kPi * (0.5L - p))
                                                          : -std::cos(kPi * (1 - p));
                                     },
                                     [](mpfr_t p) {
                                       if (mpfr_cmp_d(p, 0.5) == 0) {
                                         mpfr_set_zero(p, 1);
                                         return;
                                       }
                                       mpfr_t pi;
                                       mpfr_init2(pi, mpfr_get_prec(p));
                                       mpfr_const_pi(pi, MPFR_RNDN);
                                       mpfr_mul(p, p, pi, MPFR_RNDN);
                                       mpfr_cos(p, p, MPFR_RNDN);
                                       mpfr_clear(pi);
                                     }};

/// A difference in units in the last place of the numbers T around the exact one.
template <class T>
double in_ulps(long double difference, long double exact) {
  using Limits = std::numeric_limits<T>;
  int exponent = 0;
  std::frexp(exact, &exponent);
  return static_cast<double>(
      std::ldexp(std::abs(difference), Limits::digits - std::max(exponent, Limits::min_exponent)));
}

/// MPFR takes a microsecond and more, so that all floats are compared with it only where long
/// double shows an error about as large as the largest so far.
enum class Comparison { kNone, kMpfr, kMpfrWhereItMatters };

struct Outcome {
  std::string digest;  // of all results
  double worst = 0;    // error, in units in the last place
  double worst_at = 0;
};

/// What comes of argument(0) to argument(count − 1).
template <class T, class Argument>
Outcome outcome_of(const Function<T>& function, const Argument& argument, std::uint64_t count,
                   Comparison comparison) {
  constexpr std::uint64_t kBlock = 4096;
  Outcome outcome;
  Digest digest;
  std::vector<T> arguments, results;
  mpfr_t exact;
  mpfr_init2(exact, 200);
  for (std::uint64_t begin = 0; begin < count; begin += kBlock) {
    arguments.clear();
    for (std::uint64_t i = begin; i < std::min(begin + kBlock, count); ++i)
      arguments.push_back(argument(i));
    results.resize(arguments.size());
    std::ranges::transform(arguments, results.begin(), function.ours);
    digest.update(results.data(), results.size() * sizeof(T));
    if (comparison == Comparison::kNone) continue;
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (comparison == Comparison::kMpfrWhereItMatters) {
        const long double value = function.nearly_exact(arguments[i]);
        if (in_ulps<T>(value - results[i], value) < std::max(outcome.worst, 0.5) - 0.01) continue;
      }
      mpfr_set_d(exact, arguments[i], MPFR_RNDN);
      function.exact(exact);
      const long double value = mpfr_get_ld(exact, MPFR_RNDN);
      mpfr_sub_d(exact, exact, results[i], MPFR_RNDN);
      const double error = in_ulps<T>(mpfr_get_ld(exact, MPFR_RNDN), value);
      if (error <= outcome.worst) continue;
      outcome.worst = error;
      outcome.worst_at = arguments[i];
    }
  }
  mpfr_clear(exact);
  outcome.digest = digest.to_string();
  return outcome;
}

/// Some arguments, with MPFR once, and the digest with every instruction set.
template <class T, class Argument>
void check_some(const Function<T>& function, const Argument& argument, std::uint64_t count,
                double bound, const std::string& expected) {
  const Outcome outcome = outcome_of(function, argument, count, Comparison::kMpfr);
  CAPTURE(outcome.worst, outcome.worst_at);
  on_each_target([&] {
    if (!simd_target_is_fused()) return;
    CHECK(outcome.worst < bound);
    CHECK(outcome_of(function, argument, count, Comparison::kNone).digest == expected);
  });
}

/// All arguments that there are, with the best instruction set.
template <class T, class Argument>
void check_all(const Function<T>& function, const Argument& argument, std::uint64_t count,
               double bound, const std::string& expected) {
  if (!simd_target_is_fused()) return;
  const Outcome outcome = outcome_of(function, argument, count, Comparison::kMpfrWhereItMatters);
  WARN(count << " results, largest error " << outcome.worst << " ulp at " << outcome.worst_at
             << ", " << outcome.digest);
  CHECK(outcome.worst < bound);
  CHECK(outcome.digest == expected);
}

/// Floats and doubles of a sign, in the order of their bits.
float float_number(std::uint64_t i) { return std::bit_cast<float>(static_cast<std::uint32_t>(i)); }
double double_number(std::uint64_t i) { return std::bit_cast<double>(i); }

// Errors that the headers name.
constexpr double kExpBound = 1.02, kLogBound = 1, kCosPiBound = 2;

constexpr std::uint64_t kMinusZero = 0x80000000, kMinus120 = 0xC2F00000;

TEST_CASE("exp, log and cos are as near to MPFR's as they say, and have their bits everywhere") {
  constexpr std::uint64_t kCount = 100'003;
  check_some(
      kExp,
      [](std::uint64_t i) {
        return float_number(kMinusZero + (kMinus120 - kMinusZero) / kCount * i);
      },
      kCount, kExpBound, "xxh128:2f38f969981a3a9df20e6d6404f7c64c");
  // Half of the floats are so near to 0 that the result is 1.
  check_some(
      kExp, [](std::uint64_t i) { return -120 * static_cast<float>(i) / kCount; }, kCount,
      kExpBound, "xxh128:6acb09468ab11c5408491351d5ba8689");
  const auto log_argument = [](double begin, double end) {
    return [from = std::bit_cast<std::uint64_t>(begin), to = std::bit_cast<std::uint64_t>(end)](
               std::uint64_t i) { return double_number(from + (to - from) / kCount * i); };
  };
  check_some(kLog, log_argument(1, 300), kCount, kLogBound,
             "xxh128:83b5241019745bf8e03d626db9627380");
  using Limits = std::numeric_limits<double>;
  check_some(kLog, log_argument(Limits::min(), Limits::max()), kCount, kLogBound,
             "xxh128:7d6b940a2efe603bb11916e1c5f62edc");
  check_some(
      kCosPi, [](std::uint64_t i) { return static_cast<double>(i) / (kCount - 1); }, kCount,
      kCosPiBound, "xxh128:30f6def232dd652cfe94e8246a09c386");
}

TEST_CASE("exp, log and cos of all floats", "[.exhaustive]") {
  check_all(
      kExp, [](std::uint64_t i) { return float_number(kMinusZero + i); },
      kMinus120 - kMinusZero + 1, kExpBound, "xxh128:b616b9d39ae2ab6d46c77a8a7b21b2cc");
  const auto one = std::bit_cast<std::uint32_t>(1.0F);
  check_all(
      kLog, [one](std::uint64_t i) { return double{float_number(one + i)}; },
      std::bit_cast<std::uint32_t>(300.0F) - one + 1, kLogBound,
      "xxh128:9782093ca8be930a409b022abf47737f");
  check_all(
      kCosPi, [](std::uint64_t i) { return double{float_number(i)}; }, one + 1, kCosPiBound,
      "xxh128:267f3a066318e4e441394151a0dbe911");
}

TEST_CASE("exp, log and cos have the exact values where there are such") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kSmallest = std::numeric_limits<float>::denorm_min();
  on_each_target([&] {
    for (const float one : {0.0F, -0.0F, -kSmallest}) CHECK(exp_of_negative(one) == 1);
    for (const float most : {-103.98F, -1000.0F, -std::numeric_limits<float>::max(), -kInfinity})
      CHECK(exp_of_negative(most) == 0);
    CHECK(exp_of_negative(-103.97F) == kSmallest);
    CHECK(std::isnan(exp_of_negative(std::numeric_limits<float>::quiet_NaN())));
    CHECK(log_of_normal(1) == 0);
    CHECK(std::isnan(log_of_normal(std::numeric_limits<double>::quiet_NaN())));
  });
  CHECK(cos_pi(0) == 1);
  CHECK(cos_pi(0.5) == 0);
  CHECK(cos_pi(1) == -1);
  CHECK(cos_pi(0.75) == -cos_pi(0.25));
}

}  // namespace
}  // namespace trp
