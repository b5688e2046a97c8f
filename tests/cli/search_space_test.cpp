#include "cli/search_space.h"

#include <cmath>
#include <set>

#include "catch.h"

namespace trp {
namespace {

Recipe base() {
  return {.hidden = {10}, .class_count = 5, .epochs = 9, .batch_size = 16, .seed = 3};
}

TEST_CASE("a sample keeps within the space, and is a function of seed and trial") {
  const std::vector<Dimension> space = parse_space(R"({
      "optimizer": ["sgd", "adam"], "momentum": [0, 0.9],
      "lr": {"from": 0.1, "to": 10, "unit": "suited"},
      "batch-size": {"from": 10, "to": 20},
      "weight-decay": {"from": 1e-5, "to": 0.1}})",
                                                   "space");
  CHECK(sample_recipe(space, base(), 0) == base());
  std::set<Index> batches;
  int low = 0, adam = 0;
  for (int trial = 1; trial <= 400; ++trial) {
    const Recipe recipe = sample_recipe(space, base(), trial);
    CHECK(recipe == sample_recipe(space, base(), trial));
    const double factor = recipe.learning_rate / suited_rate(recipe);
    CHECK(factor >= 0.094);
    CHECK(factor <= 10.6);
    if (factor < 1) ++low;
    if (recipe.optimizer == OptimizerKind::kAdam) {
      ++adam;
      CHECK(recipe.momentum == base().momentum);
    }
    CHECK(recipe.batch_size >= 10);
    CHECK(recipe.batch_size <= 20);
    batches.insert(recipe.batch_size);
    CHECK(recipe.weight_decay <= 0.1);
  }
  CHECK(batches.size() == 11);
  CHECK(std::abs(low - 200) < 50);
  CHECK(std::abs(adam - 200) < 50);
  Recipe other = base();
  other.seed = 4;
  CHECK(sample_recipe(space, other, 1).learning_rate !=
        sample_recipe(space, base(), 1).learning_rate);
  const std::vector<Dimension> contradictory = parse_space(R"({
      "nesterov": [true], "momentum": [0, 0.9], "dropout": ["0.1,0.2"], "hidden": [8, "8,4"]})",
                                                           "space");
  for (int trial = 1; trial <= 20; ++trial) {
    const Recipe recipe = sample_recipe(contradictory, base(), trial);
    CHECK(recipe.nesterov == (recipe.momentum > 0));
    CHECK(recipe.dropout.size() == recipe.hidden.size());
  }
  CHECK(suited_rate(Recipe()) == Approx(Recipe().learning_rate));
}

}  // namespace
}  // namespace trp
