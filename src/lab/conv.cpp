#include <algorithm>

#include <fmt/ranges.h>

#include "core/fail.h"
#include "core/random.h"
#include "lab/experiment.h"
#include "lab/training.h"
#include "lab/workers.h"
#include "nn/kernels.h"

namespace trp {
namespace {

constexpr Index kSide = 5;
constexpr Index kTaps = kSide * kSide;
constexpr Index kFilters = 32;

/// Filters of kSide × kSide over gray images, only where they fit in whole, then ReLU.
class Convolution {
 public:
  Convolution(const LabContext& context, Index count)
      : height_(context.data.train.sample_shape.front()),
        width_(context.data.train.feature_count / height_),
        images_(first_samples(context, count)),
        filters_(kTaps, kFilters),
        bias_(1, kFilters),
        outputs_(count * kFilters, out_height() * out_width()) {
    RandomStream random(context.seed, RandomPurpose::kWeights);
    for (Index f = 0; f < kFilters; ++f) {
      for (Index t = 0; t < kTaps; ++t) filters_(t, f) = random.uniform() - 0.5F;
      bias_(0, f) = random.uniform() - 0.5F;
    }
  }

  Index count() const { return images_.floats.rows(); }
  double flops() const {
    return 2.0 * static_cast<double>(kTaps * outputs_.rows() * outputs_.cols());
  }

  /// Row r of the output adds up the rows r, …, r + 4 of the image, shifted and weighted: each
  /// inner loop runs over neighbours.
  TRP_SAME_CODE void apply(Range images) {
    for (Index i = images.begin; i < images.end; ++i)
      for (Index f = 0; f < kFilters; ++f)
        for (Index r = 0; r < out_height(); ++r) {
          float* out = outputs_.row(i * kFilters + f) + r * out_width();
          std::fill_n(out, out_width(), bias_(0, f));
          for (Index dr = 0; dr < kSide; ++dr)
            for (Index dc = 0; dc < kSide; ++dc) {
              const float weight = filters_(dr * kSide + dc, f);
              const float* in = images_.floats.row(i) + (r + dr) * width_ + dc;
              for (Index c = 0; c < out_width(); ++c) out[c] += weight * in[c];
            }
          for (Index c = 0; c < out_width(); ++c) out[c] = std::max(out[c], 0.0F);
        }
  }

  void clear() { outputs_ = Tensor(outputs_.rows(), outputs_.cols()); }

  /// As one matrix product per image: a row for each place, with what the filters see there.
  bool outputs_are_right() const {
    Tensor seen(outputs_.cols(), kTaps);
    Tensor expected(outputs_.cols(), kFilters);
    for (Index i = 0; i < count(); ++i) {
      for (Index place = 0; place < seen.rows(); ++place)
        for (Index t = 0; t < kTaps; ++t)
          seen(place, t) = images_.floats(
              i, (place / out_width() + t / kSide) * width_ + place % out_width() + t % kSide);
      forward_product(seen.view(), filters_.view(), bias_.view(), Activation::kRelu,
                      expected.view());
      const auto found = outputs_.view_rows(i * kFilters, (i + 1) * kFilters);
      const auto product = expected.view().matrix().transpose();
      if (!((found.matrix() - product).norm() <= 1e-4F * product.norm())) return false;
    }
    return true;
  }

 private:
  Index out_height() const { return height_ - kSide + 1; }
  Index out_width() const { return width_ - kSide + 1; }

  Index height_;
  Index width_;
  Batch images_;
  Tensor filters_;  // [taps, filters]
  Tensor bias_;
  Tensor outputs_;  // [images · filters, places]
};

void check_images(const Dataset& dataset) {
  const auto& shape = dataset.sample_shape;
  if (shape.size() == 2 && shape[0] >= kSide && shape[1] >= kSide) return;
  fail(
      "conv: expected images of at least {0} x {0} values, found samples of {1}; choose "
      "other data",
      kSide, fmt::join(shape, " x "));
}

Race run(const LabContext& context) {
  check_images(context.data.train);
  Convolution convolution(context, context.pick<Index>(128, 16));
  const Index count = convolution.count();
  Pools pools(context.cpus);
  Race race = {.cpus = context.cpus};
  race.check = [&](const Work& work) {
    convolution.clear();
    work();
    return convolution.outputs_are_right();
  };

  const double amount = 1e-9 * convolution.flops();
  race.add({"sequential", 1, amount}, [&] { convolution.apply({0, count}); });
  add_for_each_count(race, "images shared out", amount, [&](int workers) {
    pools.share_out(workers, count, [&](Range images, int) { convolution.apply(images); });
  });
  race.run(context.race_options());
  return race;
}

Table table(const Race& race) { return rate_table(race, "convolution", "GFLOP/s"); }

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race.cpus);
  const Spread speedup = race.speedup({"images shared out", workers}, {"sequential"});
  return make_verdict(is_faster(speedup),
                      fmt::format("{} workers are {}.", workers, speed_text(speedup, "one")));
}

}  // namespace

constinit const Experiment kConvExperiment = {
    .name = "conv",
    .title = "Example: convolution and ReLU over images",
    .claim =
        "each image of a batch is convolved on its own, so workers can share the images out "
        "and wait for one another only once",
    .takeaway = "much arithmetic per image and none of it shared: the easy case",
    .run = run,
    .table = table,
    .verdict = verdict};

}  // namespace trp
