#pragma once

#include <algorithm>
#include <bit>
#include <optional>
#include <ranges>

#include "formats/array_file.h"
#include "fuzz/fuzz.h"
#include "train/model_arrays.h"
#include "trp/error.h"

namespace trp {

inline std::optional<DecodedArrayFile> decode(std::span<const std::uint8_t> bytes) {
  try {
    return decode_array_file(bytes, "fuzz");
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// NaN is equal to itself here.
inline bool equal_bits(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

inline bool equal(const NamedArray& a, const NamedArray& b) {
  return a.name == b.name && a.shape == b.shape &&
         std::ranges::equal(a.values, b.values, equal_bits);
}

/// What is accepted must be the same when it is written in this format and read again.
inline void round_trip(const ArrayFile& file, ArrayFormat format) {
  std::optional<std::vector<std::uint8_t>> written;
  try {
    written = encode_array_file(file, format);
  } catch (const Error&) {
    return;  // the format cannot hold it
  }
  const auto again = decode(*written);
  require(again.has_value() && again->verified, "what was written can be read");
  require(again->format == format, "it has the format that was asked for");
  require(again->content.metadata == file.metadata, "the metadata come back");
  require(std::ranges::equal(again->content.arrays, file.arrays, equal), "the arrays come back");
}

/// The arrays of a network are a network with the same parameters, all of them finite.
inline void to_network_and_back(const std::vector<NamedArray>& arrays) {
  std::optional<Mlp> mlp;
  try {
    mlp = to_mlp(arrays, "fuzz");
  } catch (const Error&) {
    return;
  }
  require(all_finite(*mlp), "the parameters are finite");
  const std::vector<NamedArray> back = to_arrays(*mlp);
  require(back.size() == arrays.size(), "no array is left out");
  for (const NamedArray& array : arrays) {
    require(std::ranges::any_of(back, [&](const NamedArray& b) { return equal(array, b); }),
            "the parameters come back");
  }
}

inline void decode_and_write_again(std::span<const std::uint8_t> bytes) {
  const auto decoded = decode(bytes);
  if (!decoded) return;
  for (const NamedArray& array : decoded->content.arrays) {
    std::size_t elements = 1;
    for (const Index size : array.shape) elements *= static_cast<std::size_t>(size);
    require(array.values.size() == elements, "the elements fill the shape");
  }
  to_network_and_back(decoded->content.arrays);
  round_trip(decoded->content, ArrayFormat::kSafetensors);
  round_trip(decoded->content, ArrayFormat::kNpz);
}

}  // namespace trp
