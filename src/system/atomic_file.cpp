#include "system/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "core/fail.h"

namespace trp {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kNewFileMode = 0666;  // less what the umask takes away
constexpr mode_t kPrivateMode = 0600;  // for as long as another one is replaced
constexpr mode_t kPermissionBits = 07777;
/// Marks a temporary file as ours. It means nothing for a file, so that nobody else sets it.
constexpr mode_t kMark = S_ISVTX;
constexpr std::string_view kTemporaryStart = "trp-", kTemporaryEnd = ".tmp";

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
      return "; hint: look at the permissions of the file and of its folder, or name another";
    default:
      return "";
  }
}

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

/// Removes the file if a program that was killed has left it: one with our mark and no other name
/// that nobody has locked.
void remove_if_stale(const fs::path& path) {
  const Descriptor file(uninterrupted(
      [&] { return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); }));
  struct stat status = {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  const bool is_ours =
      (status.st_mode & kMark) != 0 && status.st_nlink == 1 && status.st_uid == geteuid();
  if (!is_ours || flock(file.get(), LOCK_EX | LOCK_NB) != 0) return;
  if (is_name_of(path.string(), file)) ::unlink(path.c_str());
}

/// A file beside the target, locked against other programs and removed unless it is renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& path) : path_(path), target_(follow_links(path)) {
    if (!target_.has_filename()) throw_cannot_write(path_, ENOENT);
    struct stat status = {};
    is_there_ = stat(target_.c_str(), &status) == 0;
    check(is_there_ || errno == ENOENT);
    if (is_there_) mode_ = status.st_mode & kPermissionBits & ~kMark;
    open_new();
  }
  ~TemporaryFile() {
    if (!renamed_) ::unlink(temporary_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  int descriptor() const { return file_.get(); }

  void flush() const {
    check(uninterrupted([&] { return fsync(file_.get()); }) == 0);
  }

  void check_target(const Descriptor& expected) const {
    struct stat named = {};
    if (lstat(target_.c_str(), &named) == 0 && !is_name_of(target_.string(), expected))
      fail("{}: cannot be written: another file has taken its name meanwhile", path_);
  }

  /// The target has its name all the while, but where files cannot have two names.
  void keep_target_as(const std::string& previous) const {
    struct stat status = {}, replaced = {};
    if (!is_there_ || (stat(target_.c_str(), &status) == 0 && status.st_size == 0)) return;
    const Descriptor file(
        uninterrupted([&] { return ::open(previous.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); }));
    const bool is_other = fstat(file.get(), &replaced) == 0 && !is_same(replaced, status);
    if (is_other && lock_file(file.get()) != 0) throw_cannot_write(previous, EBUSY);
    const bool is_kept = (::unlink(previous.c_str()) == 0 || errno == ENOENT) &&
                         (::link(target_.c_str(), previous.c_str()) == 0 ||
                          std::rename(target_.c_str(), previous.c_str()) == 0);
    if (!is_kept) throw_cannot_write(previous, errno);
  }

  /// Returns the file, still locked. It has its mark still, so that a kill before leaves a file
  /// that is known as stale; one after it leaves a target whose mark the next program takes away.
  Descriptor rename_to_target() {
    check(std::rename(temporary_.c_str(), target_.c_str()) == 0);
    renamed_ = true;
    return std::move(file_);
  }

  /// Completes the file that was renamed.
  void finish(const Descriptor& file) const {
    check(fchmod(file.get(), *mode_) == 0);
    flush_folder();
  }

 private:
  void check(bool succeeded) const {
    if (!succeeded) throw_cannot_write(path_, errno);
  }

  /// No other file is touched, whatever has the name. Until the new one is locked another program
  /// may remove it as stale.
  void open_new() {
    struct stat status = {};
    bool is_locked = false;
    for (int number = 0; !is_locked; ++number) {
      temporary_ = folder_of(target_) /
                   fmt::format("{}{}-{}{}", kTemporaryStart, getpid(), number, kTemporaryEnd);
      file_ = Descriptor(uninterrupted([&] {
        return ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                      kMark | (mode_ ? kPrivateMode : kNewFileMode));
      }));
      check(file_.get() >= 0 || errno == EEXIST);
      if (file_.get() < 0) continue;
      check(fstat(file_.get(), &status) == 0);
      is_locked = lock_file(file_.get()) == 0 && is_name_of(temporary_.string(), file_);
    }
    if (!mode_) mode_ = writable_mode(status.st_mode & kPermissionBits & ~kMark);
  }

  /// Without this the new name may be lost with the power. A folder that may be written to but not
  /// read cannot be flushed.
  void flush_folder() const {
    const Descriptor folder(uninterrupted(
        [&] { return ::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    check(folder.get() >= 0 || errno == EACCES);
    if (folder.get() < 0) return;
    // Some file systems have no such thing for folders.
    check(uninterrupted([&] { return fsync(folder.get()); }) == 0 || errno == EINVAL);
  }

  std::string path_;  // for messages
  fs::path target_;
  fs::path temporary_;
  bool is_there_ = false;       // the target
  std::optional<mode_t> mode_;  // what the new file gets
  Descriptor file_;
  bool renamed_ = false;
};

}  // namespace

void write_file_atomically(const std::string& path, const std::function<void(const Sink&)>& write,
                           OldFile old_file, Descriptor* locked) {
  TemporaryFile file(path);
  write([&](std::span<const std::uint8_t> bytes) { write_all(path, file.descriptor(), bytes); });
  file.flush();
  if (locked) file.check_target(*locked);
  if (old_file == OldFile::kKeepAsPrevious) file.keep_target_as(previous_file(path));
  Descriptor own;
  Descriptor& renamed = locked ? *locked : own;
  renamed = file.rename_to_target();
  file.finish(renamed);
}

void remove_stale_files(const std::string& path) {
  const fs::path folder = folder_of(follow_links(path));
  for (const std::string& name : names_in(folder.string()))
    if (name.starts_with(kTemporaryStart) && name.ends_with(kTemporaryEnd))
      remove_if_stale(folder / name);
}

void write_all(const std::string& path, int descriptor, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        uninterrupted([&] { return ::write(descriptor, bytes.data(), bytes.size()); });
    if (written < 0) throw_cannot_write(path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

std::string previous_file(const std::string& path) { return follow_links(path) + ".previous"; }

std::string follow_links(const std::string& path) {
  constexpr int kMaxLinks = 40;  // as in Linux
  fs::path file = path;
  for (int i = 0; i < kMaxLinks; ++i) {
    std::error_code error;
    const fs::path target = fs::read_symlink(file, error);
    if (error) return file.string();
    file = file.parent_path() / target;
  }
  throw_cannot_write(path, ELOOP);
}

int lock_file(int descriptor) {
  if (uninterrupted([&] { return flock(descriptor, LOCK_EX | LOCK_NB); }) == 0) return 0;
  const bool is_unknown = errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS;
  return is_unknown ? 0 : errno;
}

void throw_cannot_write(const std::string& path, int error) {
  fail("{}: cannot be written: {}{}", path, system_message(error), hint_for(error));
}

mode_t writable_mode(mode_t mode) { return mode | S_IRUSR | S_IWUSR; }

}  // namespace trp
