// Trains recorded recipes on the bundled sample and compares the digests of their weights with the
// recorded ones. Each line of RECIPES is a digest, a tab and what a recipe has other than the
// default one; a tab and "floats" at the end say that the pixels become floats before. It needs the
// library alone, so that it can be built for other processors.
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "nn/kernels.h"
#include "nn/reference.h"
#include "strategy/named_plans.h"
#include "train/recipe_json.h"
#include "trp/train.h"

namespace trp {
namespace {

constexpr int kExitSkipped = 77;
const std::size_t kWays = 2 * kSameBitPlans.size();
const std::atomic<bool> kNeverStop{false};

struct Record {
  std::string digest;
  Recipe recipe;
  bool floats = false;
};

std::vector<Record> read_records(const char* path) {
  std::vector<Record> records;
  std::ifstream lines(path);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream columns(line);
    std::string digest, recipe, elements;
    std::getline(columns, digest, '\t');
    std::getline(columns, recipe, '\t');
    std::getline(columns, elements);
    Json all = to_json(Recipe());
    all.update(Json::parse(recipe));
    records.push_back({digest, recipe_from_json(all), elements == "floats"});
  }
  return records;
}

/// The sample, if wanted with another range of values, as a file of floats would have them.
DataSets data_for(const Record& record, const DataFiles& files) {
  DataSets data = load_data(files, record.recipe.class_count);
  if (!record.floats) return data;
  for (Dataset* set : {&data.train, &data.test}) {
    for (const std::uint8_t byte : set->bytes)
      set->values.push_back(static_cast<float>(byte) / 64 - 1);
    set->bytes.clear();
  }
  return data;
}

/// Trains in some of the ways, each of which is a plan with one or with eight workers.
void train_in_ways(const Record& record, const DataSets& data, std::size_t begin, std::size_t end,
                   std::set<std::string>& digests) {
  for (std::size_t way = begin; way < end; ++way) {
    const NamedPlan& named = kSameBitPlans[way / 2];
    const int workers = way % 2 ? 8 : 1;
    ThreadPool pool(workers, workers);
    const std::string found = train(record.recipe, named.plan, data, pool, {}, kNeverStop).weights;
    digests.insert(found);
    if (found != record.digest)
      fmt::print("{}, {}, {} workers: expected {}, found {}: {}\n", simd_target_name(), named.name,
                 workers, record.digest, found, to_json(record.recipe).dump());
  }
}

int compare_all(const char* records_path, const std::string& sample, bool quick) {
  const std::vector<Record> records = read_records(records_path);
  const DataFiles files = find_data({.directory = sample});
  std::vector<std::string> targets;
  std::vector<std::set<std::string>> found(records.size());
  std::size_t trainings = 0;
  for_each_simd_target([&] {
    if (!simd_target_is_fused()) return;
    targets.emplace_back(simd_target_name());
    for (std::size_t i = 0; i < records.size(); ++i) {
      const std::size_t begin = quick ? i % kWays : 0, end = quick ? begin + 1 : kWays;
      train_in_ways(records[i], data_for(records[i], files), begin, end, found[i]);
      trainings += end - begin;
    }
  });
  if (targets.empty()) {
    fmt::print("a processor without FMA, whose bits are others\n");
    return kExitSkipped;
  }
  std::size_t same = 0;
  for (std::size_t i = 0; i < records.size(); ++i) same += found[i] == std::set{records[i].digest};
  fmt::print("{} of {} recipes have the recorded bits ({} trainings, {})\n", same, records.size(),
             trainings, fmt::join(targets, ", "));
  return !records.empty() && same == records.size() ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace trp

int main(int argc, char** argv) {
  const bool quick = argc == 4 && std::string_view(argv[3]) == "--quick";
  if (argc == 3 || quick) return trp::compare_all(argv[1], argv[2], quick);
  fmt::print(stderr,
             "usage: {} RECIPES SAMPLE_FOLDER [--quick]\n"
             "--quick trains each recipe by one plan only, another one for each\n",
             argv[0]);
  return 2;
}
