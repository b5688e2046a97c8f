#pragma once

#include <string>
#include <vector>

#include "formats/array_file.h"
#include "trp/mlp.h"

namespace trp {

/// Returns fc1.weight, fc1.bias, fc2.weight, …: the arrays of a network, or of what has its shape.
std::vector<NamedArray> to_arrays(const Mlp& mlp);
std::vector<NamedArray> to_arrays(const Gradient& gradient);

/// Returns the bytes of the file that save_model() writes.
std::vector<std::uint8_t> encode_model(const std::string& path, const Mlp& mlp,
                                       const Metadata& metadata);

/// Throws Error, which names the first other one, unless all values of the array are finite.
void check_finite(const NamedArray& array, const std::string& file);

/// Returns the network whose arrays these are, in any order; `name` is for messages. Throws Error
/// if they are not those of one network, or not finite.
Mlp to_mlp(const std::vector<NamedArray>& arrays, const std::string& name);

}  // namespace trp
