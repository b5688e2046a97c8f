#pragma once

#include <signal.h>

#include <array>
#include <atomic>

namespace trp {

/// While it lives, the first SIGINT, SIGTERM or SIGHUP asks the program to stop and a second SIGINT
/// or SIGTERM ends it at once. One at a time. A signal that was ignored (as under nohup) stays
/// ignored.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Asks as a signal does.
  void request() const;

  /// True from the first signal or request on.
  const std::atomic<bool>& requested() const;

  /// The first signal; 0 if there was none.
  int received() const;

 private:
  std::array<struct sigaction, 3> previous_;
};

}  // namespace trp
