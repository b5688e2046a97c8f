#pragma once

#include <cmath>

#include <nlohmann/json.hpp>

namespace trp {

/// Fields in the order in which they are given.
using Json = nlohmann::ordered_json;

/// Of the fields in machine formats; a field is never renamed.
inline constexpr int kSchema = 1;

/// JSON has no NaN and no infinity.
inline Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

}  // namespace trp
