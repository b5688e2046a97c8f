#include "trp/parallel/thread_pool.h"

#include <chrono>
#include <set>
#include <stdexcept>
#include <string>

#include "catch.h"

using namespace trp;

TEST_CASE("every task runs once, by a worker of the pool") {
  for (const int workers : {1, 2, 3, 8}) {
    ThreadPool pool(workers, workers);
    REQUIRE(pool.worker_count() == workers);
    for (const int count : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> calls(static_cast<std::size_t>(count));
      std::atomic<bool> known_workers{true};
      pool.run(count, [&](int index, int worker) {
        ++calls[static_cast<std::size_t>(index)];
        if (worker < 0 || worker >= workers) known_workers = false;
      });
      for (const auto& call : calls) REQUIRE(call == 1);
      REQUIRE(known_workers);
    }
  }
}

TEST_CASE("indices are claimed in ascending order, so a task may wait for those before it") {
  ThreadPool pool(4, 4);
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> next{0};
    pool.run(50, [&](int index, int) {
      while (next.load() != index) std::this_thread::yield();
      ++next;
    });
    REQUIRE(next == 50);
  }
}

TEST_CASE("two workers share the work when there are CPUs for both") {
  ThreadPool pool(2, 2);
  std::atomic<int> arrived{0};
  pool.run(2, [&](int, int) {
    ++arrived;
    while (arrived < 2) std::this_thread::yield();  // hangs unless both run at once
  });
  CHECK(arrived == 2);
}

TEST_CASE("no more workers run than there are CPUs, though work never ends") {
  ThreadPool pool(8, 2);
  for (int round = 0; round < 300; ++round) {
    std::mutex mutex;
    std::set<int> workers;
    pool.run(16, [&](int, int worker) {
      std::this_thread::sleep_for(std::chrono::microseconds(10));
      const std::lock_guard lock(mutex);
      workers.insert(worker);
    });
    if (round >= 100) REQUIRE(workers.size() <= 2);  // by then the others have gone to sleep
  }
}

TEST_CASE("with one CPU the caller does everything") {
  ThreadPool pool(8, 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  std::atomic<int> by_others{0};
  pool.run(100, [&](int, int worker) { by_others += worker != 0; });
  CHECK(by_others == 0);
}

TEST_CASE("the first exception reaches the caller, and the pool can be used again") {
  for (const int workers : {1, 2, 8}) {
    ThreadPool pool(workers, workers);
    for (int thrower = 0; thrower < 20; ++thrower) {
      std::atomic<int> running{0};
      std::string message;
      try {
        pool.run(20, [&](int index, int) {
          ++running;
          if (index == thrower) {
            --running;
            throw std::runtime_error("task " + std::to_string(index));
          }
          --running;
        });
      } catch (const std::runtime_error& error) {
        message = error.what();
      }
      CHECK(message == "task " + std::to_string(thrower));
      CHECK(running == 0);
      std::atomic<int> calls{0};
      pool.run(5, [&](int, int) { ++calls; });
      CHECK(calls == 5);
    }
  }
}

TEST_CASE("tasks not begun when one throws are not begun at all") {
  ThreadPool pool(1, 1);
  int calls = 0;
  CHECK_THROWS_AS(pool.run(100,
                           [&](int index, int) {
                             ++calls;
                             if (index == 3) throw std::runtime_error("stop");
                           }),
                  std::runtime_error);
  CHECK(calls == 4);
}

TEST_CASE("when every task throws one exception arrives and nothing hangs") {
  ThreadPool pool(8, 8);
  for (int round = 0; round < 200; ++round)
    CHECK_THROWS_AS(pool.run(8, [](int, int) { throw std::runtime_error("each"); }),
                    std::runtime_error);
}

TEST_CASE("a pool that slept, spun or never worked can be destroyed at any time") {
  for (int round = 0; round < 300; ++round) {
    ThreadPool pool(1 + round % 8, 1 + round % 3);
    std::atomic<int> calls{0};
    for (int run = 0; run < round % 4; ++run) pool.run(round % 20, [&](int, int) { ++calls; });
    REQUIRE(calls == (round % 4) * (round % 20));
    if (round % 30 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

TEST_CASE("many short runs with pauses between them lose no task and miss no wake-up") {
  ThreadPool pool(4, 4);
  for (int round = 0; round < 3000; ++round) {
    std::atomic<int> calls{0};
    pool.run(6, [&](int, int) { ++calls; });
    REQUIRE(calls == 6);
    if (round % 100 == 0) std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
}

TEST_CASE("a pool needs a worker and a CPU") {
  CHECK_THROWS_AS(ThreadPool(0, 1), std::invalid_argument);
  CHECK_THROWS_AS(ThreadPool(1, 0), std::invalid_argument);
}
