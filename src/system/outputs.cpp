#include "system/outputs.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "core/fail.h"
#include "system/input_file.h"

namespace trp {
namespace {

/// Another program may be about to end.
constexpr std::chrono::milliseconds kPatience{500};

/// Returns ", process 123", who has the file locked, as far as the system tells. The device that it
/// tells is not always the one that stat() does.
std::string holder_text(ino_t inode) {
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream fields(line);  // "1: FLOCK ADVISORY WRITE 123 fd:00:4711 0 EOF"
    std::string number, kind, advisory, access, process, file;
    fields >> number >> kind >> advisory >> access >> process >> file;
    if (kind == "FLOCK" && file.ends_with(fmt::format(":{}", inode)))
      return fmt::format(", process {}", process);
  }
  return "";
}

/// A regular file that is in use, and what for.
struct UsedFile {
  std::string_view option;
  struct stat status = {};
};

std::vector<UsedFile> used_files(const std::vector<NamedFile>& inputs, const Outputs& outputs) {
  std::vector<UsedFile> used;
  const auto add = [&used](std::string_view option, bool is_there, const struct stat& status) {
    if (is_there && S_ISREG(status.st_mode)) used.push_back({option, status});
  };
  struct stat status = {};
  for (const NamedFile& input : inputs) {
    const int found =
        input.path == "-" ? fstat(STDIN_FILENO, &status) : stat(input.path.c_str(), &status);
    add(input.option, found == 0, status);
  }
  add("standard output", fstat(STDOUT_FILENO, &status) == 0, status);
  add("standard error", fstat(STDERR_FILENO, &status) == 0, status);
  for (const auto& [option, output] : outputs)
    add(option, fstat(output.descriptor(), &status) == 0, status);
  return used;
}

void check_other(const OutputRequest& request, const std::string& path,
                 const std::vector<UsedFile>& used) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return;
  for (const UsedFile& other : used)
    if (is_same(other.status, status) && other.option != request.option &&
        other.option != request.continues)
      fail_usage("{}: expected another file than that of {}, found {}", request.option,
                 other.option, path);
}

void check_content(const OutputRequest& request, const std::string& path, bool force) {
  struct stat status = {};
  if (force || stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0)
    return;
  InputFile file(path);
  if (request.is_own_kind(file.peek(kStartBytes))) return;
  fail(
      "{}: {} holds something else, which would be lost; hint: name another file, or replace it "
      "with --force",
      request.option, path);
}

/// The file in place of which the one before the last will be obeys the same rules; it is not made.
void check_previous(const OutputRequest& request, const std::string& previous, bool force) {
  struct stat status = {}, own = {};
  if (lstat(previous.c_str(), &status) != 0) return;
  // A run that was killed between two steps leaves one file with both names.
  if (stat(request.path.c_str(), &own) == 0 && is_same(own, status)) return;
  if (!S_ISREG(status.st_mode))
    fail("{}: is {}, expected a file or nothing yet; hint: name another file than {}", previous,
         S_ISDIR(status.st_mode) ? "a folder" : "no regular file", request.path);
  const OutputFile locked_now(previous);
  check_content(request, previous, force);
}

}  // namespace

OutputFile::OutputFile(const std::string& path, Writing writing) : path_(path) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::string holder;
  for (;;) {
    open();
    if (!S_ISREG(status_.st_mode)) return;
    const int error = lock_file(file_.get());
    if (error != 0 && error != EWOULDBLOCK) throw_cannot_write(path_, error);
    // Else another program has just replaced it.
    if (error == 0 && is_name_of(target_, file_)) break;
    if (const std::string found = holder_text(status_.st_ino); !found.empty()) holder = found;
    if (std::chrono::steady_clock::now() >= deadline)
      fail("{}: another program is writing this file{}; hint: wait for it or name another", path_,
           holder);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  if (writing == Writing::kReplaced) check_replaceable();
}

OutputFile::~OutputFile() {
  struct stat status = {};
  if (is_made_ && is_name_of(target_, file_) && fstat(file_.get(), &status) == 0 &&
      status.st_size == 0)
    ::unlink(target_.c_str());  // takes no memory, of which there may be none
}

/// Of a file in a folder with the sticky bit only its owner or the folder's may take the name.
void OutputFile::check_replaceable() const {
  const std::string parent = std::filesystem::path(target_).parent_path().string();
  const std::string folder = parent.empty() ? "." : parent;
  struct stat status = {};
  if (access(folder.c_str(), W_OK | X_OK) != 0 || stat(folder.c_str(), &status) != 0)
    throw_cannot_write(path_, errno);
  const uid_t user = geteuid();
  if ((status.st_mode & S_ISVTX) != 0 && user != 0 && user != status.st_uid &&
      user != status_.st_uid)
    throw_cannot_write(path_, EPERM);
}

void OutputFile::open() {
  is_made_ = false;
  target_ = follow_links(path_);
  constexpr int kFlags = O_WRONLY | O_CLOEXEC | O_NOCTTY;
  do {
    file_ = Descriptor(uninterrupted([&] { return ::open(path_.c_str(), kFlags); }));
    if (file_.get() >= 0 || errno != ENOENT) continue;
    file_ = Descriptor(
        uninterrupted([&] { return ::open(target_.c_str(), kFlags | O_CREAT | O_EXCL, 0666); }));
    is_made_ = file_.get() >= 0;
  } while (file_.get() < 0 && errno == EEXIST);
  if (file_.get() < 0 && errno == EISDIR)
    fail("{}: is a folder, expected a file or nothing yet; hint: name another file", path_);
  if (file_.get() < 0 || fstat(file_.get(), &status_) != 0) throw_cannot_write(path_, errno);
  const mode_t mode = status_.st_mode & 0777;
  if (is_made_ && mode != writable_mode(mode)) fchmod(file_.get(), writable_mode(mode));
}

void OutputFile::replace(const std::function<void(const Sink&)>& write, OldFile old_file) {
  if (!S_ISREG(status_.st_mode))
    return write(
        [&](std::span<const std::uint8_t> bytes) { write_all(path_, file_.get(), bytes); });
  if (!std::exchange(is_swept_, true)) remove_stale_files(target_);
  write_file_atomically(target_, write, old_file, &file_);
  is_made_ = false;
}

void OutputFile::replace(std::span<const std::uint8_t> bytes, OldFile old_file) {
  replace([&](const Sink& sink) { sink(bytes); }, old_file);
}

void OutputFile::replace(std::string_view text) { replace(to_bytes(text)); }

void OutputFile::close() {
  if (const int error = file_.close(); error != 0) throw_cannot_write(path_, error);
}

Outputs claim_outputs(const std::vector<NamedFile>& inputs,
                      const std::vector<OutputRequest>& requests, bool force) {
  Outputs outputs;
  const auto check = [&](const OutputRequest& request, const std::string& path) {
    check_other(request, path, used_files(inputs, outputs));
  };
  for (const OutputRequest& request : requests) {
    if (request.path.empty()) continue;
    check(request, request.path);
    outputs.try_emplace(request.option, request.path, request.writing);
    check(request, request.path);  // now that it is there
    check_content(request, request.path, force);
  }
  for (const OutputRequest& request : requests) {
    if (request.path.empty() || !request.keeps_previous) continue;
    const std::string previous = previous_file(request.path);
    check(request, previous);
    check_previous(request, previous, force);
  }
  return outputs;
}

}  // namespace trp
