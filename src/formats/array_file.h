#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trp/tensor.h"

namespace trp {

class InputFile;

/// The formats of files of named arrays, which other programs read too; formats/README.md has the
/// grammars.
enum class ArrayFormat { kSafetensors, kNpz };

/// Returns "safetensors" or "npz".
std::string_view array_format_name(ArrayFormat format);

/// Returns the format that a file's name asks for by its ending, if it is one of these.
std::optional<ArrayFormat> array_format_of_name(std::string_view path);

/// A NamedArray holds floats in C order, the last dimension running fastest.
struct NamedArray {
  std::string name;
  std::vector<Index> shape;
  std::vector<float> values;
};

/// Metadata are names and texts about the whole file, in the order of the file. Names are unique.
using Metadata = std::vector<std::pair<std::string, std::string>>;

/// Returns the text of this name, or null.
const std::string* find_metadata(const Metadata& metadata, std::string_view name);

/// Throws Error, which names the file, unless an array of floats of this shape takes so many bytes.
void check_data_size(std::span<const Index> shape, std::uint64_t bytes, const std::string& array,
                     const std::string& file);

struct ArrayFile {
  std::vector<NamedArray> arrays;
  Metadata metadata;
};

/// Returns the bytes of the file: a function of its arguments alone. Two entries are put around the
/// metadata: first "program", last "digest", the XXH3-128 of all bytes of the file with zeros in
/// place of the digest's own digits.
std::vector<std::uint8_t> encode_array_file(const ArrayFile& file, ArrayFormat format);

struct DecodedArrayFile {
  ArrayFile content;  // without "program" and "digest"
  ArrayFormat format = ArrayFormat::kSafetensors;
  bool verified = false;  // had a digest, which agrees; files of other programs have none
};

/// Takes files of encode_array_file(), any safetensors file of 32-bit floats, and any .npz file of
/// them as NumPy writes it, compressed or not. `name` is for messages.
///
/// Throws Error for anything else. All sizes are checked against the number of bytes before memory
/// is taken, every byte has to have a meaning, and a file that has "program" or "digest" must have
/// both and agree with its digest: no single wrong bit in it goes unnoticed.
DecodedArrayFile decode_array_file(std::span<const std::uint8_t> bytes, const std::string& name);

/// Reads a file in the same way, or standard input when the path is "-". What the header of a
/// safetensors file says is compared with the size of the file before the arrays are read.
DecodedArrayFile read_array_file(const std::string& path);
DecodedArrayFile read_array_file(InputFile& file);

/// The metadata of a checkpoint (train/checkpoint.h) begin with this entry, and those of other
/// files but models with one of this name.
inline constexpr std::string_view kKindKey = "kind";
inline constexpr std::string_view kCheckpointKind = "checkpoint";

/// Whether these first kStartBytes of a file are those of a safetensors file of this program, of
/// this kind; a model's is empty.
bool starts_own_file(std::span<const std::uint8_t> start, std::string_view kind);

/// Whether these first kStartBytes of a file are those of a checkpoint, or of one in the format
/// before this one, which is no longer read.
bool starts_checkpoint(std::span<const std::uint8_t> start);
bool starts_old_checkpoint(std::span<const std::uint8_t> start);

/// Whether these first bytes of a file may be those of an array file.
bool starts_array_file(std::span<const std::uint8_t> start);

}  // namespace trp
