#include "system/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>

#include "core/fail.h"

namespace trp {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kNewFileMode = 0666;  // less what the umask takes away
constexpr mode_t kPermissionBits = 07777;

using Clock = std::chrono::steady_clock;

/// Another program that only looks whether it may write has the lock for a moment.
constexpr std::chrono::seconds kPatience{2};

/// Calls again what a signal has interrupted.
template <class Call>
auto uninterrupted(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

std::string_view hint_for(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "; hint: make room, or name a file on another disk";
    case ENOENT:
    case ENOTDIR:
      return "; hint: make its folder first, or check the path";
    case EACCES:
    case EPERM:
    case EROFS:
      return "; hint: name a file in a folder that you may write";
    case EWOULDBLOCK:
      return "; hint: another program is writing this file, wait for it or name another";
    default:
      return "";
  }
}

[[noreturn]] void throw_cannot_write(const std::string& path, int error) {
  fail("{}: cannot be written: {}{}", path, std::generic_category().message(error),
       hint_for(error));
}

/// The file itself behind a link, which need not exist yet.
fs::path follow_links(const std::string& path) {
  constexpr int kMaxLinks = 40;  // as in Linux
  fs::path file = path;
  for (int i = 0; i < kMaxLinks; ++i) {
    std::error_code error;
    const fs::path target = fs::read_symlink(file, error);
    if (error) return file;
    file = file.parent_path() / target;
  }
  throw_cannot_write(path, ELOOP);
}

/// A file beside the target, locked against other programs and removed unless it is renamed.
class TemporaryFile {
 public:
  /// Waits so long for another program that has the lock.
  explicit TemporaryFile(const std::string& path, std::chrono::seconds patience)
      : path_(path), target_(follow_links(path)), temporary_(target_.string() + ".trp-tmp") {
    check_target();
    open_locked(Clock::now() + patience);
  }
  ~TemporaryFile() {
    if (!renamed_) ::unlink(temporary_.c_str());
    ::close(descriptor_);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::span<const std::uint8_t> bytes) {
    check(ftruncate(descriptor_, 0) == 0);
    while (!bytes.empty()) {
      const ssize_t written =
          uninterrupted([&] { return ::write(descriptor_, bytes.data(), bytes.size()); });
      check(written >= 0);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }

  void flush() const {
    if (target_mode_) check(fchmod(descriptor_, *target_mode_) == 0);
    check(uninterrupted([&] { return fsync(descriptor_); }) == 0);
  }

  /// The target has its name all the while, but where files cannot have two names.
  void keep_target_as(const std::string& previous) const {
    if (!target_mode_) return;
    const bool is_kept = (::unlink(previous.c_str()) == 0 || errno == ENOENT) &&
                         (::link(target_.c_str(), previous.c_str()) == 0 ||
                          std::rename(target_.c_str(), previous.c_str()) == 0);
    if (!is_kept) throw_cannot_write(previous, errno);
  }

  void rename_to_target() {
    check(std::rename(temporary_.c_str(), target_.c_str()) == 0);
    renamed_ = true;
    flush_folder();
  }

 private:
  void check(bool succeeded) const {
    if (!succeeded) throw_cannot_write(path_, errno);
  }

  void check_target() {
    if (!target_.has_filename()) throw_cannot_write(path_, ENOENT);
    struct stat status = {};
    if (stat(target_.c_str(), &status) != 0) {
      check(errno == ENOENT);
      return;
    }
    if (!S_ISREG(status.st_mode)) {
      fail("{}: is {}, expected a file or nothing yet; hint: name another file", path_,
           S_ISDIR(status.st_mode) ? "a folder" : "no regular file");
    }
    check(access(target_.c_str(), W_OK) == 0);
    target_mode_ = status.st_mode & kPermissionBits;
  }

  /// The lock ends with the program that holds it, however that ends, so what is not locked is
  /// nobody's. It may have been renamed or removed between opening and locking.
  void open_locked(Clock::time_point deadline) {
    for (;;) {
      descriptor_ = uninterrupted([&] {
        return ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                      kNewFileMode);
      });
      check(descriptor_ >= 0);
      try {
        lock(deadline);
        if (is_still_there()) return;
      } catch (...) {
        ::close(descriptor_);
        throw;
      }
      ::close(descriptor_);
    }
  }

  void lock(Clock::time_point deadline) const {
    for (;;) {
      if (uninterrupted([&] { return flock(descriptor_, LOCK_EX | LOCK_NB); }) == 0) return;
      if (errno != EWOULDBLOCK || Clock::now() >= deadline) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    const int error = errno;
    // Some network drives have no locks; two programs that save one file are then on their own.
    if (error == ENOLCK || error == EOPNOTSUPP || error == ENOSYS) return;
    if (error != EWOULDBLOCK) ::unlink(temporary_.c_str());
    throw_cannot_write(path_, error);
  }

  bool is_still_there() const {
    struct stat opened = {};
    struct stat named = {};
    check(fstat(descriptor_, &opened) == 0);
    if (!S_ISREG(opened.st_mode)) {
      fail("{}: {} is in the way; hint: remove it", path_, temporary_);
    }
    return lstat(temporary_.c_str(), &named) == 0 && named.st_ino == opened.st_ino &&
           named.st_dev == opened.st_dev;
  }

  /// Without this the new name may be lost with the power.
  void flush_folder() const {
    const std::string folder = target_.has_parent_path() ? target_.parent_path().string() : ".";
    const int descriptor =
        uninterrupted([&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    check(descriptor >= 0);
    // Some file systems have no such thing for folders.
    const bool flushed = uninterrupted([&] { return fsync(descriptor); }) == 0 || errno == EINVAL;
    const int error = errno;
    ::close(descriptor);
    if (!flushed) throw_cannot_write(path_, error);
  }

  std::string path_;  // for messages
  fs::path target_;
  std::string temporary_;
  std::optional<mode_t> target_mode_;
  int descriptor_ = -1;
  bool renamed_ = false;
};

}  // namespace

void write_file_atomically(const std::string& path, std::span<const std::uint8_t> bytes) {
  TemporaryFile file(path, kPatience);
  file.write(bytes);
  file.flush();
  file.rename_to_target();
}

void replace_file_atomically(const std::string& path, std::span<const std::uint8_t> bytes) {
  TemporaryFile file(path, kPatience);
  file.write(bytes);
  file.flush();
  file.keep_target_as(previous_file(path));
  file.rename_to_target();
}

std::string previous_file(const std::string& path) {
  return follow_links(path).string() + ".previous";
}

bool is_same_file(const std::string& a, const std::string& b) {
  const auto resolved = [](const std::string& path) {
    std::error_code error;
    const fs::path absolute = fs::absolute(follow_links(path), error);
    const fs::path canonical = fs::weakly_canonical(absolute, error);
    return error ? absolute.lexically_normal() : canonical;
  };
  return !a.empty() && !b.empty() && resolved(a) == resolved(b);
}

void check_writable(const std::string& path) {
  const TemporaryFile file(path, std::chrono::seconds(0));
}

}  // namespace trp
