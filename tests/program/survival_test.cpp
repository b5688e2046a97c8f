// Trainings that are killed or stopped again and again and go on each time. Rounds and seed may be
// given in the environment: TRP_KILLS, TRP_SIGNALS, TRP_SEED.
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "catch.h"
#include "program/small_training.h"

namespace trp {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kUsualKills = 30, kUsualSignals = 10;
#else
constexpr int kUsualKills = 200, kUsualSignals = 30;
#endif

// That the training stops soon is required of it, so here a time is asserted, in the long version.
constexpr int kMostMicroseconds = 250'000;

int number_from_environment(const char* name, int usual) {
  const char* text = getenv(name);
  return text ? atoi(text) : usual;
}

int microseconds_between(Clock::time_point begin, Clock::time_point end) {
  return static_cast<int>(std::chrono::duration_cast<microseconds>(end - begin).count());
}

/// What a program does in a folder, as it happens.
class FolderWatch {
 public:
  explicit FolderWatch(const std::string& folder)
      : descriptor_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    inotify_add_watch(descriptor_, folder.c_str(), IN_CREATE | IN_MOVED_TO);
  }
  ~FolderWatch() { close(descriptor_); }
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  /// The next file that gets a name; nothing when there is none for so long.
  std::string next(int milliseconds) {
    if (names_.empty() && wait(milliseconds)) read_names();
    if (names_.empty()) return "";
    std::string name = names_.front();
    names_.erase(names_.begin());
    return name;
  }

  void forget() {
    while (wait(0)) read_names();
    names_.clear();
  }

 private:
  bool wait(int milliseconds) const {
    pollfd polled{descriptor_, POLLIN, 0};
    return poll(&polled, 1, milliseconds) > 0;
  }
  void read_names() {
    alignas(inotify_event) char buffer[4096];
    const ssize_t size = read(descriptor_, buffer, sizeof buffer);
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      names_.emplace_back(event->name);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }

  int descriptor_;
  std::vector<std::string> names_;
};

/// One training that is started anew as often as it ends, always on other workers.
class RestartedTraining {
 public:
  explicit RestartedTraining(std::uint32_t seed) : random(seed), watch(training.path("")) {
    const ProgramResult whole =
        training.run({"--hidden", kHidden, "--epochs", kEpochs, "--sequential"});
    REQUIRE(whole.exit_code == 0);
    expected_ = weights_in(whole.out);
  }

  Program start() {
    static const std::vector<std::vector<std::string>> kWays = {
        {"--sequential"},
        {"-j", "2"},
        {"-j", "3", "--merge", "ordered", "--loaders", "1"},
        {"--strategy", "tensor", "-j", "2", "--loaders", "2"},
        {"--strategy", "pipeline", "-j", "2"}};
    std::vector<std::string> options = {"--hidden", kHidden,        "--epochs",
                                        kEpochs,    "--checkpoint", training.path("c")};
    if (training.has("c")) options.insert(options.end(), {"--resume", training.path("c")});
    const auto& way = kWays[random() % kWays.size()];
    options.insert(options.end(), way.begin(), way.end());
    watch.forget();
    return Program({.arguments = training.command(options)});
  }

  /// Every program that ends by itself must have trained what one that was never stopped trains;
  /// then the whole begins anew.
  void check_end(const ProgramResult& result) {
    INFO(result.out << result.err);
    REQUIRE(result.exit_code == 0);
    REQUIRE(weights_in(result.out) == expected_);
    std::filesystem::remove(training.path("c"));
    std::filesystem::remove(training.path("c.previous"));
    ++finished;
  }

  int up_to(int most) { return std::uniform_int_distribution<int>(0, most)(random); }

  SmallTraining training{28};
  std::mt19937 random;
  FolderWatch watch;
  int finished = 0;

 private:
  static constexpr const char* kEpochs = "60";
  // A checkpoint of 0.8 MB: saving it takes a while on a disk that is in memory, too.
  static constexpr const char* kHidden = "128";
  std::string expected_;
};

/// Waits until the program is writing a checkpoint, and then a random part of the time that it
/// takes, unless the program ends before.
void wait_inside_save(const Program& program, RestartedTraining& runs, int& usual_microseconds) {
  const int wanted = 1 + runs.up_to(3);
  int seen = 0;
  Clock::time_point begin;
  for (;;) {
    const std::string name = runs.watch.next(10);
    if (name.empty() && program.has_ended()) return;
    if (name.ends_with(".tmp")) {
      begin = Clock::now();
      if (++seen == wanted) break;
    } else if (name == "c" && seen > 0) {
      usual_microseconds = (7 * usual_microseconds + microseconds_between(begin, Clock::now())) / 8;
    }
  }
  usleep(static_cast<useconds_t>(runs.up_to(usual_microseconds)));
}

/// A save is going on while the temporary file has bytes.
bool is_inside_save(const SmallTraining& training) {
  for (const auto& entry : std::filesystem::directory_iterator(training.path("")))
    if (entry.path().extension() == ".tmp" && entry.file_size() > 0) return true;
  return false;
}

TEST_CASE("a training killed at any moment, often inside a save, goes on to the same bits") {
  const int kills = number_from_environment("TRP_KILLS", kUsualKills);
  RestartedTraining runs(static_cast<std::uint32_t>(number_from_environment("TRP_SEED", 1)));
  int killed = 0, hits = 0, usual_microseconds = 1000;
  while (killed < kills) {
    Program program = runs.start();
    if (killed % 4 != 0) {
      wait_inside_save(program, runs, usual_microseconds);
    } else {
      usleep(static_cast<useconds_t>(runs.up_to(60'000)));
    }
    program.send(SIGKILL);
    const ProgramResult result = program.wait();
    if (result.exit_code != 128 + SIGKILL) {
      runs.check_end(result);
      continue;
    }
    ++killed;
    hits += is_inside_save(runs.training) ? 1 : 0;
  }
  runs.check_end(runs.start().wait());
  CHECK_FALSE(runs.training.has_temporary_file());
  if (kills != kUsualKills) {
    WARN(hits << " of " << killed << " kills hit a save, " << runs.finished
              << " trainings were finished");
  }
  CHECK(hits * 10 >= killed * 3);
}

TEST_CASE("a training stopped by signals at any moment goes on to the same bits") {
  const int signals = number_from_environment("TRP_SIGNALS", kUsualSignals);
  RestartedTraining runs(static_cast<std::uint32_t>(number_from_environment("TRP_SEED", 1)));
  std::vector<int> stop_microseconds;
  while (static_cast<int>(stop_microseconds.size()) < signals) {
    Program program = runs.start();
    usleep(static_cast<useconds_t>(runs.up_to(100'000)));
    const int signal = std::array{SIGINT, SIGTERM, SIGHUP}[runs.random() % 3];
    const Clock::time_point begin = Clock::now();
    program.send(signal);
    const ProgramResult result = program.wait();
    if (result.exit_code == 0) {
      runs.check_end(result);
      continue;
    }
    stop_microseconds.push_back(microseconds_between(begin, Clock::now()));
    INFO(result.out << result.err);
    REQUIRE(result.exit_code == 128 + signal);
    // A signal before the training begins ends the program at once, and the file may be empty.
    if (!runs.training.content("c").empty())
      REQUIRE(run_program({"info", runs.training.path("c")}).exit_code == 0);
  }
  runs.check_end(runs.start().wait());
  CHECK_FALSE(runs.training.has_temporary_file());
  if (getenv("TRP_SIGNALS") == nullptr) return;
  std::ranges::sort(stop_microseconds);
  const auto part = [&](std::size_t percent) {
    return stop_microseconds[(stop_microseconds.size() - 1) * percent / 100];
  };
  WARN("from the signal to the end: p50 " << part(50) << " µs, p99 " << part(99) << " µs, longest "
                                          << part(100) << " µs");
  CHECK(part(99) < kMostMicroseconds);
}

}  // namespace
}  // namespace trp
