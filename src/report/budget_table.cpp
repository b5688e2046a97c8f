#include "report/budget_table.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "report/numbers.h"
#include "train/words.h"

namespace trp {
namespace {

constexpr double kMinLoss = 0.05;  // of all time, to be worth a sentence

struct PartText {
  std::string_view word;    // the same in tables and JSON
  std::string_view loss;    // "… is lost to this"
  std::string_view remedy;  // for all strategies but those that remedy_of() knows better
};

constexpr std::array<PartText, kBudgetPartCount> kTexts = {{
    {"useful", "", ""},
    {"slower", "the same work taking longer",
     "workers share memory bandwidth, caches or a core, so fewer workers may lose less"},
    {"merge", "merging gradients",
     "--merge factored merges a few words instead of whole gradients"},
    {"locks", "waiting for the merge's locks",
     "--merge factored holds the lock for a few words only"},
    {"imbalance", "waiting for the busiest worker",
     "a --batch-size that the workers divide evenly, or fewer workers, balances better"},
    {"barriers", "forks and joins", "a larger --batch-size has fewer of them for the same work"},
    {"ranks", "waiting for other ranks",
     "a larger --batch-size, wider layers or a faster link hide more of it"},
    {"data", "waiting for data", "take more --loaders, or none"},
    {"serial", "the part that one worker does alone",
     "a larger --batch-size has less of it for the same work"},
    {"others", "CPU time taken by other programs",
     "stop other programs, or leave them a CPU with fewer workers"},
}};

const PartText& text_of(BudgetPart part) { return kTexts[static_cast<std::size_t>(part)]; }

std::string_view remedy_of(BudgetPart part, StrategyKind kind) {
  if (kind == StrategyKind::kPipeline && part == BudgetPart::kImbalance)
    return "its stages have unequal layers: other widths with --hidden, or --strategy data";
  if (kind == StrategyKind::kPipeline && part == BudgetPart::kBarrier)
    return "more --micro-batches make the bubble smaller";
  if (kind == StrategyKind::kTensor && part == BudgetPart::kBarrier)
    return "it joins after every wide layer: --strategy data does so twice a step";
  return text_of(part).remedy;
}

Cells share_cells(const BenchRow& row, const Json& shares) {
  Cells cells = {plan_name(row.plan), workers_text(row)};
  for (const Json& share : shares)
    cells.push_back(fmt::format("{:.1f} %", 100 * share.get<double>()));
  return cells;
}

}  // namespace

Json budget_object(const Budget& budget) {
  Json shares;
  for (std::size_t p = 0; p < kBudgetPartCount; ++p)
    shares[kTexts[p].word] = budget.share(static_cast<BudgetPart>(p));
  return shares;
}

Json pop_object(const Budget& budget) {
  const PopFactors pop = pop_factors(budget);
  return {{"balance", pop.load_balance},
          {"serialisation", pop.serialisation},
          {"transfer", pop.transfer},
          {"scaling", pop.computation_scaling},
          {"availability", pop.availability}};
}

std::vector<Cells> budget_table(const std::vector<BenchRow>& rows) {
  const bool has_ranks =
      std::ranges::any_of(rows, [](const BenchRow& row) { return row.plan.ranks > 1; });
  const std::string_view left_out = has_ranks ? "" : text_of(BudgetPart::kRanks).word;
  std::vector<Cells> table = {{"P·T", "workers"}};
  for (const PartText& part : kTexts)
    if (part.word != left_out) table[0].emplace_back(part.word);
  for (const BenchRow& row : rows) {
    if (!row.budget) continue;
    Json shares = budget_object(*row.budget);
    shares.erase(std::string(left_out));
    table.push_back(share_cells(row, shares));
  }
  return table;
}

std::vector<Cells> pop_table(const std::vector<BenchRow>& rows) {
  std::vector<Cells> table = {{"efficiency", "workers"}};
  const Json factors = pop_object(Budget());
  for (const auto& factor : factors.items())
    table[0].push_back((table[0].size() == 2 ? "= " : "× ") + factor.key());
  for (const BenchRow& row : rows) {
    if (row.budget && !row.is_sequential())
      table.push_back(share_cells(row, pop_object(*row.budget)));
  }
  return table;
}

std::string largest_loss_text(const BenchRow& row) {
  if (!row.budget) return {};
  const BudgetPart part = largest_loss(*row.budget);
  const double share = row.budget->share(part);
  if (share < kMinLoss) return {};
  return fmt::format("{} loses most time to {}, {}: {}", case_text(row), text_of(part).loss,
                     percent(share), remedy_of(part, row.plan.strategy));
}

std::string workers_text(const BenchRow& row) {
  const Plan& plan = row.plan;
  return fmt::format("{}{}{}", plan.ranks > 1 ? fmt::format("{} × ", plan.ranks) : "", plan.workers,
                     row.oversubscribed ? "*" : "");
}

std::string case_text(const BenchRow& row) {
  const Plan& plan = row.plan;
  const std::string workers = count_of(plan.workers, "worker");
  return plan.ranks > 1
             ? fmt::format("{} on {} of {}", plan_name(plan), count_of(plan.ranks, "rank"), workers)
             : fmt::format("{} with {}", plan_name(plan), workers);
}

}  // namespace trp
