#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "formats/idx.h"
#include "fuzz/fuzz.h"
#include "trp/error.h"

namespace trp {

/// A file in memory, for readers that take a path.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
    require(descriptor_ >= 0, "there is memory for a file");
    path_ = "/proc/self/fd/" + std::to_string(descriptor_);
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  const std::string& path() const { return path_; }

  void fill(std::span<const std::uint8_t> bytes) const {
    require(ftruncate(descriptor_, 0) == 0, "the file can be emptied");
    require(
        pwrite(descriptor_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()),
        "the file can be written");
  }

 private:
  int descriptor_;
  std::string path_;
};

inline std::optional<IdxArray> read_whole(const std::string& path) {
  try {
    return read_idx(path);
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// The same file, two samples at a time.
inline std::optional<IdxArray> read_in_pieces(const std::string& path) {
  try {
    IdxReader reader(path);
    IdxArray all{.type = reader.type(), .shape = reader.shape(), .bytes = {}, .values = {}};
    Index count = 0;
    for (IdxArray samples; reader.read(2, samples); count += samples.shape[0]) {
      all.bytes.insert(all.bytes.end(), samples.bytes.begin(), samples.bytes.end());
      all.values.insert(all.values.end(), samples.values.begin(), samples.values.end());
    }
    require(count == all.shape[0], "as many samples are read as the header says");
    return all;
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// Both ways of reading must accept the same files, with the same elements in them.
inline std::optional<IdxArray> read_both_ways(std::span<const std::uint8_t> bytes) {
  static const MemoryFile file;
  file.fill(bytes);
  const auto whole = read_whole(file.path());
  const auto pieces = read_in_pieces(file.path());
  require(whole.has_value() == pieces.has_value(), "both ways accept the same files");
  if (!whole) return std::nullopt;
  require(whole->type == pieces->type && whole->shape == pieces->shape, "the headers agree");
  require(whole->bytes == pieces->bytes && whole->values == pieces->values, "the elements agree");
  std::size_t elements = 1;
  for (const Index size : whole->shape) elements *= static_cast<std::size_t>(size);
  require(whole->bytes.size() + whole->values.size() == elements, "the elements fill the shape");
  return whole;
}

}  // namespace trp
