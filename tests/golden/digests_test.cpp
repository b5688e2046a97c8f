// The weights of recorded recipes on the bundled sample: digests.txt has a recipe and its digest on
// each line, as the program trained them on 2026-11-23, before it was rebuilt.
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "catch.h"
#include "nn/reference.h"
#include "train/recipe_json.h"
#include "trp/train.h"

namespace trp {
namespace {

/// Another plan for each recipe.
Plan plan_of(std::size_t recipe_number) {
  const auto pick = [&](auto values, std::size_t step) {
    return values[recipe_number / step % values.size()];
  };
  return {.strategy = pick(std::vector{StrategyKind::kSequential, StrategyKind::kData,
                                       StrategyKind::kTensor, StrategyKind::kPipeline},
                           1),
          .merge = pick(std::vector{MergeKind::kFactored, MergeKind::kOrdered}, 4),
          .micro_batches = pick(std::vector{4, 3, 1}, 2),
          .pipeline_schedule =
              pick(std::vector{PipelineScheduleKind::k1f1b, PipelineScheduleKind::kGpipe}, 8),
          .workers = pick(std::vector{2, 3, 5, 1, 8}, 1),
          .loaders = pick(std::vector{0, 0, 1, 2}, 3)};
}

TEST_CASE("recorded recipes train the recorded bits, each by another plan") {
  if (!simd_target_is_fused()) return;  // without fused multiply-add the bits are others
  const std::string sample = TRP_SAMPLE_DIR;
  const DataFiles files = find_data({.directory = sample});
  std::ifstream lines(TRP_DIGESTS);
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line); ++number) {
    const auto tab = line.find('\t');
    REQUIRE(tab != std::string::npos);
    const Recipe recipe = recipe_from_json(Json::parse(line.substr(0, tab)));
    const Plan plan = plan_of(number);
    ThreadPool pool(plan.workers, plan.workers);
    const DataSets data = load_data(files, recipe.class_count);
    CAPTURE(line, to_json(plan).dump());
    CHECK(train(recipe, plan, data, pool, {}, std::atomic<bool>{false}).weights ==
          line.substr(tab + 1));
  }
  CHECK(number == 54);
}

}  // namespace
}  // namespace trp
