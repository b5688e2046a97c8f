#pragma once

#include <stdexcept>

namespace trp {

/// Something a user can mend: bad data, a file that cannot be read, a bad model. The message says
/// what is wrong, where (file and offset), what was expected and found, and what to do.
/// The program ends with exit code 1. Misuse of a function by the code that calls it is
/// std::invalid_argument or an assertion instead.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A request that cannot be met whatever the data hold: wrong options on the command line or in a
/// configuration file, or options that contradict one another. The program ends with exit code 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

}  // namespace trp
