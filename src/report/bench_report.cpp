#include "report/bench_report.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/ranges.h>

#include "report/budget_table.h"
#include "report/json_values.h"
#include "report/names.h"
#include "report/numbers.h"
#include "report/table.h"

namespace trp {
namespace {

const Cells kHeader = {"schedule",  "workers", "median s",   "mean ± σ s",
                       "samples/s", "speedup", "efficiency", "serial part"};

Cells cells_of(const BenchRow& row) {
  const bool alone = row.benched.plan.strategy == StrategyKind::kSequential;
  return {plan_name(row.benched.plan) + (row.same_bits ? "" : " ≈"),
          fmt::format("{}{}", row.benched.plan.workers, row.oversubscribed ? "*" : ""),
          fmt::format("{:.4f}", row.median_seconds),
          fmt::format("{:.4f} ± {:.4f}", row.seconds.value, row.seconds.sigma),
          with_unit(row.samples_per_second),
          alone ? "1" : fmt::format("{:.2f} ± {:.2f}", row.speedup.value, row.speedup.sigma),
          alone ? "" : percent(row.efficiency),
          row.benched.plan.workers == 1 ? "" : percent(row.karp_flatt)};
}

std::string aligned(const std::vector<Cells>& table) {
  return fmt::format("{}\n", fmt::join(table_lines(table), "\n"));
}

std::vector<Index> batch_sizes_of(const std::vector<BenchRow>& rows) {
  std::vector<Index> sizes;
  for (const BenchRow& row : rows)
    if (std::ranges::find(sizes, row.benched.batch_size) == sizes.end())
      sizes.push_back(row.benched.batch_size);
  return sizes;
}

/// The tables of a batch size, those of the budgets only where there are budgets.
std::vector<std::vector<Cells>> tables_of(const std::vector<BenchRow>& all_rows, Index batch_size) {
  std::vector<BenchRow> rows = all_rows;
  std::erase_if(rows, [&](const BenchRow& row) { return row.benched.batch_size != batch_size; });
  std::vector<std::vector<Cells>> tables = {{kHeader}};
  for (const BenchRow& row : rows) tables[0].push_back(cells_of(row));
  for (const std::vector<Cells>& table : {budget_table(rows), pop_table(rows)})
    if (table.size() > 1) tables.push_back(table);
  return tables;
}

Cells footnotes(const std::vector<BenchRow>& rows) {
  Cells notes;
  if (std::ranges::any_of(rows, &BenchRow::oversubscribed))
    notes.emplace_back("* more workers than CPUs");
  if (!std::ranges::all_of(rows, &BenchRow::same_bits))
    notes.emplace_back("≈ other last bits than sequential training, as this merge may have");
  return notes;
}

std::string context_line(const BenchContext& context) {
  return fmt::format("{}, {}, {}, {} of {} after {} to warm up", fmt::join(context.layers, "-"),
                     context.data, context.machine, count_of(context.runs, "run"),
                     count_of(context.epochs, "epoch"), context.warmup);
}

std::string title_of(Index batch_size) { return fmt::format("batch size {}", batch_size); }

bool is_parallel(const BenchRow& row) { return row.benched.plan.workers > 1; }

/// Faster than sequential by more than the spread of the measurement.
bool pays(const BenchRow& row) { return row.speedup.value - row.speedup.sigma > 1; }

}  // namespace

std::vector<std::string> bench_verdict(const std::vector<BenchRow>& rows) {
  Cells verdict;
  const std::vector<BenchRow> fastest = fastest_rows(rows);
  for (const BenchRow& row : fastest) {
    verdict.push_back(
        row.benched.plan.strategy == StrategyKind::kSequential
            ? fmt::format("{}: nothing is faster than sequential training here",
                          title_of(row.benched.batch_size))
            : fmt::format("{}: {} with {} is fastest, {:.2f} times sequential",
                          title_of(row.benched.batch_size), plan_name(row.benched.plan),
                          count_of(row.benched.plan.workers, "worker"), row.speedup.value));
  }
  if (fastest.size() > 1 && std::ranges::any_of(rows, is_parallel)) {
    const auto first = std::ranges::find_if(
        fastest, [](const BenchRow& row) { return is_parallel(row) && pays(row); });
    verdict.push_back(first == fastest.end()
                          ? "parallel training pays at none of these batch sizes"
                          : fmt::format("parallel training pays from {} on, of those measured",
                                        title_of(first->benched.batch_size)));
  }
  for (const BenchRow& row : rows) {
    const bool fastest_parallel = std::ranges::none_of(rows, [&](const BenchRow& other) {
      return is_parallel(other) && other.benched.batch_size == row.benched.batch_size &&
             other.median_seconds < row.median_seconds;
    });
    if (!is_parallel(row) || !fastest_parallel) continue;
    const std::string loss = largest_loss_text(row);
    if (!loss.empty())
      verdict.push_back(fmt::format("{}: {}", title_of(row.benched.batch_size), loss));
  }
  for (const AmdahlFit& fit : fit_all(rows)) {
    const std::string limit =
        fit.serial_fraction > 0 ? fmt::format("no more than {:.1f} times", 1 / fit.serial_fraction)
                                : "as much as there are workers";
    verdict.push_back(fmt::format("{}, {}: by Amdahl's law a serial part of {} allows {}",
                                  title_of(fit.batch_size), plan_name(fit.plan),
                                  percent(fit.serial_fraction), limit));
  }
  return verdict;
}

std::string bench_text(const BenchContext& context, const std::vector<BenchRow>& rows) {
  std::string text = context_line(context) + '\n';
  for (const Index batch_size : batch_sizes_of(rows)) {
    text += fmt::format("\n{}", title_of(batch_size));
    for (const std::vector<Cells>& table : tables_of(rows, batch_size))
      text += '\n' + aligned(table);
  }
  for (const std::string& note : footnotes(rows)) text += note + '\n';
  text += '\n';
  for (const std::string& sentence : bench_verdict(rows)) text += sentence + '\n';
  return text;
}

std::string bench_markdown(const BenchContext& context, const std::vector<BenchRow>& rows) {
  std::string text = context_line(context) + '\n';
  for (const Index batch_size : batch_sizes_of(rows)) {
    text += fmt::format("\n**{}**\n", title_of(batch_size));
    for (const std::vector<Cells>& table : tables_of(rows, batch_size))
      text += '\n' + markdown_table(table);
  }
  const Cells notes = footnotes(rows);
  if (!notes.empty()) text += fmt::format("\n{}\n", fmt::join(notes, "; "));
  text += '\n';
  for (const std::string& sentence : bench_verdict(rows)) text += fmt::format("- {}\n", sentence);
  return text;
}

std::string bench_csv(const std::vector<BenchRow>& rows) {
  std::string text =
      "batch_size,schedule,workers,median_seconds,mean_seconds,sigma_seconds,samples_per_second,"
      "speedup,speedup_sigma,efficiency,karp_flatt,same_bits,oversubscribed,outliers\n";
  for (const BenchRow& row : rows)
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", row.benched.batch_size,
                        plan_name(row.benched.plan), row.benched.plan.workers, row.median_seconds,
                        row.seconds.value, row.seconds.sigma, row.samples_per_second,
                        row.speedup.value, row.speedup.sigma, row.efficiency, row.karp_flatt,
                        row.same_bits, row.oversubscribed, row.outliers);
  return text;
}

std::string bench_json(const BenchContext& context, const std::vector<BenchRow>& rows,
                       const std::vector<BenchResult>& results) {
  Json document = {
      {"event", "bench"},           {"schema", kSchema},        {"version", context.version},
      {"machine", context.machine}, {"data", context.data},     {"layers", context.layers},
      {"epochs", context.epochs},   {"warmup", context.warmup}, {"runs", context.runs},
      {"results", Json::array()},   {"amdahl", Json::array()},  {"verdict", bench_verdict(rows)}};
  for (const BenchRow& row : rows) {
    const auto result = std::ranges::find_if(results, [&](const BenchResult& candidate) {
      return candidate.benched.batch_size == row.benched.batch_size &&
             candidate.benched.plan.workers == row.benched.plan.workers &&
             same_plan(candidate.benched.plan, row.benched.plan);
    });
    document["results"].push_back({{"batch_size", row.benched.batch_size},
                                   {"schedule", plan_name(row.benched.plan)},
                                   {"workers", row.benched.plan.workers},
                                   {"seconds", result->seconds},
                                   {"median_seconds", row.median_seconds},
                                   {"mean_seconds", row.seconds.value},
                                   {"sigma_seconds", row.seconds.sigma},
                                   {"samples_per_second", row.samples_per_second},
                                   {"speedup", number_or_null(row.speedup.value)},
                                   {"speedup_sigma", number_or_null(row.speedup.sigma)},
                                   {"efficiency", number_or_null(row.efficiency)},
                                   {"karp_flatt", number_or_null(row.karp_flatt)},
                                   {"weights", result->weights},
                                   {"same_bits", row.same_bits},
                                   {"oversubscribed", row.oversubscribed},
                                   {"outliers", row.outliers}});
    if (row.budget) {
      const PopFactors pop = pop_factors(*row.budget);
      Json& shares = document["results"].back()["budget"];
      for (std::size_t p = 0; p < kBudgetPartCount; ++p) {
        const auto part = static_cast<BudgetPart>(p);
        shares[word_of(part)] = row.budget->share(part);
      }
      document["results"].back()["pop"] = {{"load_balance", pop.load_balance},
                                           {"serialisation", pop.serialisation},
                                           {"transfer", pop.transfer},
                                           {"computation_scaling", pop.computation_scaling},
                                           {"availability", pop.availability}};
    }
  }
  for (const AmdahlFit& fit : fit_all(rows))
    document["amdahl"].push_back({{"batch_size", fit.batch_size},
                                  {"schedule", plan_name(fit.plan)},
                                  {"serial_fraction", fit.serial_fraction}});
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace trp
