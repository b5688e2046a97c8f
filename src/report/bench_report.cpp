#include "report/bench_report.h"

#include <algorithm>
#include <utility>

#include <fmt/ranges.h>

#include "report/budget_table.h"
#include "report/json.h"
#include "report/numbers.h"
#include "report/table.h"
#include "train/words.h"

namespace trp {
namespace {

const Cells kHeader = {"plan",      "workers", "median s",   "mean ± σ s",
                       "samples/s", "speedup", "efficiency", "serial fraction"};

bool is_sequential(const BenchRow& row) {
  return row.benched.plan.strategy == StrategyKind::kSequential;
}

bool is_parallel(const BenchRow& row) { return row.benched.plan.workers > 1; }

/// Faster than sequential by more than the spread of the measurement.
bool pays(const BenchRow& row) { return row.speedup.value - row.speedup.sigma > 1; }

Cells cells_of(const BenchRow& row) {
  return {plan_name(row.benched.plan) + (row.same_bits ? "" : " ≈"),
          workers_text(row),
          fmt::format("{:.4f}", row.median_seconds),
          fmt::format("{:.4f} ± {:.4f}", row.seconds.value, row.seconds.sigma),
          with_unit(row.samples_per_second),
          is_sequential(row) ? "1"
                             : fmt::format("{:.2f} ± {:.2f}", row.speedup.value, row.speedup.sigma),
          is_sequential(row) ? "" : percent(row.efficiency),
          is_parallel(row) ? percent(row.karp_flatt) : ""};
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

std::vector<std::string> footnotes(const std::vector<BenchRow>& rows) {
  std::vector<std::string> notes;
  if (std::ranges::any_of(rows, &BenchRow::oversubscribed))
    notes.emplace_back("* more workers than CPUs");
  if (!std::ranges::all_of(rows, &BenchRow::same_bits))
    notes.emplace_back("≈ the last bits differ from sequential training, as this merge allows");
  return notes;
}

std::string context_line(const BenchContext& context) {
  return fmt::format("{}, {}, {}, {} of {} after {}\n", fmt::join(context.layers, "-"),
                     context.data, machine_text(context.environment), count_of(context.runs, "run"),
                     count_of(context.epochs, "epoch"), count_of(context.warmup, "warm-up run"));
}

std::string title_of(Index batch_size) { return fmt::format("batch size {}", batch_size); }

std::string fastest_text(const BenchRow& row) {
  const std::string title = title_of(row.benched.batch_size);
  if (is_sequential(row))
    return fmt::format("{}: nothing is faster than sequential training here", title);
  return fmt::format("{}: {} with {} is fastest, {:.2f} times as fast as sequential training",
                     title, plan_name(row.benched.plan),
                     count_of(row.benched.plan.workers, "worker"), row.speedup.value);
}

/// From which batch size on parallel training pays.
std::string payoff_text(const std::vector<BenchRow>& fastest) {
  const auto first = std::ranges::find_if(
      fastest, [](const BenchRow& row) { return is_parallel(row) && pays(row); });
  if (first == fastest.end()) return "parallel training pays at none of these batch sizes";
  return fmt::format("of these batch sizes, parallel training pays from {} on",
                     first->benched.batch_size);
}

std::string amdahl_text(const AmdahlFit& fit) {
  const std::string limit =
      fit.serial_fraction > 0 ? fmt::format("a speedup of at most {:.1f}", 1 / fit.serial_fraction)
                              : "as much speedup as there are workers";
  return fmt::format("{}, {}: by Amdahl's law a serial fraction of {} allows {}",
                     title_of(fit.batch_size), plan_name(fit.plan), percent(fit.serial_fraction),
                     limit);
}

/// The fields of a row that CSV has too.
Json row_object(const BenchRow& row) {
  return {{"batch_size", row.benched.batch_size},
          {"plan", plan_name(row.benched.plan)},
          {"workers", row.benched.plan.workers},
          {"median_seconds", row.median_seconds},
          {"mean_seconds", row.seconds.value},
          {"sigma_seconds", row.seconds.sigma},
          {"samples_per_second", row.samples_per_second},
          {"speedup", row.speedup.value},
          {"speedup_sigma", row.speedup.sigma},
          {"efficiency", is_sequential(row) ? Json() : Json(row.efficiency)},
          {"serial_fraction", is_parallel(row) ? Json(row.karp_flatt) : Json()},
          {"same_bits", row.same_bits},
          {"oversubscribed", row.oversubscribed},
          {"outliers", row.outliers}};
}

const BenchResult& result_of(const BenchRow& row, const std::vector<BenchResult>& results) {
  return *std::ranges::find_if(results, [&](const BenchResult& candidate) {
    return candidate.benched.batch_size == row.benched.batch_size &&
           candidate.benched.plan.workers == row.benched.plan.workers &&
           same_plan(candidate.benched.plan, row.benched.plan);
  });
}

}  // namespace

std::vector<std::string> bench_verdict(const std::vector<BenchRow>& rows) {
  std::vector<std::string> verdict;
  const std::vector<BenchRow> fastest = fastest_rows(rows);
  for (const BenchRow& row : fastest) verdict.push_back(fastest_text(row));
  if (fastest.size() > 1 && std::ranges::any_of(rows, is_parallel))
    verdict.push_back(payoff_text(fastest));
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
  for (const AmdahlFit& fit : fit_all(rows)) verdict.push_back(amdahl_text(fit));
  return verdict;
}

std::string bench_text(const BenchContext& context, const std::vector<BenchRow>& rows) {
  std::string text = context_line(context);
  for (const Index batch_size : batch_sizes_of(rows)) {
    text += fmt::format("\n{}", title_of(batch_size));
    for (const std::vector<Cells>& table : tables_of(rows, batch_size))
      text += fmt::format("\n{}\n", fmt::join(table_lines(table), "\n"));
  }
  for (const std::string& note : footnotes(rows)) text += note + '\n';
  return text + fmt::format("\n{}\n", fmt::join(bench_verdict(rows), "\n"));
}

std::string bench_markdown(const BenchContext& context, const std::vector<BenchRow>& rows) {
  std::string text = context_line(context);
  for (const Index batch_size : batch_sizes_of(rows)) {
    text += fmt::format("\n**{}**\n", title_of(batch_size));
    for (const std::vector<Cells>& table : tables_of(rows, batch_size))
      text += '\n' + markdown_table(table);
  }
  const std::vector<std::string> notes = footnotes(rows);
  if (!notes.empty()) text += fmt::format("\n{}\n", fmt::join(notes, "; "));
  return text + fmt::format("\n- {}\n", fmt::join(bench_verdict(rows), "\n- "));
}

std::string bench_csv(const std::vector<BenchRow>& rows) {
  std::string text = csv_header(row_object(BenchRow())) + '\n';
  for (const BenchRow& row : rows) text += csv_row(row_object(row)) + '\n';
  return text;
}

std::string bench_json(const BenchContext& context, const std::vector<BenchRow>& rows,
                       const std::vector<BenchResult>& results) {
  Json row_objects = Json::array(), fits = Json::array();
  for (const BenchRow& row : rows) {
    const BenchResult& result = result_of(row, results);
    Json object = row_object(row);
    object.update({{"seconds", result.seconds},
                   {"weights", result.weights},
                   {"budget", row.budget ? budget_object(*row.budget) : Json()},
                   {"pop", row.budget ? pop_object(*row.budget) : Json()}});
    row_objects.push_back(std::move(object));
  }
  for (const AmdahlFit& fit : fit_all(rows)) {
    fits.push_back({{"batch_size", fit.batch_size},
                    {"plan", plan_name(fit.plan)},
                    {"serial_fraction", fit.serial_fraction}});
  }
  Json document = document_of("bench", context.environment);
  document.update({{"data", context.data},
                   {"layers", context.layers},
                   {"epochs", context.epochs},
                   {"warmup", context.warmup},
                   {"runs", context.runs},
                   {"results", std::move(row_objects)},
                   {"amdahl", std::move(fits)},
                   {"verdict", bench_verdict(rows)}});
  return to_text(document, 2) + '\n';
}

}  // namespace trp
