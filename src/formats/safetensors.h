#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "formats/array_file.h"

namespace trp {

/// Returns a file in the format of https://huggingface.co/docs/safetensors: the length of a JSON
/// header, the header, the data. Throws Error if the format cannot hold them.
std::vector<std::uint8_t> encode_safetensors(std::span<const NamedArray> arrays,
                                             const Metadata& metadata);

/// What the header of a file says of a tensor. Offsets count from the end of the header.
struct TensorEntry {
  std::string dtype;
  std::vector<Index> shape;
  std::vector<Index> offsets;  // where the data begin and end
  std::string name;
};

struct SafetensorsHeader {
  Metadata metadata;
  std::vector<TensorEntry> tensors;
  std::size_t bytes = 0;  // with the length before it
};

/// Returns how many bytes the header takes, with the length before it, by the first bytes of a file
/// of `file_bytes`. Throws Error if there cannot be such a header.
std::size_t safetensors_header_bytes(std::span<const std::uint8_t> start, std::uint64_t file_bytes,
                                     const std::string& name);

/// Reads the header, which `start` has all of, in time in proportion to its length. Throws Error
/// unless it is that of a file of 32-bit floats of exactly so many bytes.
SafetensorsHeader parse_safetensors_header(std::span<const std::uint8_t> start,
                                           std::uint64_t file_bytes, const std::string& name);

/// Returns the arrays of a file of just the bytes that the header is sound for.
ArrayFile take_arrays(SafetensorsHeader header, std::span<const std::uint8_t> bytes);

/// Whether a file starts like one: a sensible length and the beginning of a JSON object.
bool starts_safetensors(std::span<const std::uint8_t> start);

}  // namespace trp
