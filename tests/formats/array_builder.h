#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "formats/idx_builder.h"

/// Good and bad files of arrays for tests, made without the code that is tested.
namespace trp::test {

template <class Unsigned>
Bytes little_endian_bytes(Unsigned number) {
  Bytes bytes;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    bytes.push_back(static_cast<std::uint8_t>(std::uint64_t{number} >> (8 * i)));
  }
  return bytes;
}

inline Bytes float_bytes(const std::vector<float>& values) {
  Bytes bytes;
  for (const float value : values) {
    bytes = join({bytes, little_endian_bytes(std::bit_cast<std::uint32_t>(value))});
  }
  return bytes;
}

/// 1, 2, 3, …
inline std::vector<float> counting(std::size_t count) {
  std::vector<float> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(static_cast<float>(i + 1));
  return values;
}

/// A .safetensors file with this header, and so many bytes of floats.
inline Bytes safetensors_file(std::string_view header, std::size_t data_bytes) {
  const Bytes data = float_bytes(counting((data_bytes + 3) / 4));
  return join({little_endian_bytes(std::uint64_t{header.size()}), bytes_of(header),
               first(data, data_bytes)});
}

/// A member of a safetensors header.
inline std::string tensor_entry(std::string_view name, std::string_view shape,
                                std::string_view offsets, std::string_view dtype = "\"F32\"") {
  return fmt::format(R"("{}":{{"dtype":{},"shape":{},"data_offsets":{}}})", name, dtype, shape,
                     offsets);
}

/// A network of sizes 3 → 2 in the words of a safetensors header; 32 bytes of data.
inline std::string small_header() {
  return "{" + tensor_entry("fc1.weight", "[2,3]", "[0,24]") + "," +
         tensor_entry("fc1.bias", "[2]", "[24,32]") + "}";
}

inline Bytes npy_file(std::string_view header, const Bytes& data, std::uint8_t version = 1) {
  Bytes length = version == 1 ? little_endian_bytes(static_cast<std::uint16_t>(header.size()))
                              : little_endian_bytes(static_cast<std::uint32_t>(header.size()));
  return join({bytes_of("\x93NUMPY"), {version, 0}, length, bytes_of(header), data});
}

inline std::string npy_header(std::string_view shape, std::string_view type = "<f4",
                              std::string_view order = "False") {
  return fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}   \n", type, order,
                     shape);
}

struct ZipMember {
  std::string name;
  Bytes content;
  bool deflated = false;
};

inline Bytes deflate_raw(const Bytes& data) {
  const Bytes zipped = gzip(data);
  return {zipped.begin() + 10, zipped.end() - 8};
}

inline Bytes zip_file(const std::vector<ZipMember>& members, std::string_view comment = {}) {
  using std::uint16_t, std::uint32_t;
  Bytes archive, directory;
  for (const ZipMember& member : members) {
    const Bytes packed = member.deflated ? deflate_raw(member.content) : member.content;
    const auto sum = static_cast<uint32_t>(
        crc32(0, member.content.data(), static_cast<uInt>(member.content.size())));
    const Bytes common =
        join({little_endian_bytes(uint16_t{20}), little_endian_bytes(uint16_t{0}),
              little_endian_bytes(static_cast<uint16_t>(member.deflated ? 8 : 0)), Bytes(4),
              little_endian_bytes(sum), little_endian_bytes(static_cast<uint32_t>(packed.size())),
              little_endian_bytes(static_cast<uint32_t>(member.content.size())),
              little_endian_bytes(static_cast<uint16_t>(member.name.size())),
              little_endian_bytes(uint16_t{0})});
    directory =
        join({directory, bytes_of("PK\x01\x02"), Bytes(2), common, Bytes(10),
              little_endian_bytes(static_cast<uint32_t>(archive.size())), bytes_of(member.name)});
    archive = join({archive, bytes_of("PK\x03\x04"), common, bytes_of(member.name), packed});
  }
  const auto count = little_endian_bytes(static_cast<uint16_t>(members.size()));
  return join({archive, directory, bytes_of("PK\x05\x06"), Bytes(4), count, count,
               little_endian_bytes(static_cast<uint32_t>(directory.size())),
               little_endian_bytes(static_cast<uint32_t>(archive.size())),
               little_endian_bytes(static_cast<uint16_t>(comment.size())), bytes_of(comment)});
}

inline ZipMember array_member(std::string_view name, std::string_view shape, std::size_t count) {
  return {fmt::format("{}.npy", name), npy_file(npy_header(shape), float_bytes(counting(count)))};
}

/// The same network as an .npz file.
inline std::vector<ZipMember> small_members() {
  return {array_member("fc1.weight", "(2, 3)", 6), array_member("fc1.bias", "(2,)", 2)};
}

}  // namespace trp::test
