#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace trp {

/// Returns the number whose lowest byte comes first.
template <class Unsigned>
Unsigned little_endian(const std::uint8_t* bytes) {
  Unsigned number = 0;
  for (std::size_t i = sizeof(Unsigned); i-- > 0;) {
    number = static_cast<Unsigned>((std::uint64_t{number} << 8) | bytes[i]);
  }
  return number;
}

/// Appends each of the numbers with its lowest byte first.
template <class... Unsigned>
void append_little_endian(std::vector<std::uint8_t>& bytes, Unsigned... numbers) {
  const auto append = [&bytes](auto number) {
    for (std::size_t i = 0; i < sizeof number; ++i)
      bytes.push_back(static_cast<std::uint8_t>(std::uint64_t{number} >> (8 * i)));
  };
  (append(numbers), ...);
}

/// Returns the floats that `bytes` holds, whose number is a multiple of 4.
inline std::vector<float> to_floats(std::span<const std::uint8_t> bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = std::bit_cast<float>(little_endian<std::uint32_t>(&bytes[i * sizeof(float)]));
  }
  return values;
}

inline void append_floats(std::vector<std::uint8_t>& bytes, std::span<const float> values) {
  for (const float value : values) {
    append_little_endian(bytes, std::bit_cast<std::uint32_t>(value));
  }
}

}  // namespace trp
