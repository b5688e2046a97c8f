// Whole training epochs of the default network with plain SGD, by the program's strategies, by
// Eigen's own products and by other programs, in turn; prints a Markdown table. Every epoch starts
// from the same weights and visits the same samples in the same order, so that the losses must
// agree.

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "bench/bench_options.h"
#include "bench/eigen_step.h"
#include "bench/epoch_peer.h"
#include "bench/spread_text.h"
#include "data/data_files.h"
#include "data/dataset.h"
#include "data/sampler.h"
#include "strategy/strategy.h"
#include "system/cpu.h"
#include "temporary_folder.h"

using namespace trp;

namespace {

constexpr int kClassCount = 10;
constexpr float kLearningRate = 0.1F;
constexpr double kLossTolerance = 0.01;  // relative: products round differently
constexpr Index kQuickSamples = 2000;
/// Threads of some libraries go on spinning for tens of milliseconds when their work is done.
constexpr std::chrono::milliseconds kPause{100};

/// What every contender is given.
struct Work {
  DataSets data;
  Mlp initial;
  std::vector<std::uint32_t> order;
};

struct Contender {
  std::string family;  // variants of one program, of which the fastest is named
  std::string name;
  std::function<EpochPeer::Epoch(Index batch_size)> run;
};

/// Trains one epoch by steps, each of which returns the sum of its losses.
template <class Step>
EpochPeer::Epoch run_epoch(const Work& work, Index batch_size, const Step& step) {
  const std::span<const std::uint32_t> order = work.order;
  const auto size = static_cast<std::size_t>(batch_size);
  double loss_sum = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t done = 0; done < order.size(); done += size)
    loss_sum += step(order.subspan(done, std::min(size, order.size() - done)));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  return {seconds.count(), loss_sum / static_cast<double>(order.size())};
}

Contender ours(const std::string& name, const Plan& options, int workers, const Work& work) {
  return {
      "the program", name, [=, &work](Index batch_size) {
        Mlp mlp = work.initial;
        Optimizer optimizer(mlp, {});
        ThreadPool pool(workers, available_cpus());
        const auto strategy = make_strategy(
            options, mlp, optimizer, {batch_size, choose_elements(work.data.train, {})}, pool);
        return run_epoch(work, batch_size, [&](std::span<const std::uint32_t> samples) {
          return strategy->step({work.data.train, samples, kLearningRate}, optimizer, mlp).loss_sum;
        });
      }};
}

Contender eigen(const Work& work) {
  return {"Eigen", "Eigen's products, 1 thread", [&work](Index batch_size) {
            EigenStep step(work.initial);
            return run_epoch(work, batch_size, [&](std::span<const std::uint32_t> samples) {
              return step.step(work.data.train, samples, kLearningRate);
            });
          }};
}

void write_array(const std::filesystem::path& path, const void* data, std::size_t bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::app);
  file.write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
  file.flush();
  if (!file) throw std::runtime_error(fmt::format("cannot write {}", path.string()));
}

/// Leaves the work in the folder as bare arrays, for programs in any language.
void write_work(const Work& work, const std::filesystem::path& folder) {
  const Dataset& train = work.data.train;
  Batch one({1}, train.feature_count);
  std::vector<float> samples;
  for (std::uint32_t sample = 0; sample < work.order.size(); ++sample) {
    gather(train, std::span(&sample, 1), {0, 1}, one);
    samples.insert(samples.end(), one.floats.row(0), one.floats.row(0) + train.feature_count);
  }
  write_array(folder / "samples.f32", samples.data(), samples.size() * sizeof(float));
  write_array(folder / "labels.u8", train.labels.data(), work.order.size());
  write_array(folder / "order.u32", work.order.data(), work.order.size() * sizeof(work.order[0]));
  const auto write_tensor = [&folder](const Tensor& tensor) {
    for (Index row = 0; row < tensor.rows(); ++row)
      write_array(folder / "weights.f32", tensor.row(row),
                  static_cast<std::size_t>(tensor.cols()) * sizeof(float));
  };
  for (const Layer& layer : work.initial.layers) {
    write_tensor(layer.weight);
    write_tensor(layer.bias);
  }
}

/// For another program's libraries of linear algebra.
std::vector<std::string> peer_environment(int threads) {
  std::vector<std::string> environment;
  for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"})
    environment.push_back(fmt::format("{}={}", name, threads));
  if (const std::string blas = TRP_BENCH_BLAS_FOLDER; !blas.empty()) {
    const char* others = std::getenv("LD_LIBRARY_PATH");
    environment.push_back("LD_LIBRARY_PATH=" + blas + (others ? ":" : "") + (others ? others : ""));
  }
  return environment;
}

/// What is compared with and the package it comes from; `program` is empty if it was not found.
struct Peer {
  std::string family;
  std::string package;
  std::string program;
  std::vector<std::pair<std::string, std::string>> variants;  // name and first argument
};

const std::vector<Peer> kPeers = {
    {"libtorch",
     "libtorch-dev",
     TRP_BENCH_TORCH,
     {{"libtorch, autograd", "autograd"}, {"libtorch, by hand", "manual"}}},
    {"scikit-learn",
     "python3-sklearn",
     TRP_BENCH_PYTHON,
     {{"scikit-learn", TRP_BENCH_SKLEARN_SCRIPT}}}};

/// The other programs with 1 and with 2 threads; says which are missing.
void add_peers(const Work& work, const std::filesystem::path& folder,
               std::vector<Contender>& contenders) {
  std::vector<std::string> what = {folder.string(), std::to_string(work.order.size())};
  for (const Index size : layer_sizes(work.initial)) what.push_back(std::to_string(size));
  const auto add = [&](const Peer& peer, const std::string& name, const std::string& argument) {
    std::vector<std::string> command = {peer.program, argument};
    command.insert(command.end(), what.begin(), what.end());
    for (const int threads : {1, 2}) {
      const auto process = std::make_shared<EpochPeer>(peer_environment(threads), command);
      if (threads == 1) fmt::print("{}: {}\n", name, process->description());
      contenders.push_back(
          {peer.family, fmt::format("{}, {} thread{}", name, threads, threads == 1 ? "" : "s"),
           [process](Index batch_size) { return process->run(batch_size, kLearningRate); }});
    }
  };
  for (const Peer& peer : kPeers) {
    if (peer.program.empty()) {
      fmt::print("Left out, not found when this was built: {} ({}).\n", peer.family, peer.package);
      continue;
    }
    try {
      for (const auto& [name, argument] : peer.variants) add(peer, name, argument);
    } catch (const std::runtime_error& error) {
      fmt::print("Left out, could not be started: {} ({}).\n", peer.family, error.what());
    }
  }
}

struct Measured {
  std::vector<double> speeds;  // thousand samples per second, round by round
  double loss = 0;
};

/// One line for each family other than the first contender's: the first against its fastest.
void print_summary(Index batch_size, const std::vector<Contender>& contenders,
                   const std::vector<Measured>& measured) {
  std::map<std::string, std::size_t> fastest;
  for (std::size_t c = 0; c < contenders.size(); ++c) {
    if (contenders[c].family == contenders.front().family) continue;
    const auto [found, is_new] = fastest.try_emplace(contenders[c].family, c);
    if (!is_new && median(measured[c].speeds) > median(measured[found->second].speeds))
      found->second = c;
  }
  fmt::print("\n");
  for (const auto& [family, c] : fastest)
    fmt::print("Batch {}: {} is {:.2f} times as fast as the fastest of {} ({}).\n", batch_size,
               contenders.front().name, median_ratio(measured.front().speeds, measured[c].speeds),
               family, contenders[c].name);
  fmt::print("\n");
}

/// The first contender is what the others are compared with. Returns false when the loss of one
/// differs from its loss.
bool compare(Index batch_size, int rounds, const Work& work,
             const std::vector<Contender>& contenders) {
  std::vector<Measured> measured(contenders.size());
  for (int round = 0; round < rounds; ++round)
    for (std::size_t c = 0; c < contenders.size(); ++c) {
      std::this_thread::sleep_for(kPause);
      const EpochPeer::Epoch epoch = contenders[c].run(batch_size);
      measured[c].speeds.push_back(static_cast<double>(work.order.size()) / epoch.seconds / 1e3);
      measured[c].loss = epoch.loss;
    }

  fmt::print("| batch | | thousand samples/s | the first / this | loss |\n");
  fmt::print("|--:|:--|--:|--:|--:|\n");
  bool agree = true;
  for (std::size_t c = 0; c < contenders.size(); ++c) {
    const bool same_work = std::abs(measured[c].loss / measured.front().loss - 1) <= kLossTolerance;
    agree = agree && same_work;
    fmt::print("| {} | {} | {} | {:.2f} | {:.4f}{} |\n", batch_size, contenders[c].name,
               with_spread(measured[c].speeds),
               median_ratio(measured.front().speeds, measured[c].speeds), measured[c].loss,
               same_work ? "" : " NOT THE SAME WORK");
  }
  print_summary(batch_size, contenders, measured);
  return agree;
}

Work make_work(const SpeedOptions& options) {
  DataOptions where;
  where.directory = options.data;
  DataSets data = load_data(find_data(where), kClassCount);
  const std::vector<Index> sizes = {data.train.feature_count, 128, 64, kClassCount};
  Index sample_count = data.train.sample_count;
  if (options.quick) sample_count = std::min(sample_count, kQuickSamples);
  Work work{std::move(data), make_mlp(sizes, 1), {}};
  epoch_order(make_sampler(sample_count, 0, 1, true), 1, work.order);
  return work;
}

int run(const SpeedOptions& options) {
  const int rounds = options.rounds ? options.rounds : options.quick ? 3 : 9;
  const Work work = make_work(options);
  fmt::print("{}\n{}: {} samples of {} features, {:.0f} % of them zero{}\n", describe_machine(),
             work.data.source, work.order.size(), work.data.train.feature_count,
             100 * (1 - measure_density(work.data.train)),
             choose_elements(work.data.train, {}) == BatchElements::kBytes
                 ? ", which the program skips"
                 : "");

  const Plan sequential = {StrategyKind::kSequential, {}};
  const auto merge = [](MergeKind kind) { return Plan{StrategyKind::kData, kind}; };
  std::vector<Contender> contenders = {
      ours("data, factored, 2 workers", merge(MergeKind::kFactored), 2, work),  // the default
      ours("sequential", sequential, 1, work),
      ours("data, ordered, 2 workers", merge(MergeKind::kOrdered), 2, work),
      ours("data, arrival, 2 workers", merge(MergeKind::kArrival), 2, work),
      ours("data, factored, 8 workers", merge(MergeKind::kFactored), 8, work),
      eigen(work)};
  const TemporaryFolder folder;
  write_work(work, folder.path());
  add_peers(work, folder.path(), contenders);

  fmt::print("\nMedian (quartiles) of {} epochs each, in turn.\n\n", rounds);
  bool agree = true;
  for (const Index batch_size : {64, 256, 1024})
    agree = compare(batch_size, rounds, work, contenders) && agree;
  if (!agree) fmt::print(stderr, "training_speed: the losses do not agree\n");
  return agree ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  SpeedOptions options;
  if (const auto exit_code =
          read_bench_options(argc, argv, "Times training epochs against other programs.", options))
    return *exit_code;
  try {
    return run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "training_speed: {}\n", error.what());
    return 1;
  }
}
