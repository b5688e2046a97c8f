#include "system/outputs.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
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

/// Returns ", process 123", who has the file locked, as far as the system tells.
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

bool find_regular(const std::string& path, struct stat& status) {
  return stat(path == "-" ? "/dev/stdin" : path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

/// Returns the one of the files that the path leads to, or null.
const NamedFile* find_same(const std::string& path, const std::vector<NamedFile>& files) {
  struct stat own = {}, other = {};
  if (!find_regular(path, own)) return nullptr;
  const auto found = std::ranges::find_if(files, [&](const NamedFile& file) {
    return find_regular(file.path, other) && is_same(own, other);
  });
  return found == files.end() ? nullptr : &*found;
}

void check_other(const OutputRequest& request, const std::string& path,
                 const std::vector<NamedFile>& taken) {
  const NamedFile* other = find_same(path, taken);
  if (other == nullptr || other->option == request.continues) return;
  fail_usage("{}: expected another file than that of {}, found {}", request.option, other->option,
             path);
}

void check_content(const OutputRequest& request, const std::string& path, bool force) {
  struct stat status = {};
  if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
    fail("{}: is a folder, expected a file or nothing yet; hint: name another file", path);
  if (force || !find_regular(path, status) || status.st_size == 0) return;
  InputFile file(path);
  if (request.is_own_kind(file.peek(kStartBytes))) return;
  fail(
      "{}: {} holds something else, which would be lost; hint: name another file, or replace it "
      "with --force",
      request.option, path);
}

}  // namespace

OutputFile::OutputFile(const std::string& path) : path_(path) {
  struct stat named = {};
  do {
    open();
    if (!S_ISREG(status_.st_mode)) return;
    lock();
  } while (stat(path_.c_str(), &named) != 0 || !is_same(named, status_));
  const std::string folder = std::filesystem::path(target_).parent_path().string();
  if (access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) != 0)
    throw_cannot_write(path_, errno);
}

OutputFile::~OutputFile() {
  struct stat named = {};
  if (is_made_ && stat(path_.c_str(), &named) == 0 && is_same(named, status_) && named.st_size == 0)
    ::unlink(target_.c_str());  // takes no memory, of which there may be none
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

void OutputFile::lock() const {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    const int error = lock_file(file_.get());
    if (error == 0) return;
    if (error != EWOULDBLOCK) throw_cannot_write(path_, error);
    if (std::chrono::steady_clock::now() >= deadline) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  fail("{}: another program is writing this file{}; hint: wait for it or name another", path_,
       holder_text(status_.st_ino));
}

void OutputFile::replace(std::span<const std::uint8_t> bytes, OldFile old_file) {
  if (!S_ISREG(status_.st_mode)) return write_all(path_, file_.get(), bytes);
  file_ = write_file_atomically(path_, bytes, old_file);
  is_made_ = false;
}

void OutputFile::replace(std::string_view text) { replace(to_bytes(text)); }

void OutputFile::close() {
  if (const int error = file_.close(); error != 0) throw_cannot_write(path_, error);
}

Outputs claim_outputs(std::vector<NamedFile> inputs, const std::vector<OutputRequest>& requests,
                      bool force) {
  std::vector<NamedFile> taken = std::move(inputs);
  taken.push_back({"standard output", "/dev/stdout"});
  taken.push_back({"standard error", "/dev/stderr"});
  Outputs outputs;
  for (const OutputRequest& request : requests) {
    if (request.path.empty()) continue;
    check_other(request, request.path, taken);
    check_content(request, request.path, force);
    outputs.try_emplace(request.option, request.path);
    check_other(request, request.path, taken);  // now that it is there
    taken.push_back({request.option, request.path});
  }
  for (const OutputRequest& request : requests) {
    if (request.path.empty() || !request.keeps_previous) continue;
    const std::string previous = previous_file(request.path);
    check_other(request, previous, taken);
    check_content(request, previous, force);
  }
  return outputs;
}

}  // namespace trp
