#include <algorithm>
#include <cmath>

#include "lab/experiment.h"
#include "lab/training.h"
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

/// Calls task(0), task(1), …, each by another worker, who has to wait for the one before it.
template <class Task>
void hand_on(ThreadPool& pool, int count, const Task& task) {
  ProgressCounter done(pool.worker_count() <= pool.cpu_count());
  pool.run(count, [&](int piece, int) {
    done.wait_for(piece);
    task(piece);
    done.advance();
  });
}

/// Long chains come to rest where x = sin x + 0.1, wherever they began.
bool is_at_rest(double x) { return std::abs(std::sin(x) + 0.1 - x) < 1e-12 && x > 0.5; }

void send_through_layer(ForwardPass& pass, int layer, Index row) {
  const auto l = static_cast<std::size_t>(layer);
  std::vector<Tensor>& outputs = pass.activations.outputs;
  const Tensor& input = l == 0 ? pass.batch.floats : outputs[l - 1];
  forward_layer(pass.mlp, l, input.view_rows(row, row + 1), {0, outputs[l].cols()},
                outputs[l].view_rows(row, row + 1));
}

using ChainEnds = std::array<double, kChains>;

void add_chains(Lab& lab, ChainEnds& ends) {
  const int workers = lab.judged();
  ThreadPool& pool = lab.pool(workers);
  const auto links = lab.pick<Index>(4000, 800);
  const auto follow = [&ends, links](int c, int) {
    ends[static_cast<std::size_t>(c)] = chain(0.01 * c, links);
  };
  lab.amount = 1e-6 * static_cast<double>(links);
  lab.reset = [&ends] { ends.fill(0); };
  lab.is_right = [&ends, links] { return is_at_rest(ends[0]) && ends[0] == chain(0, links); };
  lab.add("one chain of sin(x) + 0.1", [=] { follow(0, 0); });
  lab.add("one chain, handed on", workers, [=, &ends, &pool] {
    ends[0] = 0;
    hand_on(pool, workers, [&](int piece) {
      ends[0] = chain(ends[0], split_evenly(links, workers, piece).size());
    });
  });
  lab.amount *= kChains;
  lab.is_right = [&ends] { return std::ranges::all_of(ends, is_at_rest); };
  lab.add("8 chains in turn", [=] {
    for (int c = 0; c < kChains; ++c) follow(c, 0);
  });
  lab.add("8 chains, shared out", workers, [=, &pool] { pool.run(kChains, follow); });
}

void add_network(Lab& lab, ForwardPass& pass) {
  const int workers = lab.judged();
  const auto layers = static_cast<int>(pass.mlp.layers.size());
  lab.amount = 1e-6 * kBatch * layers;  // a link is one layer of one sample
  lab.base = "network, sample by sample";
  lab.add(lab.base, [&] { pass.send_each({0, kBatch}); });
  lab.add("network, layers handed on", workers, [=, &pass, &pool = lab.pool(workers)] {
    for (Index row = 0; row < kBatch; ++row)
      hand_on(pool, layers, [&](int layer) { send_through_layer(pass, layer, row); });
  });
  lab.add("network, a batch of 64", [&] { pass.send({0, kBatch}); });
}

void run(Lab& lab) {
  ChainEnds ends{};
  add_chains(lab, ends);
  ForwardPass pass(lab, kBatch);
  add_network(lab, pass);
  lab.run();
}

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race);
  const Spread handed_on =
      race.speedup({"one chain, handed on", workers}, {"one chain of sin(x) + 0.1"});
  const Spread shared_out = race.speedup({"8 chains, shared out", workers}, {"8 chains in turn"});
  const Spread batched = race.speedup({"network, a batch of 64"}, {"network, sample by sample"});
  return make_verdict(
      !is_faster(handed_on) && is_faster(shared_out),
      "one chain, handed on among {} workers, is {}; eight chains shared out among them "
      "are {}; a batch through the layers of the network is {}.",
      workers, speed_text(handed_on, "when one does all of it"),
      speed_text(shared_out, "one after the other"), speed_text(batched, "its samples one by one"));
}

}  // namespace

constinit const Experiment kDependencyExperiment = {
    .name = "dependency",
    .section = "Sequential dependencies",
    .title = "a chain cannot be split",
    .claim =
        "where each step needs the one before it, more workers only wait; but several chains, "
        "or the samples of a batch, can go side by side",
    .takeaway = "look for parallelism across chains (samples, batches), not along one",
    .run = run,
    .verdict = verdict,
    .contenders_are = "work",
    .unit = "M links/s"};

}  // namespace trp
