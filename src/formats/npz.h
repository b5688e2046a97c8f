#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "formats/array_file.h"
#include "formats/idx.h"

namespace trp {

/// Returns a file in NumPy's .npz format, a zip archive of .npy files. The metadata are JSON in
/// the archive's comment, which NumPy passes over. Throws Error if the archive cannot hold them.
std::vector<std::uint8_t> encode_npz(std::span<const NamedArray> arrays, const Metadata& metadata);

/// Throws Error unless the bytes are all of an archive of arrays of 32-bit floats. An archive of
/// another program has no comment.
ArrayFile parse_npz(std::span<const std::uint8_t> bytes, const std::string& name);

/// Returns the array of a .npy file, which holds integers or floats, at least one: integers from 0
/// to 255 as bytes, others rounded to 32-bit floats. Throws Error, which begins with `where`,
/// unless the bytes are all of such a file.
IdxArray parse_npy(std::span<const std::uint8_t> bytes, const std::string& where);

}  // namespace trp
