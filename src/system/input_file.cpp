#include "system/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "core/fail.h"
#include "trp/error.h"

namespace trp {
namespace {

std::string system_message(int error) { return std::generic_category().message(error); }

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
  if (path == "-") {
    descriptor_ = STDIN_FILENO;
    if (isatty(descriptor_) != 0) {
      throw Error("standard input: is a terminal; hint: pipe or redirect a file into the program");
    }
  } else {
    open(path);
  }
  try {
    inspect();
  } catch (...) {
    if (owned_) ::close(descriptor_);
    throw;
  }
}

InputFile::~InputFile() {
  if (owned_) ::close(descriptor_);
}

void InputFile::open(const std::string& path) {
  do {
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  } while (descriptor_ < 0 && errno == EINTR);
  if (descriptor_ < 0) throw_cannot_open(path, errno);
  owned_ = true;
}

void InputFile::inspect() {
  struct stat status = {};
  if (fstat(descriptor_, &status) != 0) {
    fail("{}: cannot be read: {}", name_, system_message(errno));
  }
  if (S_ISDIR(status.st_mode)) {
    fail("{}: is a folder, expected a file; hint: only data are named by their folder", name_);
  }
  // Files of the kernel, as in /proc, say that they are empty and are not.
  if (!S_ISREG(status.st_mode) || status.st_size == 0) return;
  const auto start = std::max<off_t>(lseek(descriptor_, 0, SEEK_CUR), 0);
  start_ = static_cast<std::uint64_t>(start);
  size_ = static_cast<std::uint64_t>(std::max<off_t>(status.st_size - start, 0));
}

std::size_t InputFile::read(std::uint8_t* into, std::size_t count) {
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got = ::read(descriptor_, into + done, count - done);
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      fail("{}: cannot be read at byte {}: {}; hint: check the disk or the network drive", name_,
           offset_, system_message(errno));
    }
    done += static_cast<std::size_t>(got);
    offset_ += static_cast<std::uint64_t>(got);
  }
  return done;
}

std::uint32_t InputFile::last_word() const {
  std::array<std::uint8_t, 4> word = {};
  const auto position = static_cast<off_t>(start_ + *size_ - word.size());
  ssize_t got = 0;
  do {
    got = pread(descriptor_, word.data(), word.size(), position);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(word.size())) {
    fail("{}: cannot be read at byte {}; hint: is another program writing it?", name_,
         *size_ - word.size());
  }
  return std::uint32_t{word[0]} | std::uint32_t{word[1]} << 8 | std::uint32_t{word[2]} << 16 |
         std::uint32_t{word[3]} << 24;
}

std::vector<std::uint8_t> read_whole(
    InputFile& file, std::string_view kind,
    const std::function<void(std::span<const std::uint8_t> start)>& check_start) {
  constexpr std::uint64_t kMaxPipeBytes = std::uint64_t{2} << 30;
  constexpr std::uint64_t kReadBytes = std::uint64_t{1} << 20;
  std::vector<std::uint8_t> bytes;
  const auto read_more = [&](std::uint64_t wanted) {
    const std::size_t done = bytes.size();
    bytes.resize(done + wanted);
    const std::size_t got = file.read(bytes.data() + done, wanted);
    bytes.resize(done + got);
    return got == wanted;
  };
  bool more = read_more(std::min<std::uint64_t>(kStartBytes, file.size().value_or(kStartBytes)));
  check_start(bytes);
  if (file.size()) {
    // At once: what grows by and by takes twice the memory.
    bytes.reserve(*file.size());
    read_more(*file.size() - bytes.size());
    return bytes;
  }
  while (more) {
    more = read_more(kReadBytes);
    if (bytes.size() > kMaxPipeBytes) {
      fail(
          "{}: expected a {} of at most {} bytes from a pipe, found more; hint: is it the right "
          "file? Name it instead of piping it",
          file.name(), kind, kMaxPipeBytes);
    }
  }
  return bytes;
}

}  // namespace trp
