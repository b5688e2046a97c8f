#pragma once

#include <string>
#include <vector>

#include "measure/bench.h"
#include "report/json.h"
#include "report/table.h"

namespace trp {

/// Where the time of each row's workers went, as shares of P·T: a header and a row for each row of
/// the bench that has a budget.
std::vector<Cells> budget_table(const std::vector<BenchRow>& rows);

/// The shares of one budget.
Json budget_object(const Budget& budget);

/// The factors of the POP model: a header and a row for each parallel row that has a budget.
std::vector<Cells> pop_table(const std::vector<BenchRow>& rows);

/// The factors of one budget.
Json pop_object(const Budget& budget);

/// What the row loses most time to, and what to change; empty when it loses next to nothing.
std::string largest_loss_text(const BenchRow& row);

/// The number of workers, with a star if there are more than CPUs.
std::string workers_text(const BenchRow& row);

}  // namespace trp
