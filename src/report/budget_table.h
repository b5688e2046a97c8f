#pragma once

#include <string>
#include <vector>

#include "measure/bench.h"
#include "report/json.h"
#include "report/table.h"

namespace trp {

/// Where the time of the workers went: {"useful": 0.75, …}, as shares of P·T.
Json budget_object(const Budget& budget);

/// The factors of the POP model, whose product is the efficiency: {"balance": 0.97, …}.
Json pop_object(const Budget& budget);

/// The same as tables: a header, and a row for each row of the bench that has a budget, the
/// sequential ones left out in the second. What only ranks have is left out where there are none.
std::vector<Cells> budget_table(const std::vector<BenchRow>& rows);
std::vector<Cells> pop_table(const std::vector<BenchRow>& rows);

/// What the row loses most time to, and what to change; empty when it loses next to nothing.
std::string largest_loss_text(const BenchRow& row);

/// The number of workers, of each rank if there are several, with a star if there are more than
/// CPUs: "2", "4*", "2 × 1".
std::string workers_text(const BenchRow& row);

/// "data/factored with 2 workers", "ranks/outputs on 2 ranks of 1 worker"
std::string case_text(const BenchRow& row);

}  // namespace trp
