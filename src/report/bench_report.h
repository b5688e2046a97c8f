#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "measure/bench.h"
#include "report/environment.h"
#include "system/outputs.h"

namespace trp {

/// What all rows have in common.
struct BenchContext {
  Environment environment;
  std::string data;  // where it came from
  std::vector<Index> layers;
  int epochs = 1;
  int warmup = 1;
  int runs = 5;
  Recipe recipe = {};  // but for the batch size
};

/// Files for the results; "-" is standard output, and what has no name is not written.
struct BenchFiles {
  std::string json, csv, markdown;
};

// Each of these gives the whole text of a report, which ends in a line feed. There is a row at
// least, and all have been run and compared.

/// Aligned tables for people, for each batch size: the times, where they went, and the factors of
/// efficiency; then the verdict.
std::string bench_text(const BenchContext& context, const std::vector<BenchRow>& rows);

/// The same as tables of Markdown.
inline constexpr std::string_view kBenchMarkdownStart = "# tensor_relu_parallel bench\n";
std::string bench_markdown(const BenchContext& context, const std::vector<BenchRow>& rows);

/// A header and one line for each row.
inline constexpr std::string_view kBenchCsvStart = "batch_size,plan,workers,median_seconds,";
std::string bench_csv(const std::vector<BenchRow>& rows);

/// One JSON document.
std::string bench_json(const BenchContext& context, const std::vector<BenchRow>& rows);

/// A page; `steps` are figures of them, in HTML, which may be empty.
std::string bench_page(const BenchContext& context, const std::vector<BenchRow>& rows,
                       std::string_view steps, const std::string& command);

/// Writes the files, which are claimed by their options, but for standard output. Throws Error if
/// one cannot be written.
void export_bench(const BenchFiles& files, Outputs& outputs, const BenchContext& context,
                  const std::vector<BenchRow>& rows);

/// Returns what is for standard output: the text, unless a file is "-".
std::string bench_output(const BenchFiles& files, const BenchContext& context,
                         const std::vector<BenchRow>& rows);

/// Draws a typical step of a case, under a title.
std::string timeline_text(const BenchRow& row, const PhaseRecorder& recorder);

/// Sentences drawn from the rows: what is fastest, where parallel training begins to pay, what it
/// loses most time to, what Amdahl's law allows; but not those that others' use of the CPUs could
/// have made. Of builds that are raced it is told how they compare, and nothing else, since lost
/// time is not known.
std::vector<std::string> bench_verdict(const std::vector<BenchRow>& rows);

}  // namespace trp
