#include "system/child_process.h"

#include <signal.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "catch.h"
#include "temporary_folder.h"
#include "trp/error.h"

namespace trp {
namespace {

const std::atomic<bool> kNeverStop{false};

ChildResult run_shell(const std::string& script) {
  return *run_child({"sh", "-c", script}, kNeverStop);
}

TEST_CASE("a child leaves its exit code and what it has written, and has nothing to read") {
  const ChildResult result = run_shell("echo out; cat; exit 7");
  CHECK(result.exit_code == 7);
  CHECK(result.out == "out\n");
  CHECK(run_shell("kill -TERM $$").exit_code == 128 + SIGTERM);
}

TEST_CASE("a child may write more than a pipe holds") {
  CHECK(run_shell("head -c 300000 /dev/zero | tr '\\0' o").out == std::string(300'000, 'o'));
}

TEST_CASE("a child that closes its output is waited for") {
  CHECK(run_shell("exec >&-; sleep 0.2; exit 3").exit_code == 3);
}

TEST_CASE("what cannot be started is an error that says why") {
  CHECK_THROWS_WITH(run_child({"/nowhere/program"}, kNeverStop),
                    "/nowhere/program: cannot be started: No such file or directory");
  CHECK_THROWS_WITH(run_child({"/etc/passwd"}, kNeverStop),
                    "/etc/passwd: cannot be started: Permission denied");
}

TEST_CASE("a child that never ends writing is killed") {
  CHECK_THROWS_AS(run_child({"yes"}, kNeverStop), Error);
}

TEST_CASE("a stop kills the child and what it has started") {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "id").string();
  std::atomic<bool> stop{false};
  std::thread stopper([&] {
    std::string id;
    while (!(std::ifstream(file) >> id)) std::this_thread::yield();
    stop = true;
  });
  const auto result =
      run_child({"sh", "-c", "trap '' TERM INT; sleep 60 & echo $! >" + file + "; wait"}, stop);
  stopper.join();
  CHECK_FALSE(result);
  pid_t grandchild = 0;
  REQUIRE(std::ifstream(file) >> grandchild);
  // On a busy machine it takes its time to die, and is a zombie until its new parent has noticed.
  const auto is_running = [grandchild] {
    std::ifstream stat("/proc/" + std::to_string(grandchild) + "/stat");
    std::string id, name, state;
    return (stat >> id >> name >> state) && state != "Z" && state != "X";
  };
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (is_running() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  CHECK_FALSE(is_running());
}

}  // namespace
}  // namespace trp
