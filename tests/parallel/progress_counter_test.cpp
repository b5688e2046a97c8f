#include "parallel/progress_counter.h"

#include <chrono>
#include <thread>

#include "catch.h"

using namespace trp;

TEST_CASE("a wait ends when the count is reached, and sees what was written before") {
  for (const bool spins : {false, true}) {
    ProgressCounter progress(spins);
    for (int round = 0; round < 200; ++round) {
      progress.reset();
      int written = 0;
      std::thread writer([&] {
        for (int i = 1; i <= 3; ++i) {
          if (round % 4 == i) std::this_thread::sleep_for(std::chrono::microseconds(200));
          written = i;
          progress.advance();
        }
      });
      const bool reached = progress.wait_for(3);
      const int seen = written;
      writer.join();
      REQUIRE(reached);
      REQUIRE(seen == 3);
      REQUIRE(progress.wait_for(1));
    }
  }
}

TEST_CASE("a cancel ends every wait, now and later, until the next reset") {
  for (const bool spins : {false, true}) {
    ProgressCounter progress(spins);
    progress.advance();
    std::thread canceller([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      progress.cancel();
    });
    CHECK_FALSE(progress.wait_for(2));
    canceller.join();
    progress.advance();  // by a thread that has not heard of it yet
    CHECK_FALSE(progress.wait_for(1));
    progress.reset();
    progress.advance();
    CHECK(progress.wait_for(1));
  }
}
