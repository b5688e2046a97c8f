// Whole training epochs with plain SGD of networks from small to large, by the program's
// strategies, by Eigen's own products and by other programs, in turn; prints Markdown tables. Every
// epoch starts from the same weights and visits the same samples in the same order, so that the
// losses must agree.

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
#include <fmt/ranges.h>

#include "bench/bench_options.h"
#include "bench/eigen_step.h"
#include "bench/epoch_peer.h"
#include "bench/machine_figures.h"
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

struct Shape {
  std::vector<Index> hidden;
  std::vector<Index> batch_sizes;
  Index sample_count;  // of an epoch, at most: the larger the network the fewer
};

const std::vector<Shape> kShapes = {{{128, 64}, {64, 256, 1024}, 60'000},
                                    {{512, 512}, {256}, 20'480},
                                    {{1024, 1024}, {256, 1024}, 8'192},
                                    {{2048, 2048}, {256, 1024}, 4'096}};

/// What every contender is given.
struct Work {
  const DataSets& data;
  Mlp initial;
  std::vector<std::uint32_t> order;
};

struct Contender {
  std::string family;  // variants of one program, of which the fastest is named
  std::string name;
  int threads;
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

Contender ours(const std::string& name, const Plan& options, int workers, BatchElements elements,
               const Work& work) {
  return {
      "the program", name, workers, [=, &work](Index batch_size) {
        Mlp mlp = work.initial;
        Optimizer optimizer(mlp, {});
        ThreadPool pool(workers, available_cpus());
        const auto strategy = make_strategy(options, mlp, optimizer, {batch_size, elements}, pool);
        return run_epoch(work, batch_size, [&](std::span<const std::uint32_t> samples) {
          return strategy->step({work.data.train, samples, {kLearningRate}}, optimizer, mlp)
              .loss_sum;
        });
      }};
}

Contender eigen(const Work& work) {
  return {"Eigen", "Eigen's products, 1 thread", 1, [&work](Index batch_size) {
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
  std::vector<std::pair<std::string, std::string>> variants;  // name and first argument, if any
};

const std::vector<Peer> kPeers = {
    {"OpenBLAS", "libopenblas-openmp-dev", TRP_BENCH_OPENBLAS, {{"OpenBLAS, by hand", ""}}},
    {"oneDNN", "libdnnl-dev", TRP_BENCH_ONEDNN, {{"oneDNN, by hand", ""}}},
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
    std::vector<std::string> command = {peer.program};
    if (!argument.empty()) command.push_back(argument);
    command.insert(command.end(), what.begin(), what.end());
    for (const int threads : {1, 2}) {
      const auto process = std::make_shared<EpochPeer>(peer_environment(threads), command);
      if (threads == 1) fmt::print("{}: {}\n", name, process->description());
      contenders.push_back(
          {peer.family, fmt::format("{}, {} thread{}", name, threads, threads == 1 ? "" : "s"),
           threads,
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

std::string hidden_text(const Mlp& mlp) {
  const std::vector<Index> sizes = layer_sizes(mlp);
  return fmt::format("{}", fmt::join(sizes.begin() + 1, sizes.end() - 1, "-"));
}

/// Floating-point operations of a sample's products, zeros multiplied.
double flops_of_sample(const Mlp& mlp) {
  double flops = 0;
  for (const Layer& layer : mlp.layers)
    flops += (&layer == &mlp.layers.front() ? 4.0 : 6.0) *
             static_cast<double>(layer.weight.rows() * layer.weight.cols());
  return flops;
}

/// Bytes that a step cannot but move if the caches hold nothing: parameters are read by the
/// products of the forward and the backward pass and by the update, which writes them, and each
/// layer's outputs and gradients are written once and read twice.
double bytes_of_step(const Mlp& mlp, Index batch_size) {
  Index floats = 4 * parameter_count(mlp) + 2 * batch_size * mlp.input_size();
  for (const Layer& layer : mlp.layers) floats += 6 * batch_size * layer.weight.cols();
  return static_cast<double>(floats) * sizeof(float);
}

/// The first contender is what the others are compared with. Returns false when the loss of one
/// differs from its loss.
bool compare(Index batch_size, int rounds, const Work& work,
             const std::vector<Contender>& contenders) {
  const MachineFigures machine = measure_machine();
  std::vector<Measured> measured(contenders.size());
  for (int round = 0; round < rounds; ++round)
    for (std::size_t c = 0; c < contenders.size(); ++c) {
      std::this_thread::sleep_for(kPause);
      const EpochPeer::Epoch epoch = contenders[c].run(batch_size);
      measured[c].speeds.push_back(static_cast<double>(work.order.size()) / epoch.seconds / 1e3);
      measured[c].loss = epoch.loss;
    }

  fmt::print("{}.\n\n", to_text(machine));
  fmt::print(
      "| {}, batch {} | thousand samples/s | the first / this | of the FMA peak | of the memory's "
      "bandwidth | loss |\n|:--|--:|--:|--:|--:|--:|\n",
      hidden_text(work.initial), batch_size);
  bool agree = true;
  for (std::size_t c = 0; c < contenders.size(); ++c) {
    const bool same_work = std::abs(measured[c].loss / measured.front().loss - 1) <= kLossTolerance;
    agree = agree && same_work;
    const double samples = 1e3 * median(measured[c].speeds) / contenders[c].threads;
    fmt::print("| {} | {} | {:.2f} | {:.0f} % | {:.0f} % | {:.4f}{} |\n", contenders[c].name,
               with_spread(measured[c].speeds),
               median_ratio(measured.front().speeds, measured[c].speeds),
               100 * samples * flops_of_sample(work.initial) / machine.fma_gflops / 1e9,
               100 * samples / static_cast<double>(batch_size) *
                   bytes_of_step(work.initial, batch_size) / machine.copy_gbytes / 1e9,
               measured[c].loss, same_work ? "" : " NOT THE SAME WORK");
  }
  print_summary(batch_size, contenders, measured);
  return agree;
}

Work make_work(const DataSets& data, const Shape& shape, bool quick) {
  std::vector<Index> sizes = {data.train.feature_count};
  sizes.insert(sizes.end(), shape.hidden.begin(), shape.hidden.end());
  sizes.push_back(kClassCount);
  Index sample_count = std::min(data.train.sample_count, shape.sample_count);
  if (quick) sample_count = std::min(sample_count, kQuickSamples);
  Work work{data, make_mlp(sizes, 1), {}};
  epoch_order(make_sampler(sample_count, 0, 1, true), 1, work.order);
  return work;
}

bool compare_all(const Work& work, const Shape& shape, int rounds) {
  const auto merge = [](MergeKind kind) { return Plan{StrategyKind::kData, kind}; };
  const Plan sequential = {StrategyKind::kSequential, {}};
  const Plan factored = merge(MergeKind::kFactored);  // the default
  const BatchElements elements = choose_elements(work.data.train, {});
  std::vector<Contender> contenders = {
      ours("data, factored, 2 workers", factored, 2, elements, work),
      ours("sequential", sequential, 1, elements, work)};
  if (elements == BatchElements::kBytes) {
    contenders.push_back(
        ours("data, zeros multiplied, 2 workers", factored, 2, BatchElements::kFloats, work));
    contenders.push_back(
        ours("sequential, zeros multiplied", sequential, 1, BatchElements::kFloats, work));
  }
  contenders.push_back(ours("tensor, 2 workers", {StrategyKind::kTensor, {}}, 2, elements, work));
  contenders.push_back(
      ours("data, ordered, 2 workers", merge(MergeKind::kOrdered), 2, elements, work));
  contenders.push_back(
      ours("data, arrival, 2 workers", merge(MergeKind::kArrival), 2, elements, work));
  contenders.push_back(ours("data, factored, 8 workers", factored, 8, elements, work));
  contenders.push_back(eigen(work));
  const TemporaryFolder folder;
  write_work(work, folder.path());
  add_peers(work, folder.path(), contenders);
  fmt::print("\n{} of {} samples, median (quartiles) of {} epochs each, in turn.\n\n",
             hidden_text(work.initial), work.order.size(), rounds);
  bool agree = true;
  for (const Index batch_size : shape.batch_sizes)
    agree = compare(batch_size, rounds, work, contenders) && agree;
  return agree;
}

int run(const SpeedOptions& options) {
  const int rounds = options.rounds ? options.rounds : options.quick ? 3 : 9;
  DataOptions where;
  where.directory = options.data;
  const DataSets data = load_data(find_data(where), kClassCount);
  fmt::print(
      "{}\n{}: {:.0f} % of its {} features are zero{}\n", describe_machine(), data.source,
      100 * (1 - measure_density(data.train)), data.train.feature_count,
      choose_elements(data.train, {}) == BatchElements::kBytes ? ", which the program skips" : "");
  std::vector<Shape> shapes = kShapes;
  if (options.quick) shapes.resize(1);
  if (!options.hidden.empty())
    shapes = {{options.hidden, {64, 256, 1024}, kShapes[0].sample_count}};
  bool agree = true;
  for (Shape shape : shapes) {
    if (!options.batch_sizes.empty()) shape.batch_sizes = options.batch_sizes;
    if (options.sample_count > 0) shape.sample_count = options.sample_count;
    agree = compare_all(make_work(data, shape, options.quick), shape, rounds) && agree;
  }
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
