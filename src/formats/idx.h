#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/byte_source.h"
#include "trp/tensor.h"

namespace trp {

/// The type of the elements of an IDX file, as its third byte gives it.
enum class IdxType : std::uint8_t {
  kUnsignedByte = 0x08,
  kSignedByte = 0x09,
  kInt16 = 0x0B,
  kInt32 = 0x0C,
  kFloat32 = 0x0D,
  kFloat64 = 0x0E,
};

/// Returns "unsigned bytes", "32-bit floats", …
std::string_view idx_type_name(IdxType type);
/// Returns 1, 2, 4 or 8.
Index idx_element_bytes(IdxType type);

/// An array of one to four dimensions, the last one running fastest. Every dimension is at least 1.
struct IdxArray {
  IdxType type = IdxType::kUnsignedByte;
  std::vector<Index> shape;
  std::vector<std::uint8_t> bytes;  // the elements if they are unsigned bytes, else empty
  std::vector<float> values;        // the elements of any other type; all are finite

  /// Returns where element `element` starts in the (uncompressed) file, in bytes.
  Index byte_offset(Index element) const;
};

/// Appends an element to an array of bytes or of 32-bit floats, which are bytes until the first
/// element comes that is not a whole number from 0 to 255.
void append_element(IdxArray& array, double element);
/// Makes an array of bytes one of 32-bit floats.
void make_floats(IdxArray& array);

/// Returns the file of an array of bytes or of 32-bit floats.
std::vector<std::uint8_t> encode_idx(const IdxArray& array);

/// IdxExpected is what the reader hopes to find. A file of another rank is refused.
struct IdxExpected {
  std::string_view what = "data";  // a word for messages: "images", "labels"
  int min_rank = 1;
  int max_rank = 4;
};
inline constexpr IdxExpected kIdxImages{"images", 2, 4};
inline constexpr IdxExpected kIdxLabels{"labels", 1, 1};

/// IdxHeader is what an IDX file says of itself: two zero bytes, the type, the rank, and each
/// dimension as a 32-bit number. The counts cannot overflow.
struct IdxHeader {
  IdxType type = IdxType::kUnsignedByte;
  std::vector<Index> shape;
  std::uint64_t element_count = 0;
  std::uint64_t header_bytes = 0;
  std::uint64_t total_bytes = 0;  // header and elements
};

/// Reads an IDX file, plain or gzip, a few samples at a time: in little memory, and from a pipe as
/// soon as they arrive. Refuses what read_idx() refuses, some of it only when it gets there.
class IdxReader {
 public:
  /// Reads the header; "-" is standard input.
  explicit IdxReader(const std::string& path, const IdxExpected& expected = {});

  IdxType type() const { return header_.type; }
  const std::vector<Index>& shape() const { return header_.shape; }  // of the whole file
  bool is_gzip() const { return source_.is_gzip(); }

  /// Reads the next samples, `max_count` at most. Returns false after the last one, when it is sure
  /// that the file ends there and is sound.
  bool read(Index max_count, IdxArray& samples);

  /// Reads all samples, of which none has been read; see read_idx().
  IdxArray read_all();

 private:
  ByteSource source_;
  IdxHeader header_;
  bool size_is_sure_;  // the file's size vouches for the header
  Index samples_read_ = 0;
};

/// Reads a whole IDX file, plain or gzip (which its content tells, not its name); "-" is standard
/// input. 32-bit integers and 64-bit floats are rounded to the nearest float.
///
/// Throws Error, which names the file, the byte, what was expected and found and what to do, for
/// anything but a sound file of exactly the declared size. No memory is taken on the word of the
/// header alone: it must agree with the size of the file, or for a pipe with the data that arrive.
///
/// May be called from several threads at once, but only one of them may read standard input.
IdxArray read_idx(const std::string& path, const IdxExpected& expected = {});

}  // namespace trp
