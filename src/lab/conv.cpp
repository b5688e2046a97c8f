#include <algorithm>

#include <fmt/ranges.h>

#include "core/fail.h"
#include "core/random.h"
#include "lab/experiment.h"
#include "lab/training.h"
#include "nn/kernels.h"

namespace trp {
namespace {

constexpr Index kSide = 5;
constexpr Index kTaps = kSide * kSide;
constexpr Index kFilters = 32;

/// Filters of kSide × kSide over gray images, only where they fit in whole, then ReLU.
struct Convolution {
  Index width;                  // of the images
  Index out_height, out_width;  // of their outputs
  Tensor images;
  Tensor filters;  // [taps, filters]
  Tensor bias;
  Tensor outputs;  // [images · filters, places]

  /// Row r of the output adds up the rows r, …, r + 4 of the image, shifted and weighted: each
  /// inner loop runs over neighbours.
  TRP_SAME_CODE void apply(Range range) {
    for (Index i = range.begin; i < range.end; ++i)
      for (Index f = 0; f < kFilters; ++f)
        for (Index r = 0; r < out_height; ++r) {
          float* out = outputs.row(i * kFilters + f) + r * out_width;
          std::fill_n(out, out_width, bias(0, f));
          for (Index tap = 0; tap < kTaps; ++tap) {
            const float weight = filters(tap, f);
            const float* in = images.row(i) + (r + tap / kSide) * width + tap % kSide;
            for (Index c = 0; c < out_width; ++c) out[c] += weight * in[c];
          }
          for (Index c = 0; c < out_width; ++c) out[c] = std::max(out[c], 0.0F);
        }
  }

  /// As one matrix product per image: a row for each place, with what the filters see there.
  bool outputs_are_right() const {
    Tensor seen(outputs.cols(), kTaps);
    Tensor expected(outputs.cols(), kFilters);
    for (Index i = 0; i < images.rows(); ++i) {
      for (Index place = 0; place < seen.rows(); ++place)
        for (Index tap = 0; tap < kTaps; ++tap)
          seen(place, tap) = images(
              i, (place / out_width + tap / kSide) * width + place % out_width + tap % kSide);
      forward_product(seen.view(), filters.view(), bias.view(), Activation::kRelu, expected.view());
      const auto found = outputs.view_rows(i * kFilters, (i + 1) * kFilters).matrix();
      const auto product = expected.view().matrix().transpose();
      if (!((found - product).norm() <= 1e-4F * product.norm())) return false;
    }
    return true;
  }
};

/// Throws Error unless the samples are images that filters fit into.
Convolution make_convolution(const LabContext& context, Index count) {
  const auto& shape = context.data.train.sample_shape;
  if (shape.size() != 2 || shape[0] < kSide || shape[1] < kSide)
    fail(
        "conv: expected images of at least {0} x {0} values, found samples of {1}; choose "
        "other data",
        kSide, fmt::join(shape, " x "));
  RandomStream random(context.seed, RandomPurpose::kWeights);
  const Index height = shape[0] - kSide + 1;
  const Index width = shape[1] - kSide + 1;
  return {.width = shape[1],
          .out_height = height,
          .out_width = width,
          .images = first_samples(context, count).floats,
          .filters = random_tensor(kTaps, kFilters, random),
          .bias = random_tensor(1, kFilters, random),
          .outputs = Tensor(count * kFilters, height * width)};
}

void run(Lab& lab) {
  const Index count = lab.pick<Index>(128, 16);
  Convolution convolution = make_convolution(lab.context, count);
  Tensor& outputs = convolution.outputs;
  lab.reset = [&] { outputs = Tensor(outputs.rows(), outputs.cols()); };
  lab.is_right = [&] { return convolution.outputs_are_right(); };
  lab.amount = 2e-9 * static_cast<double>(kTaps * outputs.rows() * outputs.cols());
  lab.add("sequential", [&] { convolution.apply({0, count}); });
  lab.add_shared_out("images shared out", count,
                     [&](Range images, int) { convolution.apply(images); });
  lab.run();
}

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race);
  const Spread speedup = race.speedup({"images shared out", workers}, {"sequential"});
  return make_verdict(is_faster(speedup), "{} workers are {}.", workers,
                      speed_text(speedup, "one"));
}

}  // namespace

constinit const Experiment kConvExperiment = {
    .name = "conv",
    .section = "Example 1",
    .title = "convolution and ReLU over images",
    .claim =
        "each image of a batch is convolved on its own, so workers can share the images out "
        "and wait for one another only once",
    .takeaway = "much arithmetic per image and none of it shared: the easy case",
    .run = run,
    .verdict = verdict,
    .contenders_are = "convolution",
    .unit = "GFLOP/s"};

}  // namespace trp
