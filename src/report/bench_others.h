#pragma once

#include <string>
#include <vector>

#include "report/bench_report.h"
#include "report/table.h"

namespace trp {

// Other runs of a bench's cases: those of another build, raced with this one, and those that a file
// tells of.

/// Reads a file of --export-json and gives each case the runs that the file has of it. No verdict
/// is drawn of them where CPU, data or recipe differ, the round trips of a cache line by more than
/// 30 %, or the peaks of a core by more than 10 %. Throws Error if the file is no such export, or
/// has none of the cases.
void read_beside(const std::string& path, const BenchContext& context,
                 std::vector<BenchRow>& cases);

/// The other runs that a row has.
std::vector<const OtherRuns*> others_of(const BenchRow& row);

/// The title of other runs, and their table: a row for each case that has them.
struct OthersTable {
  std::string title;
  std::vector<Cells> rows;
};
std::vector<OthersTable> others_tables(const std::vector<BenchRow>& rows);

/// "batch size 64, tensor with 2 workers: 1.100 times as long as ./before (1.080–1.120)"
std::string slowdown_text(const BenchRow& row, const OtherRuns& other);

/// A sentence for each case of another build or judged file; then what keeps a file from that, and
/// who has trained other weights.
std::vector<std::string> others_verdict(const std::vector<BenchRow>& rows);

}  // namespace trp
