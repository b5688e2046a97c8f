#pragma once

#include <string>
#include <string_view>

#include "formats/array_file.h"
#include "nn/mlp.h"

namespace trp {

/// A network as it is kept in a file: for each layer the arrays fcN.weight [out, in] and fcN.bias
/// [out], N from 1, as PyTorch's load_state_dict wants them for layers of these names.
struct Model {
  Mlp mlp;
  Metadata metadata = {};                          ///< without what the file format adds
  ArrayFormat format = ArrayFormat::kSafetensors;  ///< of the file that it was read from
  bool verified = false;                           ///< that file had a digest, which agreed
};

/// Throws UsageError, "expected …, found …", unless the file's name ends in .safetensors, .npz or
/// .onnx.
void check_model_name(std::string_view path);

/// Writes the model in the format that the file's name asks for, all of it or nothing; ONNX is not
/// read again. The same model gives the same bytes. Throws Error if it cannot be written or a
/// parameter is not finite, UsageError for an unknown ending.
void save_model(const std::string& path, const Mlp& mlp, const Metadata& metadata);

/// Reads a model that this program or another one has written. Throws Error if it is damaged or no
/// network of this kind: layers missing or not fitting together, parameters not finite, more than
/// 256 classes.
Model load_model(const std::string& path);

/// The arrays of a network in the order of its layers, and back; `name` is for messages.
std::vector<NamedArray> to_arrays(const Mlp& mlp);
Mlp to_mlp(const std::vector<NamedArray>& arrays, const std::string& name);

}  // namespace trp
