#include "cli/ranks.h"

#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/ranges.h>

#include "cli/checkpoints.h"
#include "cli/inputs.h"
#include "cli/say.h"
#include "cluster/cluster.h"
#include "core/fail.h"
#include "data/dataset.h"
#include "formats/strict_json.h"
#include "nn/kernels.h"
#include "report/environment.h"
#include "train/recipe_json.h"
#include "train/selftest.h"
#include "train/words.h"

namespace trp {
namespace {

template <class Value>
void share_values(std::vector<Value>& values, Cluster& cluster) {
  values.resize(std::stoull(cluster.texts(fmt::format("{}", values.size()))[0]));
  cluster.share(std::as_writable_bytes(std::span(values)));
}

void share_dataset(Dataset& set, Cluster& cluster) {
  share_values(set.bytes, cluster);
  share_values(set.values, cluster);
  share_values(set.sample_shape, cluster);
  share_values(set.labels, cluster);
  set.sample_count = std::ssize(set.labels);
  set.feature_count = 1;
  for (const Index size : set.sample_shape) set.feature_count *= size;
}

/// Gives all ranks what rank 0 has, and the recipe that goes with it.
void share_checkpoint(std::optional<Checkpoint>& checkpoint, TrainOptions& options) {
  Cluster& cluster = *options.cluster;
  if (!cluster.has_others()) return;
  std::vector<std::uint8_t> bytes;
  if (checkpoint) bytes = encode_checkpoint(*checkpoint);
  share_values(bytes, cluster);
  const std::string recipe = cluster.texts(json_text(to_json(options.recipe)))[0];
  if (cluster.rank() == 0) return;
  options.recipe = recipe_from_json(Json::parse(recipe));
  if (!bytes.empty()) checkpoint = decode_checkpoint(bytes, "what rank 0 shares");
}

/// What the recorded trainings come to here.
std::string arithmetic() {
  for (const SelfCheck& check : self_checks()) {
    if (check.name != "golden") continue;
    const CheckResult result = run_check(check);
    return result.ok && simd_target_is_fused() ? "the recorded bits" : result.detail;
  }
  return {};
}

/// The CPUs that this process may use, as the system writes them: "0-3,8", "5".
std::string allowed_cpus() {
  constexpr std::string_view kName = "Cpus_allowed_list:\t";
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(kName)) return line.substr(kName.size());
  return {};
}

/// What ranks come together for, as far as options decide that.
std::string rank_options_text(const TrainOptions& options) {
  const bool is_recorded = options.time || !options.trace.empty() || !options.report.empty();
  std::string text = fmt::format("--repeat {} --save-every {} --ranks-split {}", options.repeat,
                                 options.save_every, word_of(options.plan.ranks_split));
  for (const auto& [name, is_given] : {std::pair("--time", is_recorded),
                                       {"--init", !options.init.empty()},
                                       {"--resume", !options.resume.empty()},
                                       {"--read-once", options.read_once},
                                       {"--checkpoint", !options.checkpoint.empty()}})
    if (is_given) text += fmt::format(" {}", name);
  return text;
}

}  // namespace

TrainOptions options_of_rank(TrainOptions options) {
  if (!options.cluster->has_others()) return options;
  const Plan& plan = options.plan;
  const bool is_shared = plan.strategy == StrategyKind::kAuto ||
                         plan.strategy == StrategyKind::kData ||
                         plan.strategy == StrategyKind::kSequential;
  if (!is_shared)
    fail_usage(
        "--strategy {}: expected auto, data or sequential with several ranks; --ranks-split says "
        "what these share out",
        word_of(plan.strategy));
  if (plan.merge != MergeKind::kFactored)
    fail_usage("--merge {}: expected none with several ranks, whose gradients are never added up",
               word_of(plan.merge));
  if (options.compare)
    fail_usage("--compare: expected one process, found {} ranks; bench times these against one",
               options.cluster->size());
  check_same(*options.cluster, {{"command line", rank_options_text(options)}});
  if (options.cluster->rank() > 0)
    for (std::string* file :
         {&options.save, &options.checkpoint, &options.trace, &options.report, &options.output.log})
      file->clear();
  return options;
}

int signal_of_stop(const Cluster& cluster, int own) {
  return own == 0 && cluster.has_others() ? SIGTERM : own;
}

void check_same(Cluster& cluster, std::initializer_list<RankFact> facts) {
  std::vector<std::string> differences;
  for (const auto& [name, own] : facts) {
    const std::vector<std::string> texts = cluster.texts(own);
    for (std::size_t rank = 1; rank < texts.size(); ++rank)
      if (texts[rank] != texts[0])
        differences.push_back(fmt::format("the {} of rank {} is {}, that of rank 0 is {}", name,
                                          rank, texts[rank], texts[0]));
  }
  if (!differences.empty())
    fail(
        "the ranks would not do the same training: {}; hint: the same program, options and files "
        "belong on every machine (--read-once: the data on that of rank 0 only)",
        fmt::join(differences, "; "));
}

int cpus_of_rank(Cluster& cluster, int cpus, bool may_hint) {
  int own = cpus;
  if (cluster.has_others()) {
    const auto count = [&cluster](const std::string& text) {
      return static_cast<int>(std::ranges::count(cluster.texts(text), text));
    };
    const std::string host = this_environment().host;
    const int ranks_here = count(host), same_cpus = count(host + allowed_cpus());
    const auto all = static_cast<int>(std::thread::hardware_concurrency());
    const bool is_tied = allowed_cpus().find_first_of("-,") == std::string::npos;
    if (may_hint && is_tied && all > ranks_here)
      say("rank 0 is tied to one of {} CPUs, so it has one worker; mpirun --bind-to none or "
          "--map-by slot:PE=N, or srun --cpus-per-task N, leaves it more",
          all);
    own = std::max(cpus / same_cpus, 1);
  }
  const char* of_task = std::getenv("SLURM_CPUS_PER_TASK");
  return of_task && std::atoi(of_task) > 0 ? std::min(own, std::atoi(of_task)) : own;
}

double sum_over_ranks(Cluster& cluster, double own) {
  double sum = 0;
  for (const std::string& text : cluster.texts(fmt::format("{}", own))) sum += std::stod(text);
  return sum;
}

std::optional<TrainState> load_init_on_ranks(TrainOptions& options) {
  if (options.init.empty()) return std::nullopt;
  std::optional<Checkpoint> first;
  if (options.cluster->rank() == 0) first.emplace().state = load_init(options);
  share_checkpoint(first, options);
  return std::move(first->state);
}

std::optional<Checkpoint> load_resumed_on_ranks(TrainOptions& options, const Outputs& outputs,
                                                Output& output) {
  if (options.resume.empty()) return std::nullopt;
  std::optional<Checkpoint> resumed;
  if (options.cluster->rank() == 0) resumed = load_resumed(options, outputs, output);
  share_checkpoint(resumed, options);
  return resumed;
}

DataFiles find_on_ranks(const Cluster& cluster, bool read_once, const DataOptions& data) {
  return cluster.rank() == 0 || !read_once ? find_named_data(data) : DataFiles();
}

DataSets load_on_ranks(Cluster& cluster, bool read_once, const DataFiles& files,
                       const Recipe& recipe) {
  const bool shares = read_once && cluster.has_others();
  DataSets data;
  if (!shares || cluster.rank() == 0) data = load_data(files, recipe.class_count);
  if (shares)
    for (Dataset* set : {&data.train, &data.test}) share_dataset(*set, cluster);
  return data;
}

void check_ranks_agree(Cluster& cluster, const Recipe& recipe, const DataSets& data) {
  if (!cluster.has_others()) return;
  check_same(cluster, {{"version", this_build().version},
                       {"recipe", json_text(to_json(recipe))},
                       {"training data", dataset_digest(data.train)},
                       {"test data", dataset_digest(data.test)},
                       {"arithmetic", arithmetic()}});
}

}  // namespace trp
