#include "strategy/gradient_accumulator.h"

#include <chrono>
#include <stdexcept>
#include <thread>

#include "catch.h"
#include "data/synthetic.h"
#include "nn/loss.h"
#include "nn/mlp.h"

using namespace trp;

namespace {

/// A batch whose layer gradients have been computed, ready to be merged.
struct ComputedBatch {
  explicit ComputedBatch(const Mlp& mlp, Index row_count)
      : batch({row_count}, mlp.input_size()), activations(make_activations(mlp, row_count)) {
    const Dataset dataset = synthetic_dataset(row_count, mlp.input_size(), 4, 1);
    std::vector<std::uint32_t> samples(static_cast<std::size_t>(row_count));
    for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<std::uint32_t>(i);
    std::vector<double> losses(samples.size());
    std::vector<std::uint8_t> correct(samples.size());
    gather(dataset, samples, {0, row_count}, batch);
    forward(mlp, batch.input(), {0, row_count}, activations);
    softmax_cross_entropy(activations.outputs.back().view(), batch.labels,
                          {static_cast<double>(row_count)}, activations.gradients.back().view(),
                          losses, correct);
    backward(mlp, {0, row_count}, activations);
  }

  Batch batch;
  Activations activations;
};

}  // namespace

TEST_CASE("shards of any sizes merge to the gradient of the whole batch") {
  const Mlp mlp = make_mlp(std::vector<Index>{40, 30, 4}, 1);
  const std::vector<Tile> tiles = make_tiles(mlp);
  const ComputedBatch computed(mlp, 20);
  Gradient expected = make_gradient(mlp);
  for (const Tile& tile : tiles)
    tile_gradient(tile_factors(computed.batch.input(), computed.activations, {0, 20}, tile), tile,
                  ChainStart::kZero, of_tile(expected, tile));

  ThreadPool pool(4, 4);
  for (const MergeKind kind : {MergeKind::kFactored, MergeKind::kOrdered, MergeKind::kArrival}) {
    GradientAccumulator accumulator(mlp, tiles, kind, pool.worker_count());
    for (int round = 0; round < 100; ++round) {
      const std::vector<Range> shards = {{0, 9}, {9, 10}, {10, 18}, {18, 20}};
      accumulator.begin(computed.batch, computed.activations);
      pool.run(4, [&](int shard, int worker) {
        const auto compute = [&] {
          if (round % 4 == shard) std::this_thread::sleep_for(std::chrono::microseconds(100));
        };
        accumulator.merge_shard(compute, shards[static_cast<std::size_t>(shard)], shard, worker);
      });
      REQUIRE(accumulator.merged_count() == 20);
      Gradient product = make_gradient(mlp);
      for (const Tile& tile : tiles) {
        const GradientSource source = accumulator.gradient_of(tile, mlp);
        const auto* factors = std::get_if<TileFactors>(&source);
        REQUIRE((factors != nullptr) == (kind == MergeKind::kFactored));
        const TileGradient merged =
            factors ? of_tile(product, tile) : std::get<TileGradient>(source);
        if (factors) tile_gradient(*factors, tile, ChainStart::kZero, merged);
        const TileGradient right = of_tile(expected, tile);
        if (kind == MergeKind::kArrival) {
          REQUIRE(merged.weight.matrix().isApprox(right.weight.matrix(), 1e-5F));
          REQUIRE(merged.bias.matrix().isApprox(right.bias.matrix(), 1e-5F));
        } else {
          REQUIRE(merged.weight.matrix() == right.weight.matrix());
          REQUIRE(merged.bias.matrix() == right.bias.matrix());
        }
      }
    }
  }
}

TEST_CASE("a worker that throws ends the waiting of the shards behind it") {
  const Mlp mlp = make_mlp(std::vector<Index>{40, 30, 4}, 1);
  const std::vector<Tile> tiles = make_tiles(mlp);
  const ComputedBatch computed(mlp, 8);
  ThreadPool pool(8, 8);
  for (const MergeKind kind : {MergeKind::kFactored, MergeKind::kOrdered, MergeKind::kArrival}) {
    GradientAccumulator accumulator(mlp, tiles, kind, pool.worker_count());
    const auto run_with_thrower = [&](int thrower) {
      accumulator.begin(computed.batch, computed.activations);
      pool.run(8, [&](int shard, int worker) {
        const auto compute = [&] {
          if (shard != thrower) return;
          std::this_thread::sleep_for(std::chrono::milliseconds(1));  // let the others wait
          throw std::runtime_error("no");
        };
        accumulator.merge_shard(compute, {shard, shard + 1}, shard, worker);
      });
    };
    for (int thrower = 0; thrower < 8; ++thrower) {
      CHECK_THROWS_WITH(run_with_thrower(thrower), "no");
      run_with_thrower(-1);  // the accumulator is as good as new
      CHECK(accumulator.merged_count() == 8);
    }
  }
}
