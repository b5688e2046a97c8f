#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <functional>
#include <mutex>

#include "core/fail.h"
#include "core/random.h"
#include "lab/experiment.h"
#include "lab/training.h"
#include "nn/kernels.h"
#include "system/posix.h"

namespace trp {
namespace {

constexpr Index kBatch = 256;
constexpr Index kOutputs = 128;

constexpr const char* kShared = "processes, shared memory";
constexpr const char* kPipes = "processes, pipes";

using Floats = std::span<float>;

/// A layer whose outputs are to be those of a random one: a worker, thread or process, computes the
/// gradient of the squared error over its shard.
struct Regression {
  explicit Regression(const LabContext& context)
      : x(first_samples(context, kBatch).floats), errors(kBatch, kOutputs) {
    RandomStream random(context.seed, RandomPurpose::kWeights);
    weights = random_tensor(x.cols(), kOutputs, random);
    targets = random_tensor(kBatch, kOutputs, random);
  }

  std::size_t size() const { return static_cast<std::size_t>(x.cols() * weights.stride()); }

  /// Of weights or a gradient, in memory that processes may share or send.
  TensorView view(Floats memory) const {
    return {memory.data(), x.cols(), kOutputs, weights.stride()};
  }

  void compute(Floats from, Range rows, Floats gradient) {
    const auto [begin, end] = rows;
    const TensorView error = errors.view_rows(begin, end);
    forward_product(x.view_rows(begin, end), view(from), zero_bias.view(), Activation::kNone,
                    error);
    error.matrix() -= targets.view_rows(begin, end).matrix();
    weight_gradient_product(x.view_rows(begin, end), error, ChainStart::kZero, view(gradient));
  }

  bool is_gradient(Floats sum) const {
    const Eigen::MatrixXd expected =
        in_double(x).transpose() * (in_double(x) * in_double(weights) - in_double(targets));
    return (view(sum).matrix().cast<double>() - expected).norm() <= 1e-3 * expected.norm();
  }

  Tensor x;
  Tensor weights;
  Tensor targets;
  Tensor errors;
  Tensor zero_bias = Tensor(1, kOutputs);
};

/// Sends to another process. Throws Error if it has gone.
void send(int socket, const void* data, std::size_t bytes) {
  // A process that has gone is an error, not a signal.
  if (::send(socket, data, bytes, MSG_NOSIGNAL) != static_cast<ssize_t>(bytes))
    fail("lab: cannot send to another process: {}", system_message(errno));
}

/// Receives from another process. Returns false if it has closed its end; throws Error if it did so
/// in the middle.
bool receive(int socket, void* data, std::size_t bytes) {
  const ssize_t received = ::recv(socket, data, bytes, MSG_WAITALL);
  if (received != 0 && received != static_cast<ssize_t>(bytes))
    fail("lab: another process has ended early: {}",
         received > 0 ? "end of stream" : system_message(errno));
  return received != 0;
}

/// What a process is told to do. By pipe the weights follow.
struct Order {
  bool by_pipe;
  Range rows;
};

/// What processes share: the weights, and then a gradient for each worker.
struct SharedParts {
  Floats memory;
  std::size_t size;

  Floats weights() const { return memory.first(size); }
  Floats gradient(int worker) const {
    return memory.subspan(static_cast<std::size_t>(1 + worker) * size, size);
  }
  void add_up(int workers, Floats sum) const {
    std::ranges::fill(sum, 0.0F);
    for (int worker = 0; worker < workers; ++worker)
      std::ranges::transform(sum, gradient(worker), sum.begin(), std::plus());
  }
};

/// Runs in the other process. It has weights and a gradient of its own, as a process of an
/// interpreter would.
void serve(int process, int socket, const SharedParts& shared, Regression regression) {
  Tensor own_weights = regression.weights, own_gradient = regression.weights;
  const Floats weights(own_weights.row(0), shared.size);
  const Floats gradient(own_gradient.row(0), shared.size);
  Order order{};
  while (receive(socket, &order, sizeof(order))) {
    if (!order.by_pipe) {
      std::ranges::copy(shared.weights(), weights.begin());
    } else if (!receive(socket, weights.data(), weights.size_bytes())) {
      return;
    }
    regression.compute(weights, order.rows, gradient);
    if (!order.by_pipe) std::ranges::copy(gradient, shared.gradient(process).begin());
    send(socket, gradient.data(), order.by_pipe ? gradient.size_bytes() : 1);  // 1: it is done
  }
}

/// Forked copies of this process, which serve until they are let go, and memory that they share
/// with it.
class WorkerProcesses {
 public:
  /// This process should have no other threads now, for forking copies only the one that calls.
  /// Throws Error if the system refuses memory or a process.
  WorkerProcesses(int count, const Regression& regression) {
    const std::size_t floats = static_cast<std::size_t>(1 + count) * regression.size();
    const std::size_t bytes = floats * sizeof(float);
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      fail("lab: cannot share {} bytes between processes: {}", bytes, system_message(errno));
    shared_ = {{static_cast<float*>(memory), floats}, regression.size()};
    for (int i = 0; i < count; ++i) start_process(i, count, regression);
  }

  /// Closes the sockets and waits for the processes to end.
  ~WorkerProcesses() { let_go(); }
  WorkerProcesses(const WorkerProcesses&) = delete;
  WorkerProcesses& operator=(const WorkerProcesses&) = delete;

  const SharedParts& shared() const { return shared_; }
  int socket(int process) const { return sockets_[static_cast<std::size_t>(process)].get(); }

 private:
  void start_process(int i, int count, const Regression& regression) {
    std::array<int, 2> ends = {-1, -1};
    const bool connected = socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0;
    sockets_.emplace_back(ends[0]);
    const Descriptor theirs(ends[1]);
    const pid_t process = connected ? fork() : -1;
    if (process == 0) {
      sockets_.clear();  // so that the others' end with this program, not with a brother
      int status = 0;
      try {
        serve(i, theirs.get(), shared_, regression);
      } catch (...) {
        status = 1;
      }
      _exit(status);  // nothing of the parent's is to be flushed or cleaned up twice
    }
    if (process < 0) {
      const int reason = errno;
      let_go();
      fail("lab: the system allows only {} of {} processes: {}", i, count, system_message(reason));
    }
    processes_.push_back(process);
  }

  void let_go() {
    sockets_.clear();
    for (const pid_t process : processes_)
      uninterrupted([process] { return waitpid(process, nullptr, 0); });
    munmap(shared_.memory.data(), shared_.memory.size_bytes());
  }

  SharedParts shared_ = {};
  std::vector<Descriptor> sockets_;
  std::vector<pid_t> processes_;
};

void compute_by_processes(const WorkerProcesses& processes, bool by_pipe, int workers) {
  const SharedParts& shared = processes.shared();
  for (int worker = 0; worker < workers; ++worker) {
    const Order order = {by_pipe, split_evenly(kBatch, workers, worker)};
    send(processes.socket(worker), &order, sizeof(order));
    if (by_pipe)
      send(processes.socket(worker), shared.weights().data(), shared.weights().size_bytes());
  }
  for (int worker = 0; worker < workers; ++worker) {
    const Floats gradient = shared.gradient(worker);
    char done = 0;
    if (!(by_pipe ? receive(processes.socket(worker), gradient.data(), gradient.size_bytes())
                  : receive(processes.socket(worker), &done, 1)))
      fail("lab: worker process {} has ended early", worker);
  }
}

void run(Lab& lab) {
  Regression regression(lab.context);
  // Before there are threads, which have their gradients in the same memory.
  const WorkerProcesses processes(lab.max_workers(), regression);
  const SharedParts& shared = processes.shared();
  regression.view(shared.weights()).matrix() = regression.weights.view().matrix();
  std::vector<float> sum(regression.size());
  lab.is_right = [&] { return regression.is_gradient(sum); };
  lab.amount = 1e-3 * kBatch;

  std::mutex interpreter;  // which holds its lock for whatever a thread computes
  const auto by_threads = [&](int workers, bool under_lock) {
    lab.share_out(workers, kBatch, [&](Range rows, int shard) {
      std::unique_lock lock(interpreter, std::defer_lock);
      if (under_lock) lock.lock();
      regression.compute(shared.weights(), rows, shared.gradient(shard));
    });
    shared.add_up(workers, sum);
  };
  const auto by_processes = [&](int workers, bool by_pipe) {
    compute_by_processes(processes, by_pipe, workers);
    shared.add_up(workers, sum);
  };
  lab.add("sequential", [&] { by_threads(1, false); });
  lab.add_for_each_count("threads", [&](int workers) { by_threads(workers, false); });
  lab.add_for_each_count("threads under one lock", [&](int workers) { by_threads(workers, true); });
  lab.add_for_each_count(kShared, [&](int workers) { by_processes(workers, false); });
  lab.add_for_each_count(kPipes, [&](int workers) { by_processes(workers, true); });
  lab.run();
}

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race);
  const ContenderId threads = {"threads", workers};
  const Spread against_lock = race.speedup(threads, {"threads under one lock", workers});
  const Spread against_shared = race.speedup(threads, {kShared, workers});
  const Spread against_pipes = race.speedup(threads, {kPipes, workers});
  return make_verdict(
      is_faster(against_lock) && is_faster(against_shared) && is_faster(against_pipes),
      "{} threads are {}, {}, and {}.", workers, speed_text(against_lock, "threads under one lock"),
      speed_text(against_shared, "processes that share memory"),
      speed_text(against_pipes, "processes that send gradients through pipes"));
}

}  // namespace

constinit const Experiment kProcessesExperiment = {
    .name = "processes",
    .section = "The interpreter lock",
    .title = "threads against processes",
    .claim =
        "under a global lock, like an interpreter's, one thread computes at a time; processes get "
        "around it, but weights and gradients must be copied to them every step; threads without "
        "it read and write the same memory",
    .takeaway = "C++ threads need none of the copying; if you must use processes, share memory",
    .run = run,
    .verdict = verdict,
    .contenders_are = "workers are",
    .unit = "k samples/s"};

}  // namespace trp
