#include "report/bench_report.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/ranges.h>

#include "core/text.h"
#include "report/bench_others.h"
#include "report/budget_table.h"
#include "report/json.h"
#include "report/numbers.h"
#include "report/table.h"
#include "report/time.h"
#include "train/words.h"

namespace trp {
namespace {

const Cells kHeader = {"plan",      "workers", "median s",   "mean ± σ s",
                       "samples/s", "speedup", "efficiency", "serial fraction"};

std::string title_of(Index batch_size) { return fmt::format("batch size {}", batch_size); }

std::optional<double> fraction_of(const BenchRow& row) {
  return serial_fraction(row.speedup().median, total_workers(row.plan));
}

// A single run tells nothing of the spread.

std::string seconds_text(const std::vector<double>& seconds) {
  return fmt::format("{:.4f}", mean(seconds)) +
         (seconds.size() > 1 ? fmt::format(" ± {:.4f}", standard_deviation(seconds)) : "");
}

std::string speedup_text(const std::vector<double>& speedups) {
  const Spread spread = spread_of(speedups);
  return fmt::format("{:.2f}", spread.median) +
         (speedups.size() > 1 ? fmt::format(" ({:.2f}–{:.2f})", spread.lower, spread.upper) : "");
}

Cells cells_of(const BenchRow& row) {
  const double time = median(row.seconds);
  return {
      plan_name(row.plan) + (row.same_bits ? "" : " ≈"),
      workers_text(row),
      fmt::format("{:.4f}", time),
      seconds_text(row.seconds),
      with_unit(static_cast<double>(row.samples) / time),
      row.is_sequential() ? "1" : speedup_text(row.speedups),
      row.is_sequential() ? "" : percent(efficiency(row.speedup().median, total_workers(row.plan))),
      !row.is_parallel() ? ""
      : fraction_of(row) ? percent(*fraction_of(row))
                         : "-"};
}

/// The tables of each batch size under its title, those of the budgets only where there are any.
std::string tables_text(const std::vector<BenchRow>& rows, std::string_view title_format,
                        const std::function<std::string(const std::vector<Cells>&)>& to_text) {
  std::string text;
  for (const auto& [batch_size, group] : by_batch_size(rows)) {
    std::vector<Cells> times = {kHeader};
    std::ranges::transform(group, std::back_inserter(times), cells_of);
    text += fmt::format(fmt::runtime(title_format), title_of(batch_size));
    for (const std::vector<Cells>& table : {times, budget_table(group), pop_table(group)})
      if (table.size() > 1) text += '\n' + to_text(table);
  }
  return text;
}

std::vector<std::string> footnotes(const std::vector<BenchRow>& rows) {
  std::vector<std::string> notes;
  if (std::ranges::any_of(rows, &BenchRow::oversubscribed))
    notes.emplace_back("* more workers than CPUs");
  if (!std::ranges::all_of(rows, &BenchRow::same_bits))
    notes.emplace_back("≈ the last bits differ from sequential training, as this merge allows");
  const auto is_slower = [](const BenchRow& row) { return row.is_parallel() && !fraction_of(row); };
  if (std::ranges::any_of(rows, is_slower))
    notes.emplace_back("- slower than sequential: Amdahl's law does not apply");
  return notes;
}

std::string context_line(const BenchContext& context) {
  return fmt::format("{}, {}, {}, {} of {} after {}\n", fmt::join(context.layers, "-"),
                     printable(context.data), machine_text(context.environment),
                     count_of(context.runs, "run"), count_of(context.epochs, "epoch"),
                     count_of(context.warmup, "warm-up run"));
}

Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Json sigma_object(const std::vector<double>& values) {
  return values.size() > 1 ? Json(standard_deviation(values)) : Json();
}

/// The fields of a row that CSV has too.
Json row_object(const BenchRow& row) {
  const double time = median(row.seconds);
  const double speedup = row.speedup().median;
  return {{"batch_size", row.batch_size},
          {"plan", plan_name(row.plan)},
          {"workers", row.plan.workers},
          {"median_seconds", time},
          {"mean_seconds", mean(row.seconds)},
          {"sigma_seconds", sigma_object(row.seconds)},
          {"samples_per_second", static_cast<double>(row.samples) / time},
          {"speedup", speedup},
          {"speedup_sigma", sigma_object(row.speedups)},
          {"efficiency",
           row.is_sequential() ? Json() : Json(efficiency(speedup, total_workers(row.plan)))},
          {"serial_fraction", or_null(fraction_of(row))},
          {"same_bits", row.same_bits},
          {"oversubscribed", row.oversubscribed},
          {"outliers", count_outliers(row.seconds)},
          {"baseline_median_seconds", row.baseline ? Json(median(row.baseline->seconds)) : Json()},
          {"slowdown", row.baseline ? Json(row.baseline->slowdown.value) : Json()},
          {"slowdown_lower", row.baseline ? Json(row.baseline->slowdown.lower) : Json()},
          {"slowdown_upper", row.baseline ? Json(row.baseline->slowdown.upper) : Json()},
          {"ranks", row.plan.ranks}};
}

Json runs_object(const std::optional<OtherRuns>& runs) {
  if (!runs) return {};
  return {{"name", runs->name},
          {"origin", runs->origin},
          {"why_not_judged", runs->why_not_judged},
          {"seconds", runs->seconds},
          {"weights", runs->weights},
          {"slowdown", runs->slowdown.value},
          {"slowdown_lower", runs->slowdown.lower},
          {"slowdown_upper", runs->slowdown.upper}};
}

Json full_object(const BenchRow& row) {
  Json object = row_object(row);
  object.update({{"seconds", row.seconds},
                 {"lost_seconds", row.lost},
                 {"weights", row.weights},
                 {"baseline", runs_object(row.baseline)},
                 {"beside", runs_object(row.beside)},
                 {"budget", row.budget ? budget_object(*row.budget) : Json()},
                 {"pop", row.budget ? pop_object(*row.budget) : Json()}});
  return object;
}

}  // namespace

std::string bench_text(const BenchContext& context, const std::vector<BenchRow>& rows) {
  std::string text = context_line(context) + tables_text(rows, "\n{}", [](const auto& table) {
                       return fmt::format("{}\n", fmt::join(table_lines(table), "\n"));
                     });
  for (const std::string& note : footnotes(rows)) text += note + '\n';
  for (const OthersTable& table : others_tables(rows))
    text += fmt::format("\n{}\n{}\n", table.title, fmt::join(table_lines(table.rows), "\n"));
  return text + fmt::format("\n{}\n", fmt::join(bench_verdict(rows), "\n"));
}

std::string bench_markdown(const BenchContext& context, const std::vector<BenchRow>& rows) {
  std::string text = fmt::format("{}\n{}{}", kBenchMarkdownStart, context_line(context),
                                 tables_text(rows, "\n**{}**\n", markdown_table));
  const std::vector<std::string> notes = footnotes(rows);
  if (!notes.empty()) text += fmt::format("\n{}\n", fmt::join(notes, "; "));
  for (const OthersTable& table : others_tables(rows))
    text += fmt::format("\n**{}**\n\n{}", table.title, markdown_table(table.rows));
  return text + fmt::format("\n- {}\n", fmt::join(bench_verdict(rows), "\n- "));
}

std::string bench_csv(const std::vector<BenchRow>& rows) {
  std::string text = csv_header(row_object(rows.front())) + '\n';
  for (const BenchRow& row : rows) text += csv_row(row_object(row)) + '\n';
  return text;
}

std::string bench_json(const BenchContext& context, const std::vector<BenchRow>& rows) {
  Json row_objects = Json::array(), fits = Json::array();
  for (const BenchRow& row : rows) row_objects.push_back(full_object(row));
  for (const AmdahlFit& fit : fit_all(rows)) {
    fits.push_back({{"batch_size", fit.batch_size},
                    {"plan", plan_name(fit.plan)},
                    {"serial_fraction", or_null(fit.serial_fraction)}});
  }
  Json document = document_of("bench", context.environment), recipe = to_json(context.recipe);
  recipe.erase("batch_size");  // each row has its own
  document.update({{"round_trip_ns", or_null(context.environment.round_trip_ns)},
                   {"peak_gflops", or_null(context.environment.peak_gflops)},
                   {"load", or_null(context.environment.load)},
                   {"data", context.data},
                   {"layers", context.layers},
                   {"recipe", recipe},
                   {"epochs", context.epochs},
                   {"warmup", context.warmup},
                   {"runs", context.runs},
                   {"results", std::move(row_objects)},
                   {"amdahl", std::move(fits)},
                   {"verdict", bench_verdict(rows)}});
  return json_text(document, 2) + '\n';
}

void export_bench(const BenchFiles& files, Outputs& outputs, const BenchContext& context,
                  const std::vector<BenchRow>& rows) {
  const auto write = [&](std::string_view option, const std::string& path, const auto& make_text) {
    if (!path.empty() && path != "-") outputs.at(option).replace(std::string_view(make_text()));
  };
  write("--export-json", files.json, [&] { return bench_json(context, rows); });
  write("--export-csv", files.csv, [&] { return bench_csv(rows); });
  write("--export-markdown", files.markdown, [&] { return bench_markdown(context, rows); });
}

std::string bench_output(const BenchFiles& files, const BenchContext& context,
                         const std::vector<BenchRow>& rows) {
  if (files.json == "-") return bench_json(context, rows);
  if (files.csv == "-") return bench_csv(rows);
  if (files.markdown == "-") return bench_markdown(context, rows);
  return bench_text(context, rows);
}

std::string timeline_text(const BenchRow& row, const PhaseRecorder& recorder) {
  constexpr int kColumns = 72;
  return fmt::format("\n{}, batch size {}: a step\n{}\n", case_text(row), row.batch_size,
                     fmt::join(timeline_picture(recorder, kColumns), "\n"));
}

}  // namespace trp
