#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "lab/experiment.h"
#include "lab/training.h"
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

/// The layers of a network are a chain as well: a row through layer after layer, each by another
/// worker.
void send_handed_on(ForwardPass& pass, Index row, ThreadPool& pool) {
  ProgressCounter layers_done(pool.worker_count() <= pool.cpu_count());
  pool.run(static_cast<int>(pass.mlp.layers.size()), [&](int layer, int) {
    const auto l = static_cast<std::size_t>(layer);
    std::vector<Tensor>& outputs = pass.activations.outputs;
    const Tensor& input = l == 0 ? pass.batch.floats : outputs[l - 1];
    layers_done.wait_for(layer);
    forward_layer(pass.mlp, l, input.view_rows(row, row + 1), {0, outputs[l].cols()},
                  outputs[l].view_rows(row, row + 1));
    layers_done.advance();
  });
}

Race run(const LabContext& context) {
  const int workers = judged_workers(context.cpus);
  Pools pools(context.cpus, {&workers, 1});
  ThreadPool& pool = pools.of(workers);
  Race race = {.cpus = context.cpus};

  const auto links = context.pick<Index>(4000, 800);
  const double chain_amount = 1e-6 * static_cast<double>(links);
  std::array<double, kChains> ends{};
  const auto follow = [&ends, links](int c, int) {
    ends[static_cast<std::size_t>(c)] = chain(0.01 * c, links);
  };
  race.check = [&](const Work& work) {
    work();
    return is_at_rest(ends[0]) && ends[0] == chain(0, links);
  };
  race.add({"one chain of sin(x) + 0.1", 1, chain_amount}, [&] { follow(0, 0); });
  race.add({"one chain, handed on", workers, chain_amount},
           [&] { ends[0] = chain_handed_on(links, workers, pool); });
  race.check = [&](const Work& work) {
    ends.fill(0);
    work();
    return std::ranges::all_of(ends, is_at_rest);
  };
  race.add({"8 chains in turn", 1, kChains * chain_amount}, [&] {
    for (int c = 0; c < kChains; ++c) follow(c, 0);
  });
  race.add({"8 chains, shared out", workers, kChains * chain_amount},
           [&] { pool.run(kChains, follow); });

  ForwardPass pass(context, kBatch);
  race.check = pass.check();
  // A link is one layer of one sample.
  const double amount =
      1e-6 * static_cast<double>(kBatch) * static_cast<double>(pass.mlp.layers.size());
  const std::string in_turn = "network, sample by sample";
  const auto add = [&](const std::string& name, int by, const Work& work) {
    race.add({name, by, amount, in_turn}, work);
  };
  add(in_turn, 1, [&] {
    for (Index i = 0; i < kBatch; ++i) pass.send({i, i + 1});
  });
  add("network, layers handed on", workers, [&] {
    for (Index i = 0; i < kBatch; ++i) send_handed_on(pass, i, pool);
  });
  add("network, a batch of 64", 1, [&] { pass.send({0, kBatch}); });
  race.run(context.race_options());
  return race;
}

Table table(const Race& race) { return rate_table(race, "work", "million links/s"); }

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race.cpus);
  const Spread handed_on =
      race.speedup({"one chain, handed on", workers}, {"one chain of sin(x) + 0.1"});
  const Spread shared_out = race.speedup({"8 chains, shared out", workers}, {"8 chains in turn"});
  const Spread batched = race.speedup({"network, a batch of 64"}, {"network, sample by sample"});
  return make_verdict(
      !is_faster(handed_on) && is_faster(shared_out),
      fmt::format(
          "one chain, handed on among {} workers, is {}; eight chains shared out among them "
          "are {}; a batch through the layers of the network is {}.",
          workers, speed_text(handed_on, "when one does all of it"),
          speed_text(shared_out, "one after the other"),
          speed_text(batched, "its samples one by one")));
}

}  // namespace

constinit const Experiment kDependencyExperiment = {
    .name = "dependency",
    .title = "Sequential dependencies: a chain cannot be split",
    .claim =
        "where each step needs the one before it, more workers only wait; but several chains, "
        "or the samples of a batch, can go side by side",
    .takeaway = "look for parallelism across chains (samples, batches), not along one",
    .run = run,
    .table = table,
    .verdict = verdict};

}  // namespace trp
