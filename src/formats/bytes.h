#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace trp {

static_assert(std::endian::native == std::endian::little, "floats are copied as they are");

/// Returns the bytes as text.
inline std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Returns the number, or the float, that starts at `bytes`.
template <class Number>
Number load(const std::uint8_t* bytes, std::endian order = std::endian::little) {
  std::array<std::uint8_t, sizeof(Number)> raw;
  std::copy_n(bytes, raw.size(), raw.begin());
  if (order == std::endian::big) std::ranges::reverse(raw);
  return std::bit_cast<Number>(raw);
}

/// Appends the bytes of each of the numbers, the lowest first.
template <class... Number>
void append_numbers(std::vector<std::uint8_t>& bytes, Number... numbers) {
  const auto append = [&bytes](auto number) {
    const auto raw = std::bit_cast<std::array<std::uint8_t, sizeof number>>(number);
    bytes.insert(bytes.end(), raw.begin(), raw.end());
  };
  (append(numbers), ...);
}

/// Returns the bytes that the floats consist of.
inline std::span<std::uint8_t> bytes_of(std::vector<float>& values) {
  return {reinterpret_cast<std::uint8_t*>(values.data()), values.size() * sizeof(float)};
}

inline void append_floats(std::vector<std::uint8_t>& bytes, const std::vector<float>& values) {
  const auto* raw = reinterpret_cast<const std::uint8_t*>(values.data());
  bytes.insert(bytes.end(), raw, raw + values.size() * sizeof(float));
}

}  // namespace trp
