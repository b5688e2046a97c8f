#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "core/fail.h"
#include "core/partition.h"
#include "lab/experiment.h"
#include "lab/training.h"
#include "lab/worker_processes.h"
#include "lab/workers.h"
#include "nn/loss.h"
#include "nn/mlp.h"

namespace trp {
namespace {

constexpr Index kBatch = 256;

/// Calls visit(numbers), padding among them, for each tensor of a network or of its gradient: the
/// order in which they travel.
template <class Layers, class Visit>
void for_each_tensor(Layers& layers, const Visit& visit) {
  const auto visit_all = [&](auto& tensor) {
    visit(std::span(tensor.row(0), static_cast<std::size_t>(tensor.rows() * tensor.stride())));
  };
  for (auto& layer : layers) {
    visit_all(layer.weight);
    visit_all(layer.bias);
  }
}

template <class Layers>
void write_numbers(const Layers& layers, float* to) {
  for_each_tensor(layers, [&](auto numbers) { to = std::ranges::copy(numbers, to).out; });
}

void add_numbers(const float* from, Gradient& sum) {
  for_each_tensor(sum.layers, [&](auto numbers) {
    for (float& number : numbers) number += *from++;
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

enum class Way { kSharedMemory, kPipe };

/// What a process is told to do. With kPipe the weights of the step follow: a process has a copy of
/// the network, which training would change every step.
struct Order {
  Way way;
  Range rows;
};

class GradientProcesses {
 public:
  GradientProcesses(int count, const Mlp& mlp, const Batch& batch)
      : size_(count_numbers(mlp)),
        shared_((static_cast<std::size_t>(count) + 1) * size_),
        buffer_(size_),
        processes_(count, [&](int process, const Channel& channel) {
          serve(mlp, batch, shared_gradient(process), channel);
        }) {}

  void add_gradients(Way way, int workers, const Mlp& mlp, Gradient& sum) {
    const bool by_pipe = way == Way::kPipe;
    write_numbers(mlp.layers, by_pipe ? buffer_.data() : shared_weights());
    for (int worker = 0; worker < workers; ++worker) {
      const Order order = {way, split_evenly(kBatch, workers, worker)};
      processes_.channel(worker).send(&order, sizeof(order));
      if (by_pipe) processes_.channel(worker).send(buffer_.data(), buffer_bytes());
    }
    for (int worker = 0; worker < workers; ++worker) {
      char done = 0;
      const Channel& channel = processes_.channel(worker);
      const bool alive =
          by_pipe ? channel.receive(buffer_.data(), buffer_bytes()) : channel.receive(&done, 1);
      if (!alive) fail("lab: worker process {} has ended early", worker);
      add_numbers(by_pipe ? buffer_.data() : shared_gradient(worker), sum);
    }
  }

 private:
  static std::size_t count_numbers(const Mlp& mlp) {
    std::size_t count = 0;
    for_each_tensor(mlp.layers, [&](auto numbers) { count += numbers.size(); });
    return count;
  }

  std::size_t buffer_bytes() const { return size_ * sizeof(float); }
  float* shared_weights() const { return shared_.values().data(); }
  float* shared_gradient(int process) const {
    return shared_weights() + (static_cast<std::size_t>(process) + 1) * size_;
  }

  /// Runs in the other process.
  void serve(const Mlp& original, const Batch& batch, float* gradient, const Channel& channel) {
    Mlp mlp = original;
    ShardWorker worker(mlp, batch);
    Order order{};
    while (channel.receive(&order, sizeof(order))) {
      const bool by_pipe = order.way == Way::kPipe;
      if (by_pipe && !channel.receive(buffer_.data(), buffer_bytes())) return;
      const float* from = by_pipe ? buffer_.data() : shared_weights();
      for_each_tensor(mlp.layers, [&](auto numbers) {
        std::copy_n(from, numbers.size(), numbers.begin());
        from += numbers.size();
      });
      transpose_weights(mlp);
      write_numbers(worker.compute(mlp, order.rows).layers, by_pipe ? buffer_.data() : gradient);
      const char done = 1;
      by_pipe ? channel.send(buffer_.data(), buffer_bytes()) : channel.send(&done, 1);
    }
  }

  std::size_t size_;  // of the network, in numbers
  SharedFloats shared_;
  std::vector<float> buffer_;
  WorkerProcesses processes_;  // the last, for it forks
};

/// The same by threads of this process.
class GradientThreads {
 public:
  GradientThreads(int count, const Mlp& mlp, const Batch& batch)
      : mlp_(mlp),
        workers_(static_cast<std::size_t>(count), {mlp, batch}),
        gradients_(workers_.size()) {}

  void add_gradients(int workers, Pools& pools, Gradient& sum) {
    pools.share_out(workers, kBatch, [&](Range rows, int shard) {
      const auto i = static_cast<std::size_t>(shard);
      gradients_[i] = &workers_[i].compute(mlp_, rows);
    });
    for (std::size_t i = 0; i < static_cast<std::size_t>(workers); ++i)
      for (std::size_t l = 0; l < sum.layers.size(); ++l) {
        sum.layers[l].weight.view().matrix() += gradients_[i]->layers[l].weight.view().matrix();
        sum.layers[l].bias.view().matrix() += gradients_[i]->layers[l].bias.view().matrix();
      }
  }

 private:
  const Mlp& mlp_;
  std::vector<ShardWorker> workers_;
  std::vector<const Gradient*> gradients_;
};

Race run(const LabContext& context) {
  const Mlp mlp = make_lab_network(context);
  const Batch batch = first_samples(context, kBatch);
  GradientProcesses processes(kWorkerCounts.back(), mlp, batch);  // before there are threads
  GradientThreads threads(kWorkerCounts.back(), mlp, batch);
  Pools pools(context.cpus);
  Gradient sum = make_gradient(mlp);
  const Gradient zero = sum;
  const ReferenceMlp expected = expected_gradient(mlp, batch);
  Race race = {.cpus = context.cpus};
  race.check = [&](const Work& work) {
    work();
    return is_close(sum, expected);
  };

  const auto add = [&](const std::string& name, std::span<const int> worker_counts,
                       const auto& add_gradients) {
    const auto work = [&sum, &zero, add_gradients](int workers) {
      sum = zero;
      add_gradients(workers);
    };
    add_for_each_count(race, name, 1e-3 * kBatch, work, worker_counts);
  };
  const auto by_threads = [&](int workers) { threads.add_gradients(workers, pools, sum); };
  add("sequential", std::array{1}, by_threads);
  add("threads", kWorkerCounts, by_threads);
  add("processes, shared memory", kWorkerCounts,
      [&](int workers) { processes.add_gradients(Way::kSharedMemory, workers, mlp, sum); });
  add("processes, pipes", kWorkerCounts,
      [&](int workers) { processes.add_gradients(Way::kPipe, workers, mlp, sum); });
  race.run(context.race_options());
  return race;
}

Table table(const Race& race) { return rate_table(race, "workers are", "thousand samples/s"); }

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race.cpus);
  const ContenderId threads = {"threads", workers};
  const Spread against_shared = race.speedup(threads, {"processes, shared memory", workers});
  const Spread against_pipes = race.speedup(threads, {"processes, pipes", workers});
  return make_verdict(
      is_faster(against_shared) && is_faster(against_pipes),
      fmt::format("{} threads are {}, and {}.", workers,
                  speed_text(against_shared, "processes that share memory"),
                  speed_text(against_pipes, "processes that send gradients through pipes")));
}

}  // namespace

constinit const Experiment kProcessesExperiment = {
    .name = "processes",
    .title = "The interpreter lock: threads against processes",
    .claim =
        "an interpreter with a global lock needs processes, to whom weights and gradients must "
        "be copied every step; threads read and write the same memory",
    .takeaway = "C++ threads need none of the copying; if you must use processes, share memory",
    .run = run,
    .table = table,
    .verdict = verdict};

}  // namespace trp
