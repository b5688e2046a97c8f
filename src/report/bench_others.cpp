#include "report/bench_others.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include <fmt/ranges.h>

#include "core/fail.h"
#include "core/text.h"
#include "report/budget_table.h"
#include "system/input_file.h"
#include "train/words.h"

namespace trp {
namespace {

constexpr int kMaxDepth = 16;  // of an export
constexpr double kMaxRoundTripShift = 0.3;
constexpr double kMaxPeakShift = 0.1;

bool is_near(const Json& there, const std::optional<double>& here, double max_shift) {
  if (there.is_null() || !here) return there.is_null() && !here;
  const double ratio = there.get<double>() / *here;
  return ratio <= 1 + max_shift && 1 / ratio <= 1 + max_shift;
}

/// What keeps runs there from being compared with runs here; empty if nothing does.
std::string why_not_judged(const Json& there, const BenchContext& here) {
  const Environment& environment = here.environment;
  std::vector<std::string> reasons;
  const auto differ = [&](bool differs, const std::string& what) {
    if (differs) reasons.push_back(what);
  };
  const auto both = [](const Json& value, const std::optional<double>& own, std::string_view unit) {
    const auto text = [unit](double number) { return fmt::format("{:.0f} {}", number, unit); };
    return fmt::format("{} there, {} here", value.is_null() ? "unknown" : text(value.get<double>()),
                       own ? text(*own) : "unknown");
  };
  const Json &trip = there.at("round_trip_ns"), &peak = there.at("peak_gflops");
  differ(there.at("cpu") != environment.cpu || there.at("cpus") != environment.cpus,
         fmt::format("it was measured on {} CPUs, {}", there.at("cpus").get<int>(),
                     there.at("cpu").get<std::string>()));
  differ(!is_near(trip, environment.round_trip_ns, kMaxRoundTripShift),
         fmt::format("a cache line's round trip takes {}",
                     both(trip, environment.round_trip_ns, "ns")));
  differ(!is_near(peak, environment.peak_gflops, kMaxPeakShift),
         fmt::format("a core's peak is {}", both(peak, environment.peak_gflops, "GFLOP/s")));
  differ(there.at("data") != here.data, "it is of other data");
  for (const RecipeDifference& field :
       differences(here.recipe, recipe_from_json(there.at("recipe"))))
    reasons.push_back(fmt::format("{} was {} there", field.field, json_text(field.there)));
  return fmt::format("{}", fmt::join(reasons, "; "));
}

using CaseKey = std::tuple<Index, std::string, int>;

CaseKey key_of(const BenchRow& row) {
  return {row.batch_size, plan_name(row.plan), row.plan.workers};
}

std::map<CaseKey, OtherRuns> runs_of(const Json& results) {
  std::map<CaseKey, OtherRuns> runs;
  for (const Json& row : results) {
    const auto seconds = row.at("seconds").get<std::vector<double>>();
    if (seconds.empty() || !std::ranges::all_of(seconds, [](double time) { return time > 0; }))
      fail("expected seconds above 0");
    runs[{row.at("batch_size").get<Index>(), row.at("plan").get<std::string>(),
          row.at("workers").get<int>()}] = {.seconds = seconds,
                                            .weights = row.at("weights").get<std::string>()};
  }
  return runs;
}

std::string interval_text(const Estimate& slowdown) {
  if (std::isinf(slowdown.upper)) return "too few runs";
  return fmt::format("{:.3f}–{:.3f}", slowdown.lower, slowdown.upper);
}

/// Calls tell(other, runs, row) for each other bench and each case that it has runs of.
template <class Tell>
void for_each_other(const BenchContext& context, const std::vector<BenchRow>& rows,
                    const Tell& tell) {
  for (const BenchRow& row : rows) {
    if (context.baseline && row.baseline) tell(*context.baseline, *row.baseline, row);
    if (context.beside && row.beside) tell(*context.beside, *row.beside, row);
  }
}

std::string sentence(const OtherBench& other, const OtherRuns& runs, const BenchRow& row) {
  const Estimate& slowdown = runs.slowdown;
  const bool is_told = slowdown.lower > 1 || slowdown.upper < 1;
  const std::string title = fmt::format("batch size {}, {}: ", row.batch_size, case_text(row));
  if (std::isinf(slowdown.upper))
    return fmt::format("{}too few runs to compare with {}", title, other.name);
  return fmt::format("{}{:.3f} times as long as {} ({}){}", title, slowdown.value, other.name,
                     interval_text(slowdown), is_told ? "" : ", no difference for sure");
}

OthersTable table_of(const OtherBench& other, const std::vector<BenchRow>& rows,
                     std::optional<OtherRuns> BenchRow::*member) {
  OthersTable table = {
      fmt::format("{}: {}", other.name, printable(other.text)),
      {{"case", "batch size", "median s", "there", "times as long", "interval", "weights"}}};
  for (const BenchRow& row : rows) {
    const std::optional<OtherRuns>& runs = row.*member;
    if (!runs) continue;
    table.rows.push_back(
        {fmt::format("{}, {}", plan_name(row.plan), workers_text(row)),
         fmt::format("{}", row.batch_size), fmt::format("{:.4f}", median(row.seconds)),
         fmt::format("{:.4f}", median(runs->seconds)), fmt::format("{:.3f}", runs->slowdown.value),
         interval_text(runs->slowdown), runs->weights == row.weights ? "the same" : "OTHERS"});
  }
  return table;
}

}  // namespace

OtherBench read_beside(const std::string& path, const BenchContext& context,
                       std::vector<BenchRow>& cases) {
  const std::vector<std::uint8_t> bytes = InputFile(path).read_all("bench export");
  const Json document = parse_json_object(
      {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, kMaxDepth, {input_name(path)});
  OtherBench other = {.name = path};
  std::map<CaseKey, OtherRuns> runs;
  try {
    other.text =
        fmt::format("{} on {}, {}, commit {}", document.at("time").get<std::string>(),
                    document.at("host").get<std::string>(), document.at("cpu").get<std::string>(),
                    document.at("build").at("commit").get<std::string>());
    other.why_not_judged = why_not_judged(document, context);
    runs = runs_of(document.at("results"));
  } catch (const Json::exception&) {
    fail("{}: expected what this version's bench --export-json writes, found other fields", path);
  } catch (const Error& error) {
    fail("{}: {}", path, error.what());
  }
  bool has_any = false;
  for (BenchRow& row : cases)
    if (const auto found = runs.find(key_of(row)); found != runs.end()) {
      row.beside = found->second;
      has_any = true;
    }
  if (!has_any) fail("{}: expected runs of a case that is timed here, found none", path);
  return other;
}

std::vector<OthersTable> others_tables(const BenchContext& context,
                                       const std::vector<BenchRow>& rows) {
  std::vector<OthersTable> tables;
  if (context.baseline) tables.push_back(table_of(*context.baseline, rows, &BenchRow::baseline));
  if (context.beside) tables.push_back(table_of(*context.beside, rows, &BenchRow::beside));
  return tables;
}

std::vector<std::string> others_verdict(const BenchContext& context,
                                        const std::vector<BenchRow>& rows) {
  std::vector<std::string> told;
  std::vector<const OtherBench*> with_other_weights;
  for_each_other(context, rows, [&](const auto& other, const auto& runs, const auto& row) {
    if (other.why_not_judged.empty()) told.push_back(sentence(other, runs, row));
    if (runs.weights != row.weights && std::ranges::count(with_other_weights, &other) == 0)
      with_other_weights.push_back(&other);
  });
  for (const OtherBench* other : with_other_weights)
    told.push_back(
        fmt::format("{} has trained other weights: its arithmetic is another one, so "
                    "more than the speed has changed",
                    other->name));
  if (context.beside && !context.beside->why_not_judged.empty())
    told.push_back(
        fmt::format("no verdict on {}: {}", context.beside->name, context.beside->why_not_judged));
  return told;
}

std::vector<std::string> slowdowns_beyond(double bound, const BenchContext& context,
                                          const std::vector<BenchRow>& rows) {
  std::vector<std::string> told;
  for_each_other(context, rows, [&](const auto& other, const auto& runs, const auto& row) {
    if (other.why_not_judged.empty() && runs.slowdown.lower > bound)
      told.push_back(sentence(other, runs, row));
  });
  return told;
}

}  // namespace trp
