#pragma once

#include <string>
#include <vector>

#include "measure/bench.h"
#include "report/table.h"

namespace trp {

/// Where the time of each row's workers went, as shares of P·T: a header and a row for each row of
/// the bench that has a budget.
std::vector<Cells> budget_table(const std::vector<BenchRow>& rows);

/// Likewise the factors of the POP model.
std::vector<Cells> pop_table(const std::vector<BenchRow>& rows);

/// "useful", "merge_wait", …
std::string_view word_of(BudgetPart part);

/// What the row loses most to, and what to change; empty when it loses next to nothing.
std::string largest_loss_text(const BenchRow& row);

}  // namespace trp
