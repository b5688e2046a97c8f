#include "trp/thread_pool.h"

#include <algorithm>
#include <cassert>
#include <exception>
#include <stdexcept>
#include <utility>

#include "parallel/spin.h"
#include "system/cpu.h"

namespace trp {
namespace {

constexpr std::uint64_t kFromBothEnds = std::uint64_t{1} << 63;

std::uint64_t pack_claims(std::uint32_t next, std::uint32_t end) {
  return std::uint64_t{end} << 32 | next;
}
std::uint32_t next_of(std::uint64_t claims) { return static_cast<std::uint32_t>(claims); }
std::uint32_t end_of(std::uint64_t claims) {
  return static_cast<std::uint32_t>((claims & ~kFromBothEnds) >> 32);
}

}  // namespace

ThreadPool::ThreadPool(int worker_count, int cpu_count, Pinning pinning)
    : cpu_count_(cpu_count), pinning_(pinning), helper_limit_(cpu_count - 1) {
  if (worker_count < 1 || cpu_count < 1)
    throw std::invalid_argument("ThreadPool: needs at least one worker and one CPU");
  threads_.reserve(static_cast<std::size_t>(worker_count - 1));
  for (int worker = 1; worker < worker_count; ++worker) {
    awake_count_.fetch_add(1);
    try {
      threads_.emplace_back([this, worker] { helper_loop(worker); });
    } catch (const std::exception&) {  // no thread to be had, or no memory for one
      awake_count_.fetch_sub(1);
      break;  // fewer threads do the same work; worker_count() tells how many there are
    }
  }
  if (pinning_ == Pinning::kCores) tie_thread(0);
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  helper_woken_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  if (pinning_ == Pinning::kCores) untie_thread();
}

void ThreadPool::run_tasks(int count, int helper_limit, ClaimOrder order, void* function,
                           Call call) {
  if (count <= 0) return;
  assert(!has_work() && unfinished_.load() == 0 && "run() called inside run()");
  function_ = function;
  call_ = call;
  unfinished_.store(count, std::memory_order_relaxed);
  // Sequentially consistent, like the sleepers' count: either we see a sleeper, or it sees the
  // limit and the work.
  helper_limit_.store(helper_limit);
  claims_.store(pack_claims(0, static_cast<std::uint32_t>(count)) |
                (order == ClaimOrder::kFromBothEnds ? kFromBothEnds : 0));
  wake_helpers(count);
  claim_and_work(0);
  wait_until_finished();
  if (std::exception_ptr exception = std::exchange(exception_, nullptr))
    std::rethrow_exception(exception);
}

void ThreadPool::wake_helpers(int count) {
  const int wanted = std::min({count - 1, helper_limit_.load(), static_cast<int>(threads_.size())});
  if (awake_count_.load() >= wanted) return;
  int woken = 0;
  {
    const std::lock_guard lock(mutex_);
    woken = std::max(0, wanted - awake_count_.load());
    wake_tickets_ += woken;
    awake_count_.fetch_add(woken);
  }
  for (int i = 0; i < woken; ++i) helper_woken_.notify_one();
}

void ThreadPool::wait_until_finished() {
  const auto finished = [this] { return unfinished_.load() == 0; };
  if (spins() && spin_until(finished)) return;
  std::unique_lock lock(mutex_);
  caller_sleeps_.store(true);
  work_finished_.wait(lock, finished);
  caller_sleeps_.store(false);
}

void ThreadPool::helper_loop(int worker) {
  if (pinning_ == Pinning::kCores) tie_thread(worker);
  while (wait_for_work()) claim_and_work(worker);
}

/// False when the pool is being destroyed.
bool ThreadPool::wait_for_work() {
  // A helper beyond the limit goes to sleep at once, work or no work: its CPU is in use.
  const auto within_limit = [this] { return awake_count_.load() <= helper_limit_.load(); };
  if (spins() && spin_until([&] { return !within_limit() || has_work(); }) && within_limit())
    return true;
  std::unique_lock lock(mutex_);
  awake_count_.fetch_sub(1);
  if (awake_count_.load() < helper_limit_.load() && has_work()) {
    awake_count_.fetch_add(1);
    return true;
  }
  helper_woken_.wait(lock, [this] { return wake_tickets_ > 0 || stopping_; });
  if (wake_tickets_ > 0) --wake_tickets_;
  return !stopping_;
}

void ThreadPool::claim_and_work(int worker) {
  std::uint64_t claims = claims_.load(std::memory_order_acquire);
  while (next_of(claims) < end_of(claims)) {
    const bool takes_last = (claims & kFromBothEnds) != 0 && 2 * worker >= worker_count();
    const std::uint32_t index = takes_last ? end_of(claims) - 1 : next_of(claims);
    const std::uint64_t rest =
        takes_last ? pack_claims(next_of(claims), index) | kFromBothEnds : claims + 1;
    if (!claims_.compare_exchange_weak(claims, rest, std::memory_order_acq_rel,
                                       std::memory_order_acquire))
      continue;
    int ended = 1;
    try {
      call_(function_, static_cast<int>(index), worker);
    } catch (...) {
      {
        const std::lock_guard lock(mutex_);
        if (!exception_) exception_ = std::current_exception();
      }
      ended += cancel_unclaimed();
    }
    // The last access to this piece of work: the caller may go on at once.
    if (unfinished_.fetch_sub(ended) == ended && caller_sleeps_.load()) {
      const std::lock_guard lock(mutex_);
      work_finished_.notify_one();
    }
    claims = claims_.load(std::memory_order_acquire);
  }
}

int ThreadPool::cancel_unclaimed() {
  std::uint64_t claims = claims_.load(std::memory_order_acquire);
  while (!claims_.compare_exchange_weak(claims, pack_claims(end_of(claims), end_of(claims)))) {
  }
  return static_cast<int>(end_of(claims) - next_of(claims));
}

/// Not while more threads are wanted than there are CPUs, one of which the spinning would take.
bool ThreadPool::spins() const { return helper_limit_.load() < cpu_count_; }

bool ThreadPool::has_work() const {
  const std::uint64_t claims = claims_.load();
  return next_of(claims) < end_of(claims);
}

}  // namespace trp
