#include "core/elementary.h"

// Compiled once for each instruction set; which one runs is chosen at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/elementary.cpp"

#include <cmath>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/elementary-inl.h"

HWY_BEFORE_NAMESPACE();
namespace trp {
namespace HWY_NAMESPACE {

float exp_of_one(float value) {
  const hn::CappedTag<float, 1> d;
  return hn::GetLane(exp_of_negative(d, hn::Set(d, value)));
}

double log_of_one(double value) {
  const hn::CappedTag<double, 1> d;
  return hn::GetLane(log_of_normal(d, hn::Set(d, value)));
}

}  // namespace HWY_NAMESPACE
}  // namespace trp
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace trp {

HWY_EXPORT(exp_of_one);
HWY_EXPORT(log_of_one);

namespace {

template <std::size_t kCount>
double polynomial(double x, const double (&coefficients)[kCount]) {
  double sum = 0;
  for (const double coefficient : coefficients) sum = std::fma(sum, x, coefficient);
  return sum;
}

}  // namespace

float exp_of_negative(float value) { return HWY_DYNAMIC_DISPATCH(exp_of_one)(value); }

double log_of_normal(double value) { return HWY_DYNAMIC_DISPATCH(log_of_one)(value); }

double cos_pi(double p) {
  if (p > 0.5) return -cos_pi(1 - p);
  // On [0, ¼] the cosine, else the sine of what is left to ½; both differences are exact. The
  // polynomials are those of fdlibm's k_cos and k_sin (Sun Microsystems, 1993).
  const bool is_cosine = p <= 0.25;
  const double x = M_PI * (is_cosine ? p : 0.5 - p);
  const double z = x * x;
  if (is_cosine) {
    const double rest = polynomial(
        z, {-1.13596475577881948265e-11, 2.08757232129817482790e-09, -2.75573143513906633035e-07,
            2.48015872894767294178e-05, -1.38888888888741095749e-03, 4.16666666666666019037e-02});
    const double half = 0.5 * z, most = 1 - half;
    return most + std::fma(z * z, rest, (1 - most) - half);
  }
  const double rest = polynomial(
      z, {1.58969099521155010221e-10, -2.50507602534068634195e-08, 2.75573137070700676789e-06,
          -1.98412698298579493134e-04, 8.33333333332248946124e-03, -1.66666666666666324348e-01});
  return std::fma(z * x, rest, x);
}

}  // namespace trp
#endif
