#include "cli/ranks.h"

#include <algorithm>
#include <array>
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
#include "cluster/cluster.h"
#include "core/fail.h"
#include "data/dataset.h"
#include "formats/strict_json.h"
#include "measure/timeline.h"
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

template <class Value>
std::string as_text(const std::vector<Value>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value)};
}

template <class Value>
std::vector<Value> of_text(const std::string& text) {
  std::vector<Value> values(text.size() / sizeof(Value));
  if (!values.empty()) std::memcpy(values.data(), text.data(), text.size());
  return values;
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

/// The CPUs that this process may use, as the system writes them.
std::string allowed_cpus() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("Cpus_allowed:")) return line;
  return {};
}

}  // namespace

void check_for_ranks(const TrainOptions& options) {
  const Plan& plan = options.plan;
  if (!options.cluster->has_others()) return;
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
}

void leave_to_first_rank(TrainOptions& options) {
  if (options.cluster->rank() == 0) return;
  for (std::string* file :
       {&options.save, &options.checkpoint, &options.trace, &options.report, &options.output.log})
    file->clear();
  options.compare = false;
}

int default_workers(const TrainOptions& options, int cpus, Output& output) {
  Cluster& cluster = *options.cluster;
  int workers = cpus;
  if (cluster.has_others()) {
    const auto count = [&cluster](const std::string& own) {
      return static_cast<int>(std::ranges::count(cluster.texts(own), own));
    };
    const std::string host = this_environment().host;
    const int ranks_here = count(host), same_cpus = count(host + allowed_cpus());
    const auto all = static_cast<int>(std::thread::hardware_concurrency());
    if (options.plan.workers == 0 && cpus == 1 && all > ranks_here)
      output.hint(
          "rank 0 is tied to one of {} CPUs, so it has one worker; mpirun --bind-to none, or "
          "--map-by slot:PE=N, leaves it more",
          all);
    workers = std::max(cpus / same_cpus, 1);
  }
  const char* of_task = std::getenv("SLURM_CPUS_PER_TASK");
  return of_task && std::atoi(of_task) > 0 ? std::min(workers, std::atoi(of_task)) : workers;
}

double sum_over_ranks(Cluster& cluster, double own) {
  double sum = 0;
  for (const std::string& text : cluster.texts(fmt::format("{}", own))) sum += std::stod(text);
  return sum;
}

void add_workers_of_ranks(Cluster& cluster, PhaseRecorder& recorder) {
  const auto nanoseconds = [](double seconds) { return static_cast<std::int64_t>(seconds * 1e9); };
  const std::vector<WorkerTimes> times = recorder.times().workers;
  std::vector<PhaseEvent> events;  // of all workers, each in the order of their ends
  std::vector<std::int64_t> counts;
  for (int worker = 0; worker < recorder.worker_count(); ++worker) {
    std::vector<Slice> slices = worker_slices(recorder, worker);
    std::ranges::reverse(slices);
    for (const Slice& slice : slices)
      events.push_back({static_cast<std::int16_t>(slice.phase),
                        static_cast<std::int16_t>(slice.item), slice.step, nanoseconds(slice.begin),
                        nanoseconds(slice.end)});
    counts.push_back(std::ssize(slices));
  }
  const auto of_ranks = [&cluster](const auto& values) { return cluster.texts(as_text(values)); };
  const auto all_times = of_ranks(times), all_counts = of_ranks(counts),
             all_events = of_ranks(events);
  if (cluster.rank() > 0) return;  // whose recorder nobody asks
  for (std::size_t rank = 1; rank < all_times.size(); ++rank) {
    const auto times_there = of_text<WorkerTimes>(all_times[rank]);
    const auto counts_there = of_text<std::int64_t>(all_counts[rank]);
    const auto events_there = of_text<PhaseEvent>(all_events[rank]);
    auto event = events_there.begin();
    for (std::size_t w = 0; w < times_there.size(); ++w) {
      recorder.add_worker(times_there[w], {event, event + counts_there[w]});
      event += counts_there[w];
    }
  }
}

std::optional<Checkpoint> load_resumed_on_ranks(TrainOptions& options, const Outputs& outputs,
                                                Output& output) {
  Cluster& cluster = *options.cluster;
  std::optional<Checkpoint> resumed;
  if (cluster.rank() == 0) resumed = load_resumed(options, outputs, output);
  if (!cluster.has_others() || options.resume.empty()) return resumed;
  std::vector<std::uint8_t> bytes;
  if (resumed) bytes = encode_checkpoint(*resumed);
  share_values(bytes, cluster);
  const std::string recipe = cluster.texts(json_text(to_json(options.recipe)))[0];
  if (cluster.rank() == 0) return resumed;
  options.recipe = recipe_from_json(Json::parse(recipe));
  if (!bytes.empty()) resumed = decode_checkpoint(bytes, options.resume);
  return resumed;
}

DataSets load_on_ranks(const TrainOptions& options, const DataFiles& files) {
  Cluster& cluster = *options.cluster;
  const bool shares = options.read_once && cluster.has_others();
  DataSets data;
  if (!shares || cluster.rank() == 0) data = load_data(files, options.recipe.class_count);
  if (shares)
    for (Dataset* set : {&data.train, &data.test}) share_dataset(*set, cluster);
  return data;
}

void check_ranks_agree(const TrainOptions& options, const DataSets& data) {
  Cluster& cluster = *options.cluster;
  if (!cluster.has_others()) return;
  const std::array<std::pair<std::string_view, std::string>, 7> facts = {{
      {"version", this_build().version},
      {"recipe", json_text(to_json(options.recipe))},
      {"--repeat", fmt::format("{}", options.repeat)},
      {"split", std::string(word_of(options.plan.ranks_split))},
      {"training data", dataset_digest(data.train)},
      {"test data", dataset_digest(data.test)},
      {"arithmetic", arithmetic()},
  }};
  std::vector<std::string> differences;
  for (const auto& [name, own] : facts) {
    const std::vector<std::string> texts = cluster.texts(own);
    for (std::size_t rank = 1; rank < texts.size(); ++rank)
      if (texts[rank] != texts[0])
        differences.push_back(fmt::format("the {} of rank {} is {}, that of rank 0 {}", name, rank,
                                          texts[rank], texts[0]));
  }
  if (!differences.empty())
    fail(
        "the ranks would train different weights: {}; hint: the same program, options and files "
        "belong on every machine (--read-once: the data on that of rank 0 only)",
        fmt::join(differences, "; "));
}

}  // namespace trp
