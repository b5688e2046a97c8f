#pragma once

#include <string>
#include <vector>

#include "measure/bench.h"

namespace trp {

/// What all rows have in common.
struct BenchContext {
  std::string version;
  std::string machine;  // "AMD EPYC, 2 CPUs, AVX2"
  std::string data;     // where it came from
  std::vector<Index> layers;
  int epochs = 1;
  int warmup = 1;
  int runs = 5;
};

/// Aligned tables for people, for each batch size: the times, where they went, and the factors of
/// efficiency; then the verdict.
std::string bench_text(const BenchContext& context, const std::vector<BenchRow>& rows);

/// The same as tables of Markdown.
std::string bench_markdown(const BenchContext& context, const std::vector<BenchRow>& rows);

/// A header and one line per row.
std::string bench_csv(const std::vector<BenchRow>& rows);

/// One document, schema 1; `results` gives the seconds of each run.
std::string bench_json(const BenchContext& context, const std::vector<BenchRow>& rows,
                       const std::vector<BenchResult>& results);

/// Sentences drawn from the rows: what is fastest, where parallel begins to pay, what Amdahl's law
/// allows.
std::vector<std::string> bench_verdict(const std::vector<BenchRow>& rows);

}  // namespace trp
