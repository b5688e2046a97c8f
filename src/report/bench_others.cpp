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

using CaseKey = std::tuple<Index, std::string, int, int>;

CaseKey key_of(const BenchRow& row) {
  return {row.batch_size, plan_name(row.plan), row.plan.workers, row.plan.ranks};
}

/// The runs of each case, with what they have in common.
std::map<CaseKey, OtherRuns> runs_of(const Json& results, OtherRuns other) {
  std::map<CaseKey, OtherRuns> runs;
  for (const Json& row : results) {
    other.seconds = row.at("seconds").get<std::vector<double>>();
    other.weights = row.at("weights").get<std::string>();
    if (other.seconds.empty() || *std::ranges::min_element(other.seconds) <= 0)
      fail("expected seconds above 0");
    runs[{row.at("batch_size").get<Index>(), row.at("plan").get<std::string>(),
          row.at("workers").get<int>(), row.value("ranks", 1)}] = other;
  }
  return runs;
}

std::string interval_text(const Estimate& slowdown) {
  if (std::isinf(slowdown.upper)) return "too few runs";
  return fmt::format("{:.3f}–{:.3f}", slowdown.lower, slowdown.upper);
}

OthersTable table_of(const std::vector<BenchRow>& rows,
                     std::optional<OtherRuns> BenchRow::*member) {
  OthersTable table;
  for (const BenchRow& row : rows) {
    const std::optional<OtherRuns>& other = row.*member;
    if (!other) continue;
    if (table.rows.empty())
      table = {
          fmt::format("{}: {}", printable(other->name), printable(other->origin)),
          {{"case", "batch size", "median s", "there", "times as long", "interval", "weights"}}};
    table.rows.push_back(
        {fmt::format("{}, {}", plan_name(row.plan), workers_text(row)),
         fmt::format("{}", row.batch_size), fmt::format("{:.4f}", median(row.seconds)),
         fmt::format("{:.4f}", median(other->seconds)),
         fmt::format("{:.3f}", other->slowdown.value), interval_text(other->slowdown),
         other->weights == row.weights ? "the same" : "OTHERS"});
  }
  return table;
}

}  // namespace

void read_beside(const std::string& path, const BenchContext& context,
                 std::vector<BenchRow>& cases) {
  const std::vector<std::uint8_t> bytes = InputFile(path).read_all("bench export");
  const Json document = parse_json_object(
      {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, kMaxDepth, {input_name(path)});
  OtherRuns common = {.name = path};
  std::map<CaseKey, OtherRuns> runs;
  try {
    common.origin =
        fmt::format("{} on {}, {}, commit {}", document.at("time").get<std::string>(),
                    document.at("host").get<std::string>(), document.at("cpu").get<std::string>(),
                    document.at("build").at("commit").get<std::string>());
    common.why_not_judged = why_not_judged(document, context);
    runs = runs_of(document.at("results"), common);
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
}

std::vector<const OtherRuns*> others_of(const BenchRow& row) {
  std::vector<const OtherRuns*> others;
  if (row.baseline) others.push_back(&*row.baseline);
  if (row.beside) others.push_back(&*row.beside);
  return others;
}

std::vector<OthersTable> others_tables(const std::vector<BenchRow>& rows) {
  std::vector<OthersTable> tables = {table_of(rows, &BenchRow::baseline),
                                     table_of(rows, &BenchRow::beside)};
  std::erase_if(tables, [](const OthersTable& table) { return table.rows.empty(); });
  return tables;
}

std::string slowdown_text(const BenchRow& row, const OtherRuns& other) {
  const Estimate& slowdown = other.slowdown;
  const std::string title = fmt::format("batch size {}, {}: ", row.batch_size, case_text(row));
  if (std::isinf(slowdown.upper))
    return fmt::format("{}too few runs to compare with {}", title, other.name);
  const bool is_sure = slowdown.lower > 1 || slowdown.upper < 1;
  return fmt::format("{}{:.3f} times as long as {} ({}){}", title, slowdown.value, other.name,
                     interval_text(slowdown), is_sure ? "" : ", no difference for sure");
}

std::vector<std::string> others_verdict(const std::vector<BenchRow>& rows) {
  std::vector<std::string> told, remarks;
  const auto remark = [&remarks](const std::string& sentence) {
    if (std::ranges::count(remarks, sentence) == 0) remarks.push_back(sentence);
  };
  for (const BenchRow& row : rows)
    for (const OtherRuns* other : others_of(row)) {
      if (other->why_not_judged.empty()) {
        told.push_back(slowdown_text(row, *other));
      } else {
        remark(fmt::format("no verdict on {}: {}", other->name, other->why_not_judged));
      }
      if (other->weights != row.weights)
        remark(
            fmt::format("{} has trained other weights: its arithmetic is another one, so more than "
                        "the speed has changed",
                        other->name));
    }
  told.insert(told.end(), remarks.begin(), remarks.end());
  return told;
}

}  // namespace trp
