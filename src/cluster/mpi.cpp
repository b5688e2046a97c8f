#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <mpi.h>

#include "cluster/cluster.h"
#include "cluster/heartbeat.h"
#include "core/fail.h"

namespace trp {
namespace {

constexpr double kGiveUpSeconds = 1;
constexpr unsigned kAbortSeconds = 2;

static_assert(sizeof(MPI_Request) <= sizeof(void*));

int count_of(std::size_t count) {
  if (count > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    fail("the ranks would exchange {} numbers at once, more than MPI can count", count);
  return static_cast<int>(count);
}

/// How long others may let wait without giving them the CPU.
constexpr std::chrono::milliseconds kMoment(10);

/// Lets what is written to both standard streams vanish; returns where errors went before.
int silence_streams() {
  const int errors = dup(STDERR_FILENO);
  const int nowhere = open("/dev/null", O_WRONLY);
  dup2(nowhere, STDOUT_FILENO);
  dup2(nowhere, STDERR_FILENO);
  close(nowhere);
  return errors;
}

/// Takes no CPU from those who still work, unless it is a matter of a moment.
void wait_patiently(MPI_Request& request) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point began = Clock::now();
  for (int is_done = 0; is_done == 0;) {
    MPI_Test(&request, &is_done, MPI_STATUS_IGNORE);
    if (is_done == 0 && Clock::now() - began > kMoment)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

struct Cluster::Impl {
  MPI_Comm beats = MPI_COMM_NULL, control = MPI_COMM_NULL;
  std::vector<std::string> hosts = {};
  int errors = STDERR_FILENO;
  char own_answer = 0;
  std::vector<char> answers = {};
  MPI_Request asking = MPI_REQUEST_NULL;
  std::optional<Heartbeat> heartbeat = {};

  void say(const std::string& text) const {
    const std::string line = fmt::format("tensor_relu_parallel: {}\n", text);
    [[maybe_unused]] const auto written = write(errors, line.data(), line.size());
  }

  static Transfer under_way(MPI_Request request) {
    Transfer transfer;
    std::memcpy(transfer.request_.data(), &request, sizeof request);
    transfer.is_active_ = true;
    return transfer;
  }

  /// An MPI that cannot reach anybody any more may not come back from MPI_Abort. A launcher has a
  /// moment to pass on what was said, for MPICH's drops it when a rank has aborted.
  [[noreturn]] static void end_everywhere(int exit_code) {
    alarm(kAbortSeconds);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    MPI_Abort(MPI_COMM_WORLD, exit_code);
    _exit(exit_code);
  }
};

void Transfer::wait() {
  if (!std::exchange(is_active_, false)) return;
  MPI_Request request;
  std::memcpy(&request, request_.data(), sizeof request);
  MPI_Wait(&request, MPI_STATUS_IGNORE);
}

Cluster::Cluster() : impl_(std::make_unique<Impl>()) {
  if (launch().size == 1) return;
  int level = MPI_THREAD_SINGLE;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &level);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
  if (size_ != launch().size)
    fail(
        "rank {} of {}, but the MPI that this program was built with knows of {}; hint: start it "
        "by the mpirun of that MPI, or by srun with --mpi=pmix",
        launch().rank, launch().size, size_);
  if (level < MPI_THREAD_MULTIPLE) fail("this MPI does not let several threads use it");
  if (rank_ > 0) impl_->errors = silence_streams();
  MPI_Comm_dup(MPI_COMM_WORLD, &impl_->beats);
  MPI_Comm_dup(MPI_COMM_WORLD, &impl_->control);
  impl_->answers.resize(static_cast<std::size_t>(size_));
  std::array<char, MPI_MAX_PROCESSOR_NAME> name;
  int length = 0;
  MPI_Get_processor_name(name.data(), &length);
  impl_->hosts = texts(std::string(name.data(), static_cast<std::size_t>(length)));
  impl_->heartbeat.emplace(impl_->beats, kSilentSeconds, [this](int silent) {
    // All notice it at about the same time; one is to tell it, unless that one cannot either.
    const bool is_first = rank_ == (silent == 0 ? 1 : 0);
    if (!is_first) std::this_thread::sleep_for(std::chrono::seconds(1));
    impl_->say(
        fmt::format("rank {} on {} has been silent for {} s: it hangs or its link is down; "
                    "the training ends here",
                    silent, impl_->hosts[static_cast<std::size_t>(silent)], kSilentSeconds));
    Impl::end_everywhere(1);
  });
}

Cluster::~Cluster() {
  if (launch().size == 1) return;
  if (has_others() && impl_->heartbeat) {
    MPI_Request arriving;
    MPI_Ibarrier(impl_->control, &arriving);
    wait_patiently(arriving);
  }
  impl_->heartbeat.reset();
  MPI_Finalize();
}

Transfer Cluster::gather(std::span<std::byte> buffer, const Blocks& blocks) {
  MPI_Request request;
  MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, buffer.data(), blocks.counts.data(),
                  blocks.offsets.data(), MPI_BYTE, MPI_COMM_WORLD, &request);
  bytes_sent_ += std::int64_t{size_ - 1} * blocks.counts[static_cast<std::size_t>(rank_)];
  return Impl::under_way(request);
}

Transfer Cluster::send_to_next(std::span<const float> values, int tag) {
  MPI_Request request;
  MPI_Isend(values.data(), count_of(values.size()), MPI_FLOAT, (rank_ + 1) % size_, tag,
            MPI_COMM_WORLD, &request);
  bytes_sent_ += static_cast<std::int64_t>(values.size_bytes());
  return Impl::under_way(request);
}

Transfer Cluster::receive_from_previous(std::span<float> values, int tag) {
  MPI_Request request;
  MPI_Irecv(values.data(), count_of(values.size()), MPI_FLOAT, (rank_ + size_ - 1) % size_, tag,
            MPI_COMM_WORLD, &request);
  return Impl::under_way(request);
}

void Cluster::share(std::span<std::byte> bytes) {
  if (!has_others()) return;
  constexpr std::size_t kPiece = std::size_t{1} << 30;
  for (std::size_t begin = 0; begin < bytes.size(); begin += kPiece)
    MPI_Bcast(bytes.data() + begin, count_of(std::min(kPiece, bytes.size() - begin)), MPI_BYTE, 0,
              MPI_COMM_WORLD);
}

void Cluster::ask(bool own) {
  impl_->own_answer = static_cast<char>(own);
  if (!has_others()) return;
  MPI_Iallgather(&impl_->own_answer, 1, MPI_CHAR, impl_->answers.data(), 1, MPI_CHAR,
                 MPI_COMM_WORLD, &impl_->asking);
}

bool Cluster::agreed() {
  if (!has_others()) return impl_->own_answer != 0;
  wait_patiently(impl_->asking);
  return std::ranges::any_of(impl_->answers, [](char answer) { return answer != 0; });
}

std::vector<std::string> Cluster::texts(const std::string& own) {
  if (!has_others()) return {own};
  const int length = count_of(own.size());
  Blocks blocks(size_);
  MPI_Allgather(&length, 1, MPI_INT, blocks.counts.data(), 1, MPI_INT, MPI_COMM_WORLD);
  std::size_t total = 0;
  for (std::size_t r = 0; r < blocks.counts.size(); ++r) {
    blocks.offsets[r] = count_of(total);
    total += static_cast<std::size_t>(blocks.counts[r]);
  }
  std::string all(total, '\0');
  MPI_Allgatherv(own.data(), length, MPI_CHAR, all.data(), blocks.counts.data(),
                 blocks.offsets.data(), MPI_CHAR, MPI_COMM_WORLD);
  std::vector<std::string> texts;
  for (std::size_t r = 0; r < blocks.counts.size(); ++r)
    texts.push_back(all.substr(static_cast<std::size_t>(blocks.offsets[r]),
                               static_cast<std::size_t>(blocks.counts[r])));
  return texts;
}

void Cluster::give_up(const std::string& why, int exit_code) {
  if (!has_others()) return;
  MPI_Request arriving;
  MPI_Ibarrier(impl_->control, &arriving);
  int all_have = 0;
  for (double waited = 0; waited < kGiveUpSeconds; waited += 1e-3) {
    MPI_Test(&arriving, &all_have, MPI_STATUS_IGNORE);
    if (all_have != 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (rank_ > 0)
    impl_->say(fmt::format("rank {} on {}: {}", rank_,
                           impl_->hosts[static_cast<std::size_t>(rank_)], why));
  Impl::end_everywhere(exit_code);
}

}  // namespace trp
