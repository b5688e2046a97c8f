// Elementary functions of vectors, as fixed sequences of IEEE operations: compiled once for each
// instruction set, in the files that include it, with the same results on all that have a fused
// multiply-add.
#if defined(TRP_CORE_ELEMENTARY_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TRP_CORE_ELEMENTARY_INL_H
#undef TRP_CORE_ELEMENTARY_INL_H
#else
#define TRP_CORE_ELEMENTARY_INL_H
#endif

#include <cstdint>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace trp {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Horner's rule, from the highest power.
template <class D, std::size_t kCount, class V = hn::Vec<D>>
HWY_INLINE V polynomial(D d, V x, const hn::TFromD<D> (&coefficients)[kCount]) {
  V sum = hn::Set(d, coefficients[0]);
  for (std::size_t i = 1; i < kCount; ++i) sum = hn::MulAdd(sum, x, hn::Set(d, coefficients[i]));
  return sum;
}

/// e^x of floats x ≤ 0, with an error of less than 1.02 units in the last place (denormals'
/// included); NaN stays NaN. Reduction and polynomial are those of expf in Cephes (Moshier, 1992):
/// x = n ln 2 + r, |r| ≤ ln 2 / 2, where ln 2 has two parts.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp_of_negative(D d, V x) {
  const auto lowest = hn::Set(d, -104.0F);  // e^−104 is less than half of the smallest denormal
  x = hn::IfThenElse(hn::Lt(x, lowest), lowest, x);
  const V n = hn::Round(hn::Mul(x, hn::Set(d, 1.44269504088896341F)));
  V r = hn::NegMulAdd(n, hn::Set(d, 0.693359375F), x);
  r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4F), r);
  V p = polynomial(d, r,
                   {1.9875691500e-4F, 1.3981999507e-3F, 8.3334519073e-3F, 4.1665795894e-2F,
                    1.6666665459e-1F, 5.0000001201e-1F});
  p = hn::Add(hn::MulAdd(p, hn::Mul(r, r), r), hn::Set(d, 1.0F));
  // Times 2^n in two steps, since 2^n itself may be denormal.
  const hn::RebindToSigned<D> di;
  const auto power_of_two = [&](auto exponent) HWY_ATTR {
    return hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(exponent, hn::Set(di, 127))));
  };
  const auto exponent = hn::ConvertTo(di, n);
  const auto half = hn::ShiftRight<1>(exponent);
  return hn::Mul(hn::Mul(p, power_of_two(half)), power_of_two(hn::Sub(exponent, half)));
}

/// ln x of normal positive doubles, with an error of less than 1 unit in the last place; NaN stays
/// NaN. Reduction and polynomial are those of log in fdlibm (Sun Microsystems, 1993):
/// x = 2^n (1 + f), √½ ≤ 1 + f < √2, where ln 2 has two parts.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V log_of_normal(D d, V x) {
  const hn::RebindToSigned<D> di;
  const auto bits = hn::BitCast(di, x);
  const auto sqrt_half = hn::Set(di, 0x3fe6a09e00000000);
  const auto exponent = hn::ShiftRight<52>(hn::Sub(bits, sqrt_half));
  const V n = hn::ConvertTo(d, exponent);
  const V one = hn::Set(d, 1.0), half = hn::Set(d, 0.5);
  const V f = hn::Sub(hn::BitCast(d, hn::Sub(bits, hn::ShiftLeft<52>(exponent))), one);
  const V s = hn::Div(f, hn::Add(f, hn::Set(d, 2.0)));
  const V z = hn::Mul(s, s);
  const V p =
      polynomial(d, z,
                 {1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01,
                  2.222219843214978396e-01, 2.857142874366239149e-01, 3.999999999940941908e-01,
                  6.666666666666735130e-01});
  const V square = hn::Mul(half, hn::Mul(f, f));
  const V low = hn::Mul(n, hn::Set(d, 1.90821492927058770002e-10));
  const V rest = hn::Sub(square, hn::MulAdd(s, hn::MulAdd(p, z, square), low));
  const V result = hn::MulAdd(n, hn::Set(d, 6.93147180369123816490e-01), hn::Sub(f, rest));
  return hn::IfThenElse(hn::Eq(x, x), result, x);
}

}  // namespace HWY_NAMESPACE
}  // namespace trp
HWY_AFTER_NAMESPACE();
#endif
