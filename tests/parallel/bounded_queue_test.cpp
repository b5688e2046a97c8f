#include "parallel/bounded_queue.h"

#include <atomic>
#include <chrono>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "catch.h"
#include "parallel/stress_rounds.h"

using namespace trp;

namespace {

using Queue = BoundedQueue<std::int64_t>;

/// Threads that produce until there is nothing left to do; joined at the end of the scope.
class Producers {
 public:
  template <class Fill>
  Producers(int count, Queue& queue, Fill fill) : queue_(queue) {
    for (int i = 0; i < count; ++i)
      threads_.emplace_back([&queue, fill] {
        while (queue.produce(fill)) {
        }
      });
  }
  ~Producers() {
    queue_.cancel();
    join();
  }
  void join() {
    for (std::thread& thread : threads_)
      if (thread.joinable()) thread.join();
  }

 private:
  Queue& queue_;
  std::vector<std::thread> threads_;
};

Queue make_queue(std::size_t capacity, std::int64_t count) {
  return Queue(std::vector<std::int64_t>(capacity, -1), count);
}

void fill_with_number(std::int64_t number, std::int64_t& slot) { slot = number; }

/// Takes items until one is missing or wrong, and gives back how many were right.
std::int64_t consume(Queue& queue, std::int64_t limit) {
  for (std::int64_t number = 0; number < limit; ++number) {
    const std::int64_t* item = queue.next();
    if (!item || *item != number) return number;
    queue.release();
  }
  return limit;
}

}  // namespace

TEST_CASE("a queue delivers in order whatever order the producers finish in") {
  for (const std::size_t capacity : {1U, 2U, 3U, 8U})
    for (const int producers : {1, 2, 3, 8}) {
      Queue queue = make_queue(capacity, 200);
      const Producers threads(producers, queue, [](std::int64_t number, std::int64_t& slot) {
        // The earlier of two neighbours is the slower one.
        if (number % 2 == 0) std::this_thread::sleep_for(std::chrono::microseconds(20));
        slot = number;
      });
      REQUIRE(consume(queue, 200) == 200);
      REQUIRE(queue.next() == nullptr);
      REQUIRE(queue.next() == nullptr);
    }
}

TEST_CASE("producers are ahead by the capacity and no more") {
  for (const std::size_t capacity : {1U, 4U}) {
    Queue queue = make_queue(capacity, 100);
    std::atomic<std::int64_t> filled{0};
    const Producers threads(3, queue, [&](std::int64_t number, std::int64_t& slot) {
      slot = number;
      ++filled;
    });
    const auto settle = [&](std::int64_t expected) {
      while (filled < expected) std::this_thread::yield();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      return filled.load();
    };
    const auto ahead = static_cast<std::int64_t>(capacity);
    CHECK(settle(ahead) == ahead);
    CHECK(*queue.next() == 0);
    CHECK(settle(ahead) == ahead);  // the item is still the consumer's
    queue.release();
    CHECK(settle(ahead + 1) == ahead + 1);
  }
}

TEST_CASE("an item keeps its slot, and slots are used again and again") {
  Queue queue = make_queue(3, 30);
  const Producers threads(2, queue, fill_with_number);
  std::set<const std::int64_t*> slots;
  for (int i = 0; i < 30; ++i) {
    const std::int64_t* item = queue.next();
    slots.insert(item);
    REQUIRE(queue.next() == item);  // the same until released
    REQUIRE(*item == i);
    queue.release();
  }
  CHECK(slots.size() == 3);
}

TEST_CASE("an exception reaches the consumer in its turn, and ends the production") {
  for (const std::size_t capacity : {1U, 2U, 8U})
    for (const std::int64_t thrower : {0, 1, 7, 99}) {
      Queue queue = make_queue(capacity, 100);
      Producers threads(3, queue, [&](std::int64_t number, std::int64_t& slot) {
        if (number == thrower) throw std::runtime_error("item " + std::to_string(number));
        slot = number;
      });
      REQUIRE(consume(queue, thrower) == thrower);
      REQUIRE_THROWS_WITH(queue.next(), "item " + std::to_string(thrower));
      REQUIRE_THROWS_WITH(queue.next(), "item " + std::to_string(thrower));
      threads.join();  // without a cancel
    }
}

TEST_CASE("of several exceptions the first in the order of the items arrives") {
  for (int round = 0; round < 100; ++round) {
    Queue queue = make_queue(4, 100);
    const std::int64_t late = 10 + round % 3;
    Producers threads(4, queue, [&](std::int64_t number, std::int64_t& slot) {
      if (number == late) std::this_thread::sleep_for(std::chrono::microseconds(200));
      if (number >= 10) throw std::runtime_error("item " + std::to_string(number));
      slot = number;
    });
    REQUIRE(consume(queue, 10) == 10);
    threads.join();  // by now all have thrown that will
    REQUIRE_THROWS_WITH(queue.next(), "item 10");
  }
}

TEST_CASE("producers end when all is claimed, though nobody takes the last items") {
  Queue queue = make_queue(4, 10);
  Producers threads(8, queue, fill_with_number);
  REQUIRE(consume(queue, 6) == 6);
  threads.join();
  CHECK(*queue.next() == 6);
}

TEST_CASE("a cancel ends the waiting of both sides") {
  Queue queue = make_queue(2, 1000);
  Producers threads(3, queue, fill_with_number);
  CHECK(consume(queue, 5) == 5);
  queue.cancel();
  threads.join();
  CHECK(queue.next() == nullptr);
  CHECK_FALSE(queue.produce(fill_with_number));

  Queue idle = make_queue(2, 1000);  // whose consumer waits
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    idle.cancel();
  });
  CHECK(idle.next() == nullptr);
  canceller.join();
}

TEST_CASE("a queue needs a slot, but no items") {
  CHECK_THROWS_AS(make_queue(0, 1), std::invalid_argument);
  Queue queue = make_queue(1, 0);
  CHECK_FALSE(queue.produce(fill_with_number));
  CHECK(queue.next() == nullptr);
}

// TRP_STRESS_ROUNDS=100000 makes it a long one.
TEST_CASE("a queue survives random delays, exceptions and early stops") {
  for (int round = 0; round < stress_rounds(2000); ++round) {
    std::mt19937 random(static_cast<unsigned>(round));
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    const int count = below(30);
    const int producers = 1 + below(4);
    const int thrower = below(3) == 0 ? below(30) : -1;
    const int stop = below(2) == 0 ? below(30) : count;  // items that the consumer takes
    const bool stopped_by_other = below(4) == 0;
    const unsigned delays = random();
    INFO("round " << round);
    Queue queue = make_queue(static_cast<std::size_t>(1 + below(4)), count);
    Producers threads(producers, queue, [=](std::int64_t number, std::int64_t& slot) {
      const unsigned delay = (delays ^ static_cast<unsigned>(number) * 2654435761U) % 32;
      if (delay < 4) std::this_thread::sleep_for(std::chrono::microseconds(delay * 5));
      if (delay > 24) std::this_thread::yield();
      if (number == thrower) throw std::runtime_error("thrown");
      slot = number;
    });
    std::thread other;
    if (stopped_by_other) other = std::thread([&] { queue.cancel(); });
    std::int64_t taken = 0;
    bool caught = false;
    try {
      taken = consume(queue, std::min(count, stop));
    } catch (const std::runtime_error&) {
      caught = true;
    }
    const bool must_throw = thrower >= 0 && thrower < std::min(count, stop);
    if (other.joinable()) other.join();
    if (!stopped_by_other) {
      REQUIRE(caught == must_throw);
      if (!caught) REQUIRE(taken == std::min(count, stop));
    }
    if (below(2) == 0) queue.cancel();
  }
}
