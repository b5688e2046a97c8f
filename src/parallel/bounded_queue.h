#pragma once

#include <algorithm>
#include <cassert>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

namespace trp {

/// Hands items 0, 1, …, count − 1 from any number of producers to one consumer, who gets them in
/// the order of their numbers, whatever order they are finished in. It is bounded and blocks.
///
/// The items are made in slots that belong to the queue and are used again and again.
/// A producer claims a number only when its slot is free, so whoever holds a number is at work, and
/// the consumer never waits for a producer that waits.
///
/// Any thread may call produce() and cancel(); one thread calls next() and release(). Nobody may be
/// inside the queue when it is destroyed: cancel(), then join the producers.
template <class Slot>
class BoundedQueue {
 public:
  /// Makes a queue for `count` items, of which as many may be ahead as there are slots, at least
  /// one.
  BoundedQueue(std::vector<Slot> slots, std::int64_t count)
      : slots_(std::move(slots)), items_(slots_.size()), end_(count) {
    if (slots_.empty()) throw std::invalid_argument("BoundedQueue: needs at least one slot");
  }

  /// Waits for a free slot, claims the next number and calls fill(number, slot) while other
  /// producers do the same. An exception of fill() is rethrown to the consumer, in its turn.
  /// Returns false when there is nothing left to do: all numbers are claimed, a fill() has thrown,
  /// or the queue is cancelled.
  template <class Fill>
  bool produce(const Fill& fill) {
    std::int64_t number = 0;
    {
      std::unique_lock lock(mutex_);
      space_.wait(lock, [&] { return claimed_ == end_ || claimed_ - released_ < capacity(); });
      if (claimed_ == end_) return false;
      number = claimed_++;
      if (claimed_ == end_) space_.notify_all();  // no release would wake all who wait
    }
    std::exception_ptr exception;
    try {
      fill(number, slots_[place_of(number)]);
    } catch (...) {
      exception = std::current_exception();
    }
    publish(number, exception);
    return !exception;
  }

  /// Waits for the next item, which is the consumer's until release(). Returns null after the last
  /// one and after cancel(). Rethrows what the item's fill() has thrown, also when called again.
  Slot* next() {
    std::unique_lock lock(mutex_);
    const Item& item = items_[place_of(released_)];
    finished_.wait(lock, [&] { return is_cancelled_ || released_ == end_ || item.is_finished; });
    if (item.exception) std::rethrow_exception(item.exception);
    return is_cancelled_ || released_ == end_ ? nullptr : &slots_[place_of(released_)];
  }

  /// Returns how many items are finished, that of the last next() among them until it is released.
  std::int64_t finished_count() {
    const std::lock_guard lock(mutex_);
    return std::ranges::count(items_, true, &Item::is_finished);
  }

  /// Gives the item of the last next() back.
  void release() {
    {
      const std::lock_guard lock(mutex_);
      Item& item = items_[place_of(released_++)];
      assert(item.is_finished);
      item.is_finished = false;
    }
    space_.notify_one();
  }

  /// Ends all waiting, now and for ever. A fill() in hand is finished, but not delivered.
  void cancel() {
    {
      const std::lock_guard lock(mutex_);
      is_cancelled_ = true;
      end_ = claimed_;
    }
    space_.notify_all();
    finished_.notify_one();
  }

 private:
  struct Item {
    bool is_finished = false;
    std::exception_ptr exception;  // of its fill()
  };

  void publish(std::int64_t number, const std::exception_ptr& exception) {
    bool is_awaited = false;
    {
      const std::lock_guard lock(mutex_);
      items_[place_of(number)] = {true, exception};
      is_awaited = number == released_;
      if (exception) end_ = claimed_;  // the consumer gets no further than the failure
    }
    if (exception) space_.notify_all();
    if (is_awaited) finished_.notify_one();
  }

  std::int64_t capacity() const { return static_cast<std::int64_t>(slots_.size()); }
  std::size_t place_of(std::int64_t number) const {
    return static_cast<std::size_t>(number % capacity());
  }

  // Each belongs to whoever has claimed its number, from publish() to release() to the consumer.
  std::vector<Slot> slots_;

  std::mutex mutex_;
  std::condition_variable space_;     // producers wait for a free slot
  std::condition_variable finished_;  // the consumer waits for item released_
  // Guarded by mutex_.
  std::vector<Item> items_;    // of the slots
  std::int64_t claimed_ = 0;   // numbers handed out to producers
  std::int64_t released_ = 0;  // items that the consumer is done with
  std::int64_t end_;           // the first number that will not be claimed
  bool is_cancelled_ = false;
};

}  // namespace trp
