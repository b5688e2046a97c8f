#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "lab/contest.h"
#include "lab/experiments.h"
#include "lab/training.h"
#include "lab/verdicts.h"
#include "lab/workers.h"
#include "nn/mlp.h"
#include "parallel/progress_counter.h"

namespace trp {
namespace {

constexpr int kChains = 8;
constexpr Index kBatch = 64;

/// Each link needs the one before it.
TRP_SAME_CODE double chain(double x, Index links) {
  for (Index i = 0; i < links; ++i) x = std::sin(x) + 0.1;
  return x;
}

/// One chain cut into pieces, each for a worker, who has to wait for the piece before it.
double chain_handed_on(Index links, int workers, ThreadPool& pool) {
  ProgressCounter pieces_done(workers <= pool.cpu_count());
  double x = 0;
  pool.run(workers, [&](int piece, int) {
    pieces_done.wait_for(piece);
    x = chain(x, split_evenly(links, workers, piece).size());
    pieces_done.advance();
  });
  return x;
}

/// Long chains come to rest where x = sin x + 0.1, wherever they began.
bool is_at_rest(double x) { return std::abs(std::sin(x) + 0.1 - x) < 1e-12 && x > 0.5; }

/// The layers of a network are a chain as well: rows through layer after layer, each by another
/// worker.
void forward_handed_on(const Mlp& mlp, const Batch& batch, Range rows, ThreadPool& pool,
                       Activations& activations) {
  ProgressCounter layers_done(pool.worker_count() <= pool.cpu_count());
  pool.run(static_cast<int>(mlp.layers.size()), [&](int layer, int) {
    const auto l = static_cast<std::size_t>(layer);
    const Tensor& input = l == 0 ? batch.floats : activations.outputs[l - 1];
    Tensor& output = activations.outputs[l];
    layers_done.wait_for(layer);
    forward_layer(mlp, l, input.view_rows(rows.begin, rows.end), {0, output.cols()},
                  output.view_rows(rows.begin, rows.end));
    layers_done.advance();
  });
}

Findings run(const LabContext& context) {
  const auto links = context.pick<Index>(4000, 800);
  const int workers = judged_workers(context.cpus);
  const std::array<int, 1> counts = {workers};
  Pools pools(counts, context.cpus);
  ThreadPool& pool = pools.of(workers);
  const Mlp mlp = make_lab_network(context);
  const Batch batch = first_samples(context, kBatch);
  Activations activations = make_activations(mlp, kBatch);

  double single = 0;
  double handed_on = 0;
  std::array<double, kChains> several{};
  const auto chain_of = [&](int c) { return chain(0.01 * c, links); };
  const auto one_chain = [&] { single = chain(0, links); };
  const auto one_chain_handed_on = [&] { handed_on = chain_handed_on(links, workers, pool); };
  const auto chains_in_turn = [&] {
    for (int c = 0; c < kChains; ++c) several[static_cast<std::size_t>(c)] = chain_of(c);
  };
  const auto chains_shared_out = [&] {
    pool.run(kChains, [&](int c, int) { several[static_cast<std::size_t>(c)] = chain_of(c); });
  };
  const auto samples_in_turn = [&] {
    for (Index i = 0; i < kBatch; ++i) forward(mlp, batch.input(), {i, i + 1}, activations);
  };
  const auto samples_handed_on = [&] {
    for (Index i = 0; i < kBatch; ++i) forward_handed_on(mlp, batch, {i, i + 1}, pool, activations);
  };
  const auto whole_batch = [&] { forward(mlp, batch.input(), {0, kBatch}, activations); };

  const ExpectedOutputs expected(mlp, batch);
  one_chain();
  one_chain_handed_on();
  bool correct = is_at_rest(single) && handed_on == single;
  for (const Work& work : {Work(chains_in_turn), Work(chains_shared_out)}) {
    several.fill(0);
    work();
    for (const double x : several) correct &= is_at_rest(x);
  }
  for (const Work& work : {Work(samples_in_turn), Work(samples_handed_on), Work(whole_batch)}) {
    activations = make_activations(mlp, kBatch);
    work();
    correct &= expected.match(activations.outputs.back());
  }

  // A link is one sine and sum, or one layer of one sample.
  const double chain_amount = 1e-6 * static_cast<double>(links);
  const double layer_amount =
      1e-6 * static_cast<double>(kBatch) * static_cast<double>(mlp.layers.size());
  Contest contest;
  const auto one = contest.add("one chain of sin(x) + 0.1", 1, chain_amount, one_chain);
  const auto split =
      contest.add("one chain, handed on", workers, chain_amount, one_chain_handed_on, one);
  const auto turns =
      contest.add("8 chains in turn", 1, kChains * chain_amount, chains_in_turn, one);
  const auto shared =
      contest.add("8 chains, shared out", workers, kChains * chain_amount, chains_shared_out, one);
  const auto samples =
      contest.add("network, sample by sample", 1, layer_amount, samples_in_turn, Contest::kItself);
  contest.add("network, layers handed on", workers, layer_amount, samples_handed_on, samples);
  const auto batched = contest.add("network, a batch of 64", 1, layer_amount, whole_batch, samples);
  contest.run(context.seconds());
  return {contest.table("work", "million links/s", context.cpus), correct,
          dependency_verdict(workers, contest.speedup(split, one), contest.speedup(shared, turns),
                             contest.speedup(batched, samples))};
}

}  // namespace

Verdict dependency_verdict(int workers, const Spread& handed_on, const Spread& shared_out,
                           const Spread& batched) {
  return make_verdict(
      !is_faster(handed_on) && is_faster(shared_out),
      fmt::format(
          "one chain, handed on among {} workers, is {}; eight chains shared out among them "
          "are {}; a batch through the layers of the network is {}.",
          workers, speed_text(handed_on, "when one does all of it"),
          speed_text(shared_out, "one after the other"),
          speed_text(batched, "its samples one by one")));
}

constinit const Experiment kDependencyExperiment = {
    .name = "dependency",
    .title = "Sequential dependencies: a chain cannot be split",
    .claim =
        "where each step needs the one before it, more workers only wait; but several chains, "
        "or the samples of a batch, can go side by side",
    .takeaway = "look for parallelism across chains (samples, batches), not along one",
    .run = run};

}  // namespace trp
