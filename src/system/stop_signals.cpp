#include "system/stop_signals.h"

namespace trp {
namespace {

constexpr std::array<int, 3> kSignals = {SIGINT, SIGTERM, SIGHUP};

// A signal handler reaches nothing but globals.
std::atomic<bool> stop_requested{false};
std::atomic<int> received_signal{0};
std::array<std::atomic<bool>, kSignals.size()> handled;  // the others were ignored and stay so
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void request_stop(int signal) {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    // Of a terminal that goes away both the system and the shell tell, one after the other.
    if (handled[i]) ::signal(kSignals[i], kSignals[i] == SIGHUP ? SIG_IGN : SIG_DFL);
  }
  int none = 0;
  received_signal.compare_exchange_strong(none, signal);
  stop_requested.store(true);
}

}  // namespace

StopSignals::StopSignals() {
  stop_requested = false;
  received_signal = 0;
  struct sigaction action {};
  action.sa_handler = request_stop;
  action.sa_flags = SA_RESTART;
  // One handler must not interrupt the other.
  sigemptyset(&action.sa_mask);
  for (const int signal : kSignals) sigaddset(&action.sa_mask, signal);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], nullptr, &previous_[i]);
    handled[i] = previous_[i].sa_handler != SIG_IGN;
    if (handled[i]) sigaction(kSignals[i], &action, nullptr);
  }
}

StopSignals::~StopSignals() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &previous_[i], nullptr);
}

void StopSignals::request() const { stop_requested = true; }

const std::atomic<bool>& StopSignals::requested() const { return stop_requested; }

int StopSignals::received() const { return received_signal; }

}  // namespace trp
