#pragma once

#include <string>

#include <fmt/ranges.h>

#include "trp/nn/mlp.h"
#include "trp/report/numbers.h"

namespace trp {

/// "784 → 128 → 64 → 10, 109 386 parameters"
inline std::string network_text(const Mlp& mlp) {
  return fmt::format("{}, {} parameters", fmt::join(layer_sizes(mlp), " → "),
                     grouped(parameter_count(mlp)));
}

}  // namespace trp
