#pragma once

#include <string>
#include <vector>

#include "formats/array_file.h"
#include "trp/mlp.h"

namespace trp {

/// The arrays of a network in the order of its layers, and back; `name` is for messages.
std::vector<NamedArray> to_arrays(const Mlp& mlp);
Mlp to_mlp(const std::vector<NamedArray>& arrays, const std::string& name);

}  // namespace trp
