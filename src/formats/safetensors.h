#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "formats/array_file.h"

namespace trp {

/// Returns a file in the format of https://huggingface.co/docs/safetensors: the length of a JSON
/// header, the header, the data.
std::vector<std::uint8_t> encode_safetensors(const ArrayFile& file);

/// Throws Error unless the bytes are all of a safetensors file of 32-bit floats.
ArrayFile parse_safetensors(std::span<const std::uint8_t> bytes, const std::string& name);

/// Whether a file starts like one: a sensible length and the beginning of a JSON object.
bool starts_safetensors(std::span<const std::uint8_t> start);

}  // namespace trp
