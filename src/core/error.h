#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace trp {

/// Something a user can mend: bad data, a file that cannot be read, a bad model. The message says
/// what is wrong, where (file and offset), what was expected and found, and what to do.
/// Exit code 1. Misuse of an interface by this program itself is std::invalid_argument or an
/// assertion instead.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}

  template <class... Args>
  explicit Error(fmt::format_string<Args...> format, Args&&... args)
      : std::runtime_error(fmt::format(format, std::forward<Args>(args)...)) {}
};

/// Wrong options on the command line or in a configuration file. Exit code 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

}  // namespace trp
