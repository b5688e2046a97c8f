#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trp/mlp.h"

namespace trp {

/// A network as it is kept in a file: for each layer the arrays fcN.weight [out, in] and fcN.bias
/// [out], N from 1, as PyTorch's load_state_dict wants them for layers of these names.
struct Model {
  Mlp mlp;
  /// Names and texts about the model, without what the file format adds.
  std::vector<std::pair<std::string, std::string>> metadata = {};
  std::string format = {};  // of the file that it was read from: "safetensors" or "npz"
  bool verified = false;    // whether that file had a digest, which agreed
};

/// Throws UsageError, "expected …, found …", unless the file's name ends in .safetensors, .npz or
/// .onnx.
void check_model_name(std::string_view path);

/// Writes the model in the format that the file's name asks for, all of it or nothing; ONNX is not
/// read again. The same model gives the same bytes. Throws Error if it cannot be written or a
/// parameter is not finite, UsageError for an unknown ending.
void save_model(const std::string& path, const Mlp& mlp,
                const std::vector<std::pair<std::string, std::string>>& metadata);

/// Reads a model that this program or another one has written. Throws Error if it is damaged or no
/// network of this kind: layers missing or not fitting together, parameters not finite, more than
/// 256 classes.
Model load_model(const std::string& path);

}  // namespace trp
