#pragma once

#include <string>
#include <vector>

#include "measure/bench.h"
#include "report/environment.h"

namespace trp {

/// What all rows have in common.
struct BenchContext {
  Environment environment;
  std::string data;  // where it came from
  std::vector<Index> layers;
  int epochs = 1;
  int warmup = 1;
  int runs = 5;
};

// Each of these gives the whole text of a report, which ends in a line feed.

/// Aligned tables for people, for each batch size: the times, where they went, and the factors of
/// efficiency; then the verdict.
std::string bench_text(const BenchContext& context, const std::vector<BenchRow>& rows);

/// The same as tables of Markdown.
std::string bench_markdown(const BenchContext& context, const std::vector<BenchRow>& rows);

/// A header and one line for each row.
std::string bench_csv(const std::vector<BenchRow>& rows);

/// One JSON document; `results` gives the seconds of each run.
std::string bench_json(const BenchContext& context, const std::vector<BenchRow>& rows,
                       const std::vector<BenchResult>& results);

/// Sentences drawn from the rows: what is fastest, where parallel training begins to pay, what it
/// loses most time to, what Amdahl's law allows.
std::vector<std::string> bench_verdict(const std::vector<BenchRow>& rows);

}  // namespace trp
