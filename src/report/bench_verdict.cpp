#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include <fmt/ranges.h>

#include "measure/certainty.h"
#include "report/bench_others.h"
#include "report/bench_report.h"
#include "report/budget_table.h"
#include "report/numbers.h"
#include "train/words.h"

namespace trp {
namespace {

using Rows = std::vector<BenchRow>;

double time_of(const BenchRow& row) { return median(row.seconds); }

/// Returns whether others' use of the CPUs could not have made what `conclude` says of the rows.
template <class Conclude>
bool is_sure(const Rows& rows, const Conclude& conclude) {
  return is_certain(rows, [&](Rows other) {
    update_speedups(other);
    return conclude(other);
  });
}

/// The fastest row of a batch size; the sequential one, which is the first, if none is faster.
std::size_t fastest_of(const Rows& rows) {
  const auto fastest = std::ranges::min_element(rows, {}, time_of);
  return is_faster(fastest->speedup()) ? static_cast<std::size_t>(fastest - rows.begin()) : 0;
}

std::string fastest_text(const Rows& rows) {
  const BenchRow& row = rows[fastest_of(rows)];
  if (row.is_sequential())
    return fmt::format("batch size {}: nothing is faster than sequential training here",
                       row.batch_size);
  return fmt::format("batch size {}: {} is fastest, {:.2f} times as fast as sequential training",
                     row.batch_size, case_text(row), row.speedup().median);
}

/// The smallest batch size at which parallel training is fastest.
std::optional<Index> payoff_of(const Rows& rows) {
  for (const auto& [batch_size, group] : by_batch_size(rows))
    if (group[fastest_of(group)].is_parallel()) return batch_size;
  return std::nullopt;
}

std::string payoff_text(const Rows& rows) {
  const std::optional<Index> payoff = payoff_of(rows);
  return payoff ? fmt::format("of these batch sizes, parallel training pays from {} on", *payoff)
                : "parallel training pays at none of these batch sizes";
}

/// What the fastest parallel row loses most time to; empty if there is none, or next to no loss.
std::string largest_loss_of(const Rows& rows) {
  Rows parallel = rows;
  std::erase_if(parallel, [](const BenchRow& row) { return !row.is_parallel(); });
  if (parallel.empty()) return {};
  const std::string loss = largest_loss_text(*std::ranges::min_element(parallel, {}, time_of));
  return loss.empty() ? loss : fmt::format("batch size {}: {}", rows.front().batch_size, loss);
}

std::string amdahl_text(const AmdahlFit& fit) {
  const std::string title = fmt::format("batch size {}, {}", fit.batch_size, plan_name(fit.plan));
  if (!fit.serial_fraction)
    return title + ": slower than sequential training, so Amdahl's law does not apply";
  const double fraction = *fit.serial_fraction;
  return fmt::format("{}: by Amdahl's law a serial fraction of {} allows {}", title,
                     percent(fraction),
                     fraction > 0 ? fmt::format("a speedup of at most {:.1f}", 1 / fraction)
                                  : "as much speedup as there are workers");
}

/// The serial fractions, to a tenth.
std::vector<long> tenths_of(const Rows& rows) {
  std::vector<long> tenths;
  for (const AmdahlFit& fit : fit_all(rows))
    tenths.push_back(std::lround(10 * fit.serial_fraction.value_or(2)));
  return tenths;
}

}  // namespace

std::vector<std::string> bench_verdict(const std::vector<BenchRow>& rows) {
  std::vector<std::string> told = others_verdict(rows), untold;
  if (rows.front().baseline) return told;
  const auto tell = [&](bool sure, const std::string& answer, const std::string& question) {
    if (!answer.empty()) (sure ? told : untold).push_back(sure ? answer : question);
  };
  const std::map<Index, Rows> groups = by_batch_size(rows);
  for (const auto& [size, group] : groups)
    tell(is_sure(group, fastest_of), fastest_text(group),
         fmt::format("what is fastest at batch size {}", size));
  if (groups.size() > 1 && std::ranges::any_of(rows, &BenchRow::is_parallel))
    tell(is_sure(rows, payoff_of), payoff_text(rows), "where parallel training pays");
  for (const auto& [size, group] : groups)
    tell(lost_share(group) < kMaxLostShare, largest_loss_of(group),
         fmt::format("what most time is lost to at batch size {}", size));
  for (const auto& [size, group] : groups) {
    const bool sure = is_sure(group, tenths_of);
    for (const AmdahlFit& fit : fit_all(group))
      tell(sure, amdahl_text(fit),
           fmt::format("what Amdahl's law allows {} at batch size {}", plan_name(fit.plan), size));
  }
  if (!untold.empty())
    told.push_back(
        fmt::format("other programs may have cost up to {:.0f} % of the time, too much to tell {}",
                    100 * lost_share(rows),
                    told.empty() ? "anything" : fmt::format("{}", fmt::join(untold, "; "))));
  if (rows.back().plan.ranks > 1)
    told.emplace_back(
        "what other programs have cost is not known of ranks, so be sure that there were none");
  if (rows.front().seconds.size() == 1)
    told.emplace_back("all of this is from one run of each, which does not tell how sure it is");
  return told;
}

}  // namespace trp
