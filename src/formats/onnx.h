#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "formats/array_file.h"

namespace trp {

/// Returns the network whose layers are arrays.weight [out, in] and bias [out], one after the
/// other, as an ONNX model: "images" [N, in] → Gemm → Relu → … → Gemm → "logits" [N, out], N any
/// number. IR 7, operators of version 13 (ONNX 1.8). A function of its argument alone.
///
/// Throws Error if the model would have 2 GiB or more, which protobuf does not allow.
std::vector<std::uint8_t> encode_onnx(const ArrayFile& network);

/// Whether these first bytes of a file may be those of an ONNX model.
bool starts_onnx(std::span<const std::uint8_t> start);

}  // namespace trp
