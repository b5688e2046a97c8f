#include "trp/thread_pool.h"

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "catch.h"
#include "parallel/progress_counter.h"
#include "parallel/stress_rounds.h"

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
  for (const int rest : {0, 0, 20}) {  // after the last one the helper has to be woken
    std::this_thread::sleep_for(std::chrono::milliseconds(rest));
    std::atomic<int> arrived{0};
    pool.run(2, [&](int, int) {
      ++arrived;
      while (arrived < 2) std::this_thread::yield();  // hangs unless both run at once
    });
    CHECK(arrived == 2);
  }
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

TEST_CASE("of two exceptions the first one reaches the caller") {
  ThreadPool pool(2, 2);
  std::string message;
  // On a crowded machine the second may for once be quicker.
  for (int round = 0; round < 20 && message != "first"; ++round) {
    std::atomic<bool> second_begun{false};
    std::atomic<bool> first_throws{false};
    try {
      pool.run_together(2, [&](int index, int) {
        if (index == 0) {
          while (!second_begun) std::this_thread::yield();
          first_throws = true;
          throw std::runtime_error("first");
        }
        second_begun = true;
        while (!first_throws) std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        throw std::runtime_error("second");
      });
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
  }
  CHECK(message == "first");
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

TEST_CASE("tasks that run together may wait for one another, on however few CPUs") {
  for (const int cpus : {1, 2, 8}) {
    ThreadPool pool(6, cpus);
    for (int round = 0; round < 200; ++round) {
      // A token goes round all tasks twice, against the order in which they are claimed.
      std::vector<std::unique_ptr<ProgressCounter>> passed;
      for (int i = 0; i < 6; ++i) passed.push_back(std::make_unique<ProgressCounter>(false));
      pool.run_together(6, [&](int index, int) {
        for (int lap = 1; lap <= 2; ++lap) {
          const int needed = index == 5 ? lap - 1 : lap;
          passed[static_cast<std::size_t>((index + 1) % 6)]->wait_for(needed);
          passed[static_cast<std::size_t>(index)]->advance();
        }
      });
      for (const auto& counter : passed) REQUIRE(counter->wait_for(2));
    }
  }
}

TEST_CASE("a pool survives random delays, exceptions, cancelled waits and early ends") {
  for (int round = 0; round < stress_rounds(2000);) {
    std::mt19937 random(static_cast<unsigned>(round));
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    ThreadPool pool(1 + below(6), 1 + below(4));
    for (int run = below(60); run >= 0; --run, ++round) {
      INFO("round " << round);
      const bool together = below(2) == 0;
      const int count = together ? 1 + below(pool.worker_count()) : below(20);
      const int thrower = below(4) == 0 ? below(20) : -1;
      const unsigned delays = random();
      const bool spins = below(2) == 0;
      std::vector<std::unique_ptr<ProgressCounter>> done;
      for (int i = 0; i < count; ++i) done.push_back(std::make_unique<ProgressCounter>(spins));
      std::atomic<int> begun{0};
      const auto task = [&](int index, int) {
        ++begun;
        const unsigned delay = (delays ^ static_cast<unsigned>(index) * 2654435761U) % 32;
        if (delay < 4) std::this_thread::sleep_for(std::chrono::microseconds(delay * 10));
        if (delay > 24) std::this_thread::yield();
        if (index == thrower) {
          for (const auto& counter : done) counter->cancel();
          throw std::runtime_error("thrown");
        }
        // Those that run together may wait for tasks that are claimed later.
        const int other = together ? (index + count - 1) % count : index - 1;
        done[static_cast<std::size_t>(index)]->advance();
        if (other >= 0) done[static_cast<std::size_t>(other)]->wait_for(1);
      };
      bool caught = false;
      try {
        together ? pool.run_together(count, task) : pool.run(count, task);
      } catch (const std::runtime_error&) {
        caught = true;
      }
      REQUIRE(caught == (thrower >= 0 && thrower < count));
      if (!caught) REQUIRE(begun == count);
      if (below(20) == 0) std::this_thread::sleep_for(std::chrono::microseconds(below(200)));
    }
  }
}

TEST_CASE("a pool needs a worker and a CPU") {
  CHECK_THROWS_AS(ThreadPool(0, 1), std::invalid_argument);
  CHECK_THROWS_AS(ThreadPool(1, 0), std::invalid_argument);
}

TEST_CASE("from both ends, of two workers the second claims the last index") {
  ThreadPool pool(2, 2);
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> begun{0};
    std::array<int, 2> worker_of = {-1, -1};
    const auto task = [&](int index, int worker) {
      worker_of[static_cast<std::size_t>(index)] = worker;
      ++begun;
      while (begun < 2) std::this_thread::yield();  // so that each worker has one
    };
    pool.run(2, task, ClaimOrder::kFromBothEnds);
    CHECK(worker_of == std::array<int, 2>{0, 1});
  }
}
