#pragma once

#include <string>
#include <vector>

#include "report/bench_report.h"
#include "report/table.h"

namespace trp {

// Other runs of a bench's cases: those of another build, raced with this one, and those that a file
// tells of.

/// Reads a file of --export-json and gives each case the runs that the file has of it. Returns what
/// the file is of, and why no verdict is drawn where CPU, round trip, peak, data or recipe differ:
/// the round trips of machines that agree are within 30 %, their peaks within 10 %. Throws Error if
/// the file is no such export, or has none of the cases.
OtherBench read_beside(const std::string& path, const BenchContext& context,
                       std::vector<BenchRow>& cases);

/// The title of other runs, and their table: a row for each case that has them.
struct OthersTable {
  std::string title;
  std::vector<Cells> rows;
};
std::vector<OthersTable> others_tables(const BenchContext& context,
                                       const std::vector<BenchRow>& rows);

/// A sentence for each case of another build or judged file, and what keeps a file from that.
std::vector<std::string> others_verdict(const BenchContext& context,
                                        const std::vector<BenchRow>& rows);

/// Returns a sentence for each case that surely takes more than `bound` times as long as another
/// build, or a judged file.
std::vector<std::string> slowdowns_beyond(double bound, const BenchContext& context,
                                          const std::vector<BenchRow>& rows);

}  // namespace trp
