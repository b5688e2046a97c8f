#include "report/bench_report.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>

#include <fmt/ranges.h>

#include "report/budget_table.h"
#include "report/json.h"
#include "report/numbers.h"
#include "report/table.h"
#include "report/time.h"
#include "system/atomic_file.h"
#include "train/words.h"

namespace trp {
namespace {

const Cells kHeader = {"plan",      "workers", "median s",   "mean ± σ s",
                       "samples/s", "speedup", "efficiency", "serial fraction"};

std::string title_of(Index batch_size) { return fmt::format("batch size {}", batch_size); }

bool is_sequential(const BenchRow& row) { return row.plan.strategy == StrategyKind::kSequential; }

bool is_parallel(const BenchRow& row) { return row.plan.workers > 1; }

double serial_fraction(const BenchRow& row) {
  return karp_flatt(row.speedup().median, row.plan.workers);
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
  return {plan_name(row.plan) + (row.same_bits ? "" : " ≈"),
          workers_text(row),
          fmt::format("{:.4f}", time),
          seconds_text(row.seconds),
          with_unit(static_cast<double>(row.samples) / time),
          is_sequential(row) ? "1" : speedup_text(row.speedups),
          is_sequential(row) ? "" : percent(efficiency(row.speedup().median, row.plan.workers)),
          is_parallel(row) ? percent(serial_fraction(row)) : ""};
}

/// The tables of each batch size under its title, those of the budgets only where there are any.
std::string tables_text(const std::vector<BenchRow>& rows, std::string_view title_format,
                        const std::function<std::string(const std::vector<Cells>&)>& to_text) {
  std::map<Index, std::vector<BenchRow>> by_batch_size;
  for (const BenchRow& row : rows) by_batch_size[row.batch_size].push_back(row);
  std::string text;
  for (const auto& [batch_size, group] : by_batch_size) {
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
  return notes;
}

std::string context_line(const BenchContext& context) {
  return fmt::format("{}, {}, {}, {} of {} after {}\n", fmt::join(context.layers, "-"),
                     context.data, machine_text(context.environment), count_of(context.runs, "run"),
                     count_of(context.epochs, "epoch"), count_of(context.warmup, "warm-up run"));
}

std::string fastest_text(const BenchRow& row) {
  const std::string title = title_of(row.batch_size);
  if (is_sequential(row))
    return fmt::format("{}: nothing is faster than sequential training here", title);
  return fmt::format("{}: {} is fastest, {:.2f} times as fast as sequential training", title,
                     case_text(row), row.speedup().median);
}

/// From which batch size on parallel training pays.
std::string payoff_text(const std::vector<BenchRow>& fastest) {
  const auto first = std::ranges::find_if(
      fastest, [](const BenchRow& row) { return is_parallel(row) && is_faster(row.speedup()); });
  if (first == fastest.end()) return "parallel training pays at none of these batch sizes";
  return fmt::format("of these batch sizes, parallel training pays from {} on", first->batch_size);
}

std::string amdahl_text(const AmdahlFit& fit) {
  const std::string limit =
      fit.serial_fraction > 0 ? fmt::format("a speedup of at most {:.1f}", 1 / fit.serial_fraction)
                              : "as much speedup as there are workers";
  return fmt::format("{}, {}: by Amdahl's law a serial fraction of {} allows {}",
                     title_of(fit.batch_size), plan_name(fit.plan), percent(fit.serial_fraction),
                     limit);
}

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
          {"efficiency", is_sequential(row) ? Json() : Json(efficiency(speedup, row.plan.workers))},
          {"serial_fraction", is_parallel(row) ? Json(serial_fraction(row)) : Json()},
          {"same_bits", row.same_bits},
          {"oversubscribed", row.oversubscribed},
          {"outliers", count_outliers(row.seconds)}};
}

Json full_object(const BenchRow& row) {
  Json object = row_object(row);
  object.update({{"seconds", row.seconds},
                 {"weights", row.weights},
                 {"budget", row.budget ? budget_object(*row.budget) : Json()},
                 {"pop", row.budget ? pop_object(*row.budget) : Json()}});
  return object;
}

}  // namespace

std::vector<std::string> bench_verdict(const std::vector<BenchRow>& rows) {
  std::vector<std::string> verdict;
  std::vector<BenchRow> parallel = rows;
  std::erase_if(parallel, [](const BenchRow& row) { return !is_parallel(row); });
  const std::vector<BenchRow> fastest = fastest_rows(rows);
  for (const BenchRow& row : fastest) verdict.push_back(fastest_text(row));
  if (fastest.size() > 1 && !parallel.empty()) verdict.push_back(payoff_text(fastest));
  for (const BenchRow& row : fastest_rows(parallel)) {
    if (const std::string loss = largest_loss_text(row); !loss.empty())
      verdict.push_back(fmt::format("{}: {}", title_of(row.batch_size), loss));
  }
  for (const AmdahlFit& fit : fit_all(rows)) verdict.push_back(amdahl_text(fit));
  return verdict;
}

std::string bench_text(const BenchContext& context, const std::vector<BenchRow>& rows) {
  std::string text = context_line(context) + tables_text(rows, "\n{}", [](const auto& table) {
                       return fmt::format("{}\n", fmt::join(table_lines(table), "\n"));
                     });
  for (const std::string& note : footnotes(rows)) text += note + '\n';
  return text + fmt::format("\n{}\n", fmt::join(bench_verdict(rows), "\n"));
}

std::string bench_markdown(const BenchContext& context, const std::vector<BenchRow>& rows) {
  std::string text = context_line(context) + tables_text(rows, "\n**{}**\n", markdown_table);
  const std::vector<std::string> notes = footnotes(rows);
  if (!notes.empty()) text += fmt::format("\n{}\n", fmt::join(notes, "; "));
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

std::string export_bench(const BenchFiles& files, const BenchContext& context,
                         const std::vector<BenchRow>& rows) {
  std::string output;
  const auto write = [&](const std::string& path, const std::string& text) {
    if (path == "-") {
      output = text;
    } else if (!path.empty()) {
      write_file_atomically(path, text);
    }
  };
  write(files.json, bench_json(context, rows));
  write(files.csv, bench_csv(rows));
  write(files.markdown, bench_markdown(context, rows));
  return output.empty() ? bench_text(context, rows) : output;
}

std::string timeline_text(const BenchRow& row, const PhaseRecorder& recorder) {
  constexpr int kColumns = 72;
  return fmt::format("\n{}, {}, batch size {}: a step\n{}\n", plan_name(row.plan),
                     count_of(row.plan.workers, "worker"), row.batch_size,
                     fmt::join(timeline_picture(recorder, kColumns), "\n"));
}

}  // namespace trp
