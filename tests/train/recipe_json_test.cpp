#include "train/recipe_json.h"

#include "catch.h"
#include "data/check_contains.h"
#include "trp/error.h"

namespace trp {
namespace {

/// Every field has another value than by default.
Recipe unusual_recipe() {
  Recipe recipe;
  recipe.hidden = {5, 6, 7};
  recipe.class_count = 12;
  recipe.limit = 77;
  recipe.validation_share = 0.25;
  recipe.shuffle = false;
  recipe.augment = {.noise = true, .shift = true};
  recipe.epochs = 3;
  recipe.dry_run = true;
  recipe.batch_size = 32;
  recipe.learning_rate = 0.1;
  recipe.learning_rate_schedule = LearningRateScheduleKind::kCosine;
  recipe.warmup_epochs = 2;
  recipe.optimizer = OptimizerKind::kAdamw;
  recipe.momentum = 0.8;
  recipe.nesterov = true;
  recipe.beta1 = 0.8;
  recipe.beta2 = 0.99;
  recipe.epsilon = 1e-7;
  recipe.weight_decay = 1e-4;
  recipe.clip_norm = 2;
  recipe.dropout = {0.5, 0.25, 0};
  recipe.label_smoothing = 0.1;
  recipe.class_weights = ClassWeights::kBalanced;
  recipe.average_weights = 0.99;
  recipe.normalization = Normalization::kStandard;
  recipe.init = "xxh128:00112233445566778899aabbccddeeff";
  recipe.early_stopping = 4;
  recipe.seed = 18446744073709551615U;
  return recipe;
}

Plan unusual_plan() {
  return {.strategy = StrategyKind::kPipeline,
          .merge = MergeKind::kArrival,
          .micro_batches = 3,
          .pipeline_schedule = PipelineScheduleKind::kGpipe,
          .workers = 5,
          .loaders = 6,
          .queue = 7,
          .pin = Pinning::kCores,
          .ranks = 3,
          .ranks_split = RanksSplit::kRows};
}

std::string failure_of(const Json& json) {
  try {
    recipe_from_json(json);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("recipe and plan have one JSON form, with the words and the numbers of the options") {
  CHECK(
      to_json(Recipe()).dump() ==
      R"({"hidden":[128,64],"classes":10,"limit":0,"val_split":0.0,"shuffle":true,"augment":"none",)"
      R"("epochs":10,"dry_run":false,"batch_size":64,"lr":0.05,"lr_schedule":"linear",)"
      R"("warmup_epochs":0,"optimizer":"sgd","momentum":0.9,"nesterov":false,"beta1":0.9,)"
      R"("beta2":0.999,"eps":1e-08,"weight_decay":0.0,"clip_norm":0.0,"dropout":[],)"
      R"("label_smoothing":0.0,"class_weights":"none","average_weights":0.0,"normalize":"none",)"
      R"("early_stopping":0,"seed":1,"init":""})");
  CHECK(to_json(unusual_plan()).dump() ==
        R"({"strategy":"pipeline","merge":"arrival","micro_batches":3,"pipeline_schedule":"gpipe",)"
        R"("workers":5,"loaders":6,"queue":7,"pin":"cores","ranks":3,"ranks_split":"rows"})");
}

TEST_CASE("a recipe comes back from its text") {
  for (const Recipe& recipe : {Recipe(), unusual_recipe()})
    CHECK(recipe_from_json(Json::parse(to_json(recipe).dump())) == recipe);
}

TEST_CASE("two recipes are compared field by field") {
  CHECK(differences(Recipe(), Recipe()).empty());
  CHECK(differences(Recipe(), unusual_recipe()).size() == to_json(Recipe()).size());
  Recipe other;
  other.learning_rate = 0.1;
  const auto found = differences(Recipe(), other);
  REQUIRE(found.size() == 1);
  CHECK(found[0].field == "lr");
  CHECK(found[0].here == 0.05);
  CHECK(found[0].there == 0.1);
}

TEST_CASE(
    "a recipe's JSON with a field too many or of another kind is refused by name, one too few has "
    "the default") {
  const Json sound = to_json(Recipe());
  for (const auto& item : sound.items()) {
    Json json = sound;
    json.erase(item.key());
    CHECK(recipe_from_json(json) == Recipe());
    json = sound;
    json[item.key()] = nullptr;
    CHECK_CONTAINS(failure_of(json), item.key() + ": expected ");
    json[item.key()] = -1.5;
    if (!item.value().is_number_float())
      CHECK_CONTAINS(failure_of(json), item.key() + ": expected");
  }
  Json json = sound;
  json["unknown"] = 1;
  CHECK_CONTAINS(failure_of(json), "unknown: expected no field of this name");
  CHECK_CONTAINS(failure_of(Json::array()), "expected an object, found []");
}

TEST_CASE("words and numbers that a recipe cannot have are refused") {
  const auto failure_with = [](const char* field, const Json& value) {
    Json json = to_json(Recipe());
    json[field] = value;
    return failure_of(json);
  };
  CHECK(failure_with("lr_schedule", "square") ==
        "lr_schedule: expected one of constant, linear, cosine, step, triangle, found \"square\"");
  CHECK_CONTAINS(failure_with("augment", "noise,rotate"), "augment: expected none, noise, shift");
  CHECK_CONTAINS(failure_with("epochs", 1e10), "epochs: expected a whole number");
  CHECK_CONTAINS(failure_with("epochs", 4294967296), "epochs: expected a whole number");
  CHECK_CONTAINS(failure_with("hidden", Json::array({1, "2"})), "hidden: expected a whole number");
  CHECK_CONTAINS(failure_with("shuffle", 1), "shuffle: expected true or false");
}

}  // namespace
}  // namespace trp
