#include "report/budget_table.h"

#include <array>

#include <fmt/format.h>

#include "report/names.h"
#include "report/numbers.h"

namespace trp {
namespace {

constexpr double kSmallestLoss = 0.05;  // of all time, to be worth a sentence

struct PartText {
  std::string_view word;
  std::string_view title;
  std::string_view loss;    // "… is lost to this"
  std::string_view remedy;  // for all strategies but those that remedy_of() knows better
};

constexpr std::array<PartText, kBudgetPartCount> kTexts = {{
    {"useful", "useful", "", ""},
    {"slower", "slower", "the same work taking longer",
     "workers share memory bandwidth, caches or a core, so fewer workers may lose less"},
    {"merge", "merging", "merging gradients",
     "--merge factored merges a few words instead of whole gradients"},
    {"merge_wait", "locks", "waiting for the merge's locks",
     "--merge factored holds the lock for a few words only"},
    {"imbalance", "imbalance", "waiting for the busiest worker",
     "a --batch-size that the workers divide evenly, or fewer workers, balances better"},
    {"barrier", "barriers", "forks and joins",
     "a larger --batch-size has fewer of them for the same work"},
    {"load", "data", "waiting for data", "take more --loaders, or none"},
    {"serial", "serial", "the part that one worker does alone",
     "a larger --batch-size has less of it for the same work"},
    {"given", "others", "CPU time that the system gave to others",
     "stop other programs, or leave them a CPU with fewer workers"},
}};

const PartText& text_of(BudgetPart part) { return kTexts[static_cast<std::size_t>(part)]; }

std::string_view remedy_of(BudgetPart part, StrategyKind kind) {
  if (kind == StrategyKind::kPipeline && part == BudgetPart::kImbalance)
    return "its stages have unequal layers: other widths with --hidden, or --strategy data";
  if (kind == StrategyKind::kPipeline && part == BudgetPart::kBarrier)
    return "more --micro-batches make the bubble smaller";
  if (kind == StrategyKind::kTensor && part == BudgetPart::kBarrier)
    return "it joins after every layer: --strategy data does so twice a step";
  return text_of(part).remedy;
}

std::string workers_cell(const BenchRow& row) {
  return fmt::format("{}{}", row.benched.plan.workers, row.oversubscribed ? "*" : "");
}

}  // namespace

std::string_view word_of(BudgetPart part) { return text_of(part).word; }

std::vector<Cells> budget_table(const std::vector<BenchRow>& rows) {
  Cells header = {"P·T", "workers"};
  for (const PartText& text : kTexts) header.emplace_back(text.title);
  std::vector<Cells> table = {header};
  for (const BenchRow& row : rows) {
    if (!row.budget) continue;
    Cells cells = {plan_name(row.benched.plan), workers_cell(row)};
    for (std::size_t p = 0; p < kBudgetPartCount; ++p)
      cells.push_back(fmt::format("{:.1f} %", 100 * row.budget->share(static_cast<BudgetPart>(p))));
    table.push_back(cells);
  }
  return table;
}

std::vector<Cells> pop_table(const std::vector<BenchRow>& rows) {
  std::vector<Cells> table = {{"efficiency", "workers", "= balance", "× serialisation",
                               "× transfer", "× scaling", "× availability"}};
  for (const BenchRow& row : rows) {
    if (!row.budget || row.benched.plan.strategy == StrategyKind::kSequential) continue;
    const PopFactors pop = pop_factors(*row.budget);
    Cells cells = {plan_name(row.benched.plan), workers_cell(row)};
    for (const double factor : {pop.load_balance, pop.serialisation, pop.transfer,
                                pop.computation_scaling, pop.availability})
      cells.push_back(fmt::format("{:.1f} %", 100 * factor));
    table.push_back(cells);
  }
  return table;
}

std::string largest_loss_text(const BenchRow& row) {
  if (!row.budget) return {};
  const BudgetPart part = largest_loss(*row.budget);
  if (row.budget->share(part) < kSmallestLoss) return {};
  return fmt::format("{} with {} loses most to {}, {}: {}", plan_name(row.benched.plan),
                     count_of(row.benched.plan.workers, "worker"), text_of(part).loss,
                     percent(row.budget->share(part)), remedy_of(part, row.benched.plan.strategy));
}

}  // namespace trp
