#include "system/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/fail.h"

namespace trp {
namespace {

[[noreturn]] void throw_cannot_open(const std::string& path, int error) {
  std::error_code ignored;
  const auto target = std::filesystem::read_symlink(path, ignored);
  if (error == ENOENT && !target.empty()) {
    fail("{}: is a link to {}, which does not exist; hint: mend the link or name another file",
         path, target.string());
  }
  if (error == ENOENT) fail("{}: no such file; hint: check the path", path);
  if (error == EACCES) {
    fail("{}: permission denied; hint: the file, or a folder above it, may not be read by you",
         path);
  }
  fail("{}: cannot be opened: {}", path, system_message(error));
}

}  // namespace

std::string input_name(const std::string& path) { return path == "-" ? "standard input" : path; }

InputFile::InputFile(const std::string& path) : name_(input_name(path)) {
  if (path != "-") {
    file_ = Descriptor(
        uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY); }));
    descriptor_ = file_.get();
    if (descriptor_ < 0) throw_cannot_open(path, errno);
  } else if (isatty(descriptor_) != 0) {
    fail("standard input: is a terminal; hint: pipe or redirect a file into the program");
  }
  struct stat status = {};
  if (fstat(descriptor_, &status) != 0)
    fail("{}: cannot be read: {}", name_, system_message(errno));
  if (S_ISDIR(status.st_mode))
    fail("{}: is a folder, expected a file; hint: only data are named by their folder", name_);
  // Files of the kernel, as in /proc, say that they are empty and are not.
  if (!S_ISREG(status.st_mode) || status.st_size == 0) return;
  const auto start = std::max<off_t>(lseek(descriptor_, 0, SEEK_CUR), 0);
  start_ = static_cast<std::uint64_t>(start);
  size_ = static_cast<std::uint64_t>(std::max<off_t>(status.st_size - start, 0));
}

std::size_t InputFile::read(std::uint8_t* into, std::size_t count) {
  const std::size_t peeked = std::min(count, peeked_.size());
  std::copy_n(peeked_.begin(), peeked, into);
  peeked_.erase(peeked_.begin(), peeked_.begin() + static_cast<std::ptrdiff_t>(peeked));
  const std::size_t done = peeked + read_from_system(into + peeked, count - peeked);
  offset_ += done;
  return done;
}

std::span<const std::uint8_t> InputFile::peek(std::size_t count) {
  const std::size_t done = peeked_.size();
  if (done < count) {
    peeked_.resize(count);
    peeked_.resize(done + read_from_system(&peeked_[done], count - done));
  }
  return peeked_;
}

std::size_t InputFile::read_from_system(std::uint8_t* into, std::size_t count) {
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got =
        uninterrupted([&] { return ::read(descriptor_, into + done, count - done); });
    if (got == 0) break;
    if (got < 0) {
      fail("{}: cannot be read at byte {}: {}; hint: check the disk or the network drive", name_,
           offset_ + done, system_message(errno));
    }
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::array<std::uint8_t, 4> InputFile::last_bytes() const {
  std::array<std::uint8_t, 4> bytes = {};
  const auto position = static_cast<off_t>(start_ + *size_ - bytes.size());
  if (uninterrupted([&] { return pread(descriptor_, bytes.data(), bytes.size(), position); }) !=
      std::ssize(bytes)) {
    fail("{}: cannot be read at byte {}; hint: is another program writing it?", name_,
         *size_ - bytes.size());
  }
  return bytes;
}

std::vector<std::uint8_t> InputFile::read_all(std::string_view kind) {
  constexpr std::uint64_t kMaxPipeBytes = std::uint64_t{2} << 30;
  constexpr std::size_t kReadBytes = std::size_t{1} << 20;
  // All room at once where the size is known: what grows by and by takes twice the memory.
  std::size_t room = size_ ? *size_ - offset_ : kReadBytes;
  std::vector<std::uint8_t> bytes;
  for (;;) {
    const std::size_t done = bytes.size();
    bytes.resize(done + room);
    const std::size_t got = read(bytes.data() + done, room);
    bytes.resize(done + got);
    if (size_ || got < room) return bytes;
    if (bytes.size() > kMaxPipeBytes) {
      fail(
          "{}: expected a {} of at most {} bytes from a pipe, found more; hint: is it the right "
          "file? Name it instead of piping it",
          name_, kind, kMaxPipeBytes);
    }
  }
}

}  // namespace trp
