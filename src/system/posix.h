#pragma once

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace trp {

/// Calls again what a signal has interrupted: a function of the system that returns -1 then.
template <class Call>
auto uninterrupted(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// Returns the system's words for an error number.
inline std::string system_message(int error) { return std::generic_category().message(error); }

/// Owns an open file, or none.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  /// Closes the file, if there is one; returns 0 or the error.
  int close() {
    const int number = std::exchange(number_, -1);
    return number < 0 || ::close(number) == 0 ? 0 : errno;
  }

  /// Returns the number, which is negative if there is no file.
  int get() const { return number_; }

 private:
  int number_;
};

/// Whether two files are one, by whatever names and links.
inline bool is_same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// Whether the name, which is no link, is that of the open file.
inline bool is_name_of(const std::string& path, const Descriptor& file) {
  struct stat named = {}, own = {};
  return lstat(path.c_str(), &named) == 0 && fstat(file.get(), &own) == 0 && is_same(named, own);
}

/// Returns the names of what is in a folder, in no order; none if it cannot be read. The standard
/// library's iterator ends the program when memory is short.
inline std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(folder.c_str()), closedir);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread reads from this stream
  while (const dirent* entry = stream ? readdir(stream.get()) : nullptr)
    if (const std::string name = entry->d_name; name != "." && name != "..") names.push_back(name);
  return names;
}

}  // namespace trp
