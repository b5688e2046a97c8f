#pragma once

namespace trp {

// Elementary functions as fixed sequences of IEEE operations with fused multiply-add, which give
// the same bits whatever processor, compiler and C library there are. Those of the C library differ
// in their last bits, and must not reach a weight.

/// Returns e^value for values ≤ 0, with an error of less than 1.02 units in the last place
/// (denormals' included); NaN gives NaN.
float exp_of_negative(float value);

/// Returns ln(value) of a normal positive number, with an error of less than 1 unit in the last
/// place; NaN gives NaN.
double log_of_normal(double value);

/// Returns cos(πp) for 0 ≤ p ≤ 1, with an error of less than 2 units in the last place.
double cos_pi(double p);

}  // namespace trp
