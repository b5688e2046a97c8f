#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace trp {

#ifdef TRP_MPI
inline constexpr bool kHasRanks = true;
#else
inline constexpr bool kHasRanks = false;
#endif

/// What mpirun, mpiexec or srun says of the processes that it has started: how many there are, and
/// which one this is. Just one if it has not.
struct Launch {
  int size = 1;
  int rank = 0;
};
Launch launch();

/// One exchange with other ranks that is under way. What it fills or takes from may not be touched
/// until wait() returns. A transfer that was moved from, or waited for, is none.
class Transfer {
 public:
  Transfer() = default;
  void wait();

 private:
  friend class Cluster;
  std::array<std::byte, sizeof(void*)> request_ = {};  // MPI's
  bool is_active_ = false;
};

/// How a buffer is divided among the ranks: rank r has counts[r] bytes from offsets[r] on.
struct Blocks {
  std::vector<int> counts;
  std::vector<int> offsets;

  explicit Blocks(int ranks)
      : counts(static_cast<std::size_t>(ranks)), offsets(static_cast<std::size_t>(ranks)) {}
};

/// A rank's view of the others: processes that run the same program in step. Each calls the same
/// functions in the same order. Knows nothing of what is exchanged. Nothing is ever added up on the
/// way, since that may round differently.
///
/// Belongs to the thread that made it. While there are others, a thread of its own tells them twice
/// a second that this rank is alive; where one is not heard of for kSilentSeconds, this rank says
/// which and ends the run everywhere, in whatever its other threads are waiting.
class Cluster {
 public:
  static constexpr double kSilentSeconds = 5;

  /// Joins the ranks that were started together; alone if there are no others, or only a program
  /// built with MPI would know them.
  Cluster();
  /// Leaves the others, once all are here.
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  int rank() const { return rank_; }
  int size() const { return kHasRanks ? size_ : 1; }
  bool has_others() const { return size() > 1; }

  /// Fills all blocks of the buffer but this rank's, which it has filled, with those of the others.
  /// The blocks, too, must stay as they are until that is done.
  Transfer gather(std::span<std::byte> buffer, const Blocks& blocks);
  template <class Value>
  Transfer gather(std::span<Value> buffer, const Blocks& blocks) {
    return gather(std::as_writable_bytes(buffer), blocks);
  }

  /// The ranks are a ring. What is sent to the next rank under a tag, from 0, is received from the
  /// one before in the order in which it was sent.
  Transfer send_to_next(std::span<const float> values, int tag);
  Transfer receive_from_previous(std::span<float> values, int tag);

  /// Fills bytes, however many, on all ranks with those of rank 0.
  void share(std::span<std::byte> bytes);

  /// Begins to ask whether any rank says yes; agreed() waits for the answer, the same everywhere.
  void ask(bool own);
  bool agreed();

  /// Returns every rank's text.
  std::vector<std::string> texts(const std::string& own);

  /// How many bytes this rank has given to others by gather and send, each counted as often as
  /// there are takers.
  std::int64_t bytes_sent() const { return bytes_sent_; }

  /// To be called when this rank cannot go on, after it has told why if it is the first: returns
  /// if all of them call it within a second, as where all have met the same; otherwise tells why
  /// and ends the run everywhere with this exit code.
  void give_up(const std::string& why, int exit_code);

 private:
  int rank_ = 0;
  int size_ = 1;
  std::int64_t bytes_sent_ = 0;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trp
