// The three matrix products of every layer of the default network by the program's kernels and by
// other libraries, one thread each, in turn; prints a Markdown table. The kernels add the bias and
// apply ReLU or its gradient on the way; the others compute the bare product.

#include <chrono>
#include <cmath>
#include <exception>
#include <stdexcept>

#include <fmt/format.h>

#include "bench/bench_options.h"
#include "bench/spread_text.h"
#include "bench/step_products.h"
#include "measure/fma_peak.h"

using namespace trp;

namespace {

constexpr double kTimingSeconds = 200e-6;  // of one measurement, at least
constexpr long kPeakRounds = 100;

struct Timed {
  std::function<void()> run;
  long count = 1;                    // so many runs take kTimingSeconds
  std::vector<double> seconds = {};  // of one run, round by round
};

double seconds_of(const Timed& timed) {
  const auto begin = std::chrono::steady_clock::now();
  for (long i = 0; i < timed.count; ++i) timed.run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

Timed calibrated(std::function<void()> run) {
  Timed timed{std::move(run)};
  while (seconds_of(timed) < kTimingSeconds) timed.count *= 2;
  return timed;
}

void measure(Timed& timed) {
  timed.run();  // what others left in the caches is not its business
  timed.seconds.push_back(seconds_of(timed) / static_cast<double>(timed.count));
}

/// Throws std::runtime_error unless the peer computes what the kernels do.
void check_same_work(const std::string& peer, const RunProduct& run, StepProduct& product) {
  product.with_kernels(Activation::kNone)();
  const Tensor expected = product.c;
  product.c.view().matrix().setConstant(NAN);
  run();
  const double tolerance = 1e-6 * static_cast<double>(product.b.rows());
  for (Index row = 0; row < expected.rows(); ++row)
    for (Index col = 0; col < expected.cols(); ++col)
      if (!(std::abs(product.c(row, col) - expected(row, col)) <= tolerance))
        throw std::runtime_error(fmt::format("{}: {} gives {} at ({}, {}), the kernels {}",
                                             product.name, peer, product.c(row, col), row, col,
                                             expected(row, col)));
}

/// Of one product, or of a step's.
struct Speeds {
  double flops = 0;
  /// Seconds of the kernels, then of each peer, round by round; empty when it cannot.
  std::vector<std::vector<double>> seconds;
  std::vector<double> peak_seconds;  // in which the core could do it
};

Speeds measure_product(StepProduct& product, const std::vector<ProductPeer>& peers, int rounds) {
  std::vector<Timed> contenders = {calibrated(product.with_kernels(product.activation))};
  for (const ProductPeer& peer : peers) {
    const RunProduct run = peer.prepare(product.operands());
    if (run) check_same_work(peer.name, run, product);
    contenders.push_back(run ? calibrated(run) : Timed{});
  }
  Timed peak = calibrated([] { run_fma_peak(kPeakRounds); });
  for (int round = 0; round < rounds; ++round) {
    for (Timed& contender : contenders)
      if (contender.run) measure(contender);
    measure(peak);
  }

  Speeds speeds{product.flops(), {}, peak.seconds};
  for (double& seconds : speeds.peak_seconds) seconds *= speeds.flops / run_fma_peak(kPeakRounds);
  for (const Timed& contender : contenders) speeds.seconds.push_back(contender.seconds);
  return speeds;
}

void add(const std::vector<double>& terms, std::vector<double>& sums) {
  if (terms.empty()) sums.clear();
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += terms[i];
}

void add(const Speeds& product, Speeds& step) {
  if (step.flops == 0) {
    step = product;
    return;
  }
  step.flops += product.flops;
  for (std::size_t c = 0; c < step.seconds.size(); ++c) add(product.seconds[c], step.seconds[c]);
  add(product.peak_seconds, step.peak_seconds);
}

void print_row(Index batch_size, const std::string& name, const Speeds& speeds) {
  const std::vector<double>& ours = speeds.seconds.front();
  fmt::print("| {} | {} |", batch_size, name);
  const std::vector<double>* fastest = nullptr;  // of the peers
  for (const std::vector<double>& seconds : speeds.seconds) {
    if (seconds.empty()) {
      fmt::print(" – |");
      continue;
    }
    std::vector<double> gflops;
    for (const double s : seconds) gflops.push_back(speeds.flops / s / 1e9);
    fmt::print(" {} |", with_spread(gflops));
    if (&seconds != &ours && (!fastest || median(seconds) < median(*fastest))) fastest = &seconds;
  }
  fmt::print(" {:.0f} % | {:.2f} | {:.2f} |\n", 100 * median_ratio(speeds.peak_seconds, ours),
             median_ratio(speeds.seconds[1], ours), median_ratio(*fastest, ours));
}

/// The peers this benchmark was built with; says which are missing.
std::vector<ProductPeer> find_peers() {
  std::vector<ProductPeer> peers = {eigen_products()};
#if TRP_BENCH_OPENBLAS
  peers.push_back(openblas_products());
#else
  fmt::print("Left out, not found when this was built: OpenBLAS (libopenblas-dev).\n");
#endif
#if TRP_BENCH_ONEDNN
  peers.push_back(onednn_products());
#else
  fmt::print("Left out, not found when this was built: oneDNN (libdnnl-dev).\n");
#endif
#if TRP_BENCH_LIBXSMM
  peers.push_back(libxsmm_products());
#else
  fmt::print("Left out, not found when this was built: libxsmm (libxsmm-dev).\n");
#endif
  return peers;
}

void run(const SpeedOptions& options) {
  const int rounds = options.rounds ? options.rounds : options.quick ? 5 : 101;
  fmt::print("{}\n", describe_machine());
  const std::vector<ProductPeer> peers = find_peers();
  for (const ProductPeer& peer : peers) fmt::print("{}: {}\n", peer.name, peer.version);
  fmt::print("\nGFLOP/s on one thread: median (quartiles) of {} measurements each, in turn.\n\n",
             rounds);

  fmt::print("| batch | product | kernels |");
  for (const ProductPeer& peer : peers) fmt::print(" {} |", peer.name);
  fmt::print(" of the peak | against Eigen | against the best |\n|--:|:--|--:|--:|--:|--:|");
  for (std::size_t peer = 0; peer < peers.size(); ++peer) fmt::print("--:|");
  fmt::print("\n");
  std::vector<Index> sizes = {784, 128, 64, 10};
  if (!options.hidden.empty()) {
    sizes = {784};
    sizes.insert(sizes.end(), options.hidden.begin(), options.hidden.end());
    sizes.push_back(10);
  }
  std::vector<Index> batch_sizes = {8, 16, 32, 64, 256};
  if (!options.batch_sizes.empty()) batch_sizes = options.batch_sizes;
  for (const Index batch_size : batch_sizes) {
    Speeds step;
    for (StepProduct& product : products_of_step(sizes, batch_size)) {
      const Speeds speeds = measure_product(product, peers, rounds);
      print_row(batch_size, product.name, speeds);
      add(speeds, step);
    }
    print_row(batch_size, "all of a step", step);
  }
}

}  // namespace

int main(int argc, char** argv) {
  SpeedOptions options;
  if (const auto exit_code =
          read_bench_options(argc, argv, "Times the kernels against other libraries.", options))
    return *exit_code;
  try {
    run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "kernel_speed: {}\n", error.what());
    return 1;
  }
}
