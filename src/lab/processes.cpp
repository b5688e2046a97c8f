#include <algorithm>

#include <fmt/format.h>

#include "lab/contest.h"
#include "lab/experiments.h"
#include "lab/training.h"
#include "lab/verdicts.h"
#include "lab/worker_processes.h"
#include "lab/workers.h"
#include "nn/loss.h"
#include "nn/mlp.h"
#include "trp/error.h"

namespace trp {
namespace {

constexpr Index kBatch = 256;

/// Calls visit(row, width) for each row of each tensor of the network, or of its gradient: the
/// order in which they travel.
template <class Layers, class Visit>
void for_each_row(Layers& layers, const Visit& visit) {
  for (auto& layer : layers) {
    for (Index r = 0; r < layer.weight.rows(); ++r) visit(layer.weight.row(r), layer.weight.cols());
    visit(layer.bias.row(0), layer.bias.cols());
  }
}

template <class Layers>
void write_rows(const Layers& layers, std::span<float> values) {
  float* next = values.data();
  for_each_row(layers,
               [&](const float* row, Index width) { next = std::copy_n(row, width, next); });
}

template <class Layers>
void read_rows(std::span<const float> values, Layers& layers) {
  const float* next = values.data();
  for_each_row(layers, [&](float* row, Index width) {
    std::copy_n(next, width, row);
    next += width;
  });
}

void add_rows(std::span<const float> values, Gradient& sum) {
  const float* next = values.data();
  for_each_row(sum.layers, [&](float* row, Index width) {
    for (Index c = 0; c < width; ++c) row[c] += next[c];
    next += width;
  });
}

/// What a worker, thread or process, does with its shard; its gradient is its own.
class ShardWorker {
 public:
  ShardWorker(const Mlp& mlp, const Batch& batch)
      : batch_(batch),
        tiles_(make_tiles(mlp)),
        activations_(make_activations(mlp, kBatch)),
        gradient_(make_gradient(mlp)) {}

  const Gradient& compute(const Mlp& mlp, Range rows) {
    forward(mlp, batch_.input(), rows, activations_);
    const auto begin = static_cast<std::size_t>(rows.begin);
    const auto count = static_cast<std::size_t>(rows.size());
    losses_.resize(count);
    correct_.resize(count);
    softmax_cross_entropy(activations_.outputs.back().view_rows(rows.begin, rows.end),
                          std::span(batch_.labels).subspan(begin, count), kBatch,
                          activations_.gradients.back().view_rows(rows.begin, rows.end), losses_,
                          correct_);
    backward(mlp, rows, activations_);
    for (const Tile& tile : tiles_)
      tile_gradient(tile_factors(batch_.input(), activations_, rows, tile), tile, ChainStart::kZero,
                    of_tile(gradient_, tile));
    return gradient_;
  }

 private:
  const Batch& batch_;
  std::vector<Tile> tiles_;
  Activations activations_;
  Gradient gradient_;
  std::vector<double> losses_;
  std::vector<std::uint8_t> correct_;
};

/// What a process is told to do. The weights of the step come first: a process has a copy of the
/// network, which training would change every step.
struct Order {
  enum class Way { kSharedMemory, kPipe } way;
  Range rows;
};

class GradientProcesses {
 public:
  GradientProcesses(int count, const Mlp& mlp, const Batch& batch)
      : size_(static_cast<std::size_t>(parameter_count(mlp))),
        shared_weights_(size_),
        shared_gradients_(static_cast<std::size_t>(count) * size_),
        buffer_(size_),
        processes_(count, [&](int process, Channel channel) {
          serve(mlp, batch, of_process(process), channel);
        }) {}

  void add_gradients(Order::Way way, int workers, const Mlp& mlp, Gradient& sum) {
    const bool by_pipe = way == Order::Way::kPipe;
    write_rows(mlp.layers, by_pipe ? buffer_ : shared_weights_.values());
    for (int worker = 0; worker < workers; ++worker) {
      const Order order = {way, split_evenly(kBatch, workers, worker)};
      processes_.channel(worker).send(&order, sizeof(order));
      if (by_pipe) processes_.channel(worker).send(buffer_.data(), size_ * sizeof(float));
    }
    for (int worker = 0; worker < workers; ++worker) {
      char done = 0;
      const bool alive =
          by_pipe ? processes_.channel(worker).receive(buffer_.data(), size_ * sizeof(float))
                  : processes_.channel(worker).receive(&done, 1);
      if (!alive) throw Error(fmt::format("lab: worker process {} has ended early", worker));
      add_rows(by_pipe ? std::span<const float>(buffer_) : of_process(worker), sum);
    }
  }

 private:
  std::span<float> of_process(int process) {
    return shared_gradients_.values().subspan(static_cast<std::size_t>(process) * size_, size_);
  }

  /// Runs in the other process.
  void serve(const Mlp& original, const Batch& batch, std::span<float> shared, Channel channel) {
    Mlp mlp = original;
    ShardWorker worker(mlp, batch);
    Order order{};
    while (channel.receive(&order, sizeof(order))) {
      const bool by_pipe = order.way == Order::Way::kPipe;
      if (by_pipe && !channel.receive(buffer_.data(), size_ * sizeof(float))) return;
      read_rows(by_pipe ? std::span<const float>(buffer_) : shared_weights_.values(), mlp.layers);
      transpose_weights(mlp);
      write_rows(worker.compute(mlp, order.rows).layers, by_pipe ? buffer_ : shared);
      const char done = 1;
      if (by_pipe) {
        channel.send(buffer_.data(), size_ * sizeof(float));
      } else {
        channel.send(&done, 1);
      }
    }
  }

  std::size_t size_;
  SharedFloats shared_weights_;
  SharedFloats shared_gradients_;
  std::vector<float> buffer_;
  WorkerProcesses processes_;  // the last, for it forks
};

Findings run(const LabContext& context) {
  const Mlp mlp = make_lab_network(context);
  const Batch batch = first_samples(context, kBatch);
  GradientProcesses processes(kWorkerCounts.back(), mlp, batch);  // before there are threads
  Pools pools(kWorkerCounts, context.cpus);
  std::vector<ShardWorker> threads(static_cast<std::size_t>(kWorkerCounts.back()), {mlp, batch});
  std::vector<const Gradient*> gradients(threads.size());
  Gradient sum = make_gradient(mlp);
  const Gradient zero = make_gradient(mlp);
  const auto compute_shard = [&](int workers, int shard) {
    const auto i = static_cast<std::size_t>(shard);
    gradients[i] = &threads[i].compute(mlp, split_evenly(kBatch, workers, shard));
  };
  const auto add_up = [&](int workers) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(workers); ++i)
      for (std::size_t l = 0; l < sum.layers.size(); ++l) {
        sum.layers[l].weight.view().matrix() += gradients[i]->layers[l].weight.view().matrix();
        sum.layers[l].bias.view().matrix() += gradients[i]->layers[l].bias.view().matrix();
      }
  };

  const auto add_by_threads = [&](int workers) {
    pools.of(workers).run(workers, [&](int shard, int) { compute_shard(workers, shard); });
    add_up(workers);
  };

  const ExpectedGradient expected(mlp, batch);
  Contest contest;
  bool correct = true;
  const auto add = [&](const std::string& name, int workers, const Work& add_gradients) {
    const Work work = [&sum, &zero, add_gradients] {
      sum = zero;
      add_gradients();
    };
    work();
    correct &= expected.matches(sum);
    return contest.add(name, workers, 1e-3 * kBatch, work);
  };
  const int judged = judged_workers(context.cpus);
  std::array<std::size_t, 3> judged_ways{};
  add("sequential", 1, [&] {
    compute_shard(1, 0);
    add_up(1);
  });
  for (const int workers : kWorkerCounts) {
    const auto way = add("threads", workers, [&, workers] { add_by_threads(workers); });
    if (workers == judged) judged_ways[0] = way;
  }
  for (const int workers : kWorkerCounts) {
    const auto way = add("processes, shared memory", workers, [&, workers] {
      processes.add_gradients(Order::Way::kSharedMemory, workers, mlp, sum);
    });
    if (workers == judged) judged_ways[1] = way;
  }
  for (const int workers : kWorkerCounts) {
    const auto way = add("processes, pipes", workers, [&, workers] {
      processes.add_gradients(Order::Way::kPipe, workers, mlp, sum);
    });
    if (workers == judged) judged_ways[2] = way;
  }
  contest.run(context.seconds());
  return {contest.table("workers are", "thousand samples/s", context.cpus), correct,
          processes_verdict(judged, contest.speedup(judged_ways[0], judged_ways[1]),
                            contest.speedup(judged_ways[0], judged_ways[2]))};
}

}  // namespace

Verdict processes_verdict(int workers, const Spread& against_shared_memory,
                          const Spread& against_pipes) {
  return make_verdict(
      is_faster(against_shared_memory) && is_faster(against_pipes),
      fmt::format("{} threads are {}, and {}.", workers,
                  speed_text(against_shared_memory, "processes that share memory"),
                  speed_text(against_pipes, "processes that send gradients through pipes")));
}

constinit const Experiment kProcessesExperiment = {
    .name = "processes",
    .title = "The interpreter lock: threads against processes",
    .claim =
        "an interpreter with a global lock needs processes, to whom weights and gradients must "
        "be copied every step; threads read and write the same memory",
    .takeaway = "C++ threads need none of the copying; if you must use processes, share memory",
    .run = run};

}  // namespace trp
