#pragma once

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// Good and bad IDX files for tests, in memory and in a temporary folder.
namespace trp::test {

using Bytes = std::vector<std::uint8_t>;

inline Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

inline Bytes join(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

inline Bytes first(const Bytes& bytes, std::size_t count) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)};
}

inline Bytes without_last(const Bytes& bytes, std::size_t count) {
  return first(bytes, bytes.size() - count);
}

inline Bytes with_byte(Bytes bytes, std::size_t index, std::uint8_t value) {
  bytes.at(index) = value;
  return bytes;
}

inline Bytes big_endian_word(std::uint32_t word) {
  return {static_cast<std::uint8_t>(word >> 24), static_cast<std::uint8_t>(word >> 16),
          static_cast<std::uint8_t>(word >> 8), static_cast<std::uint8_t>(word)};
}

inline Bytes idx_header(std::uint8_t type, const std::vector<std::uint32_t>& shape) {
  Bytes header = {0, 0, type, static_cast<std::uint8_t>(shape.size())};
  for (const std::uint32_t size : shape) header = join({header, big_endian_word(size)});
  return header;
}

/// Bytes without a pattern that gzip would find.
inline Bytes noise(std::size_t count) {
  Bytes bytes(count);
  std::uint32_t state = 12345;
  for (auto& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::uint8_t>(state >> 24);
  }
  return bytes;
}

/// A sound file of unsigned bytes.
inline Bytes idx_bytes(const std::vector<std::uint32_t>& shape) {
  std::size_t count = 1;
  for (const std::uint32_t size : shape) count *= size;
  return join({idx_header(0x08, shape), noise(count)});
}

inline Bytes idx_labels(const Bytes& labels) {
  return join({idx_header(0x08, {static_cast<std::uint32_t>(labels.size())}), labels});
}

/// One gzip member; its header has no optional field and takes ten bytes, its trailer eight.
inline Bytes gzip(const Bytes& data, int level = 9) {
  z_stream stream = {};
  if (deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("deflateInit2");
  }
  Bytes out(deflateBound(&stream, data.size()) + 32);
  Bytes input = data;
  stream.next_in = input.data();
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("deflate");
  return out;
}

/// A folder that goes when the object goes.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "trp-data-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = pattern;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string path(const std::string& name = {}) const {
    return name.empty() ? path_.string() : (path_ / name).string();
  }

  std::string write(const std::string& name, const Bytes& bytes) const {
    const auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream out(file, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) throw std::runtime_error("cannot write " + file.string());
    return file.string();
  }

  std::string make_folder(const std::string& name) const {
    std::filesystem::create_directories(path_ / name);
    return path(name);
  }

  std::string make_fifo(const std::string& name) const {
    if (mkfifo(path(name).c_str(), 0600) != 0) throw std::runtime_error("mkfifo");
    return path(name);
  }

 private:
  std::filesystem::path path_;
};

/// A pipe that holds `bytes` and then ends; they must fit its buffer (64 KiB).
class FilledPipe {
 public:
  explicit FilledPipe(const Bytes& bytes) {
    int ends[2] = {};
    if (pipe(ends) != 0) throw std::runtime_error("pipe");
    read_end_ = ends[0];
    const auto written = ::write(ends[1], bytes.data(), bytes.size());
    close(ends[1]);
    if (written != static_cast<ssize_t>(bytes.size())) throw std::runtime_error("write to pipe");
  }
  ~FilledPipe() { close(read_end_); }
  FilledPipe(const FilledPipe&) = delete;
  FilledPipe& operator=(const FilledPipe&) = delete;

  int descriptor() const { return read_end_; }
  /// A name under which the pipe can be opened.
  std::string path() const { return "/proc/self/fd/" + std::to_string(read_end_); }

 private:
  int read_end_ = -1;
};

/// What `action` says when it throws an Exception; empty when it does not.
template <class Exception, class Action>
std::string message_of(const Action& action) {
  try {
    action();
  } catch (const Exception& error) {
    return error.what();
  }
  return {};
}

}  // namespace trp::test
