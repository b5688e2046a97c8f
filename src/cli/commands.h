#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/foreign_data.h"
#include "report/bench_report.h"
#include "report/predictions.h"
#include "system/terminal.h"
#include "trp/dataset.h"
#include "trp/plan.h"
#include "trp/recipe.h"

namespace CLI {
class App;
}

namespace trp {

// For each command: its options, a function that adds it to the app and binds them, and one that
// runs it and returns the exit code. Misuse that CLI11 has not noticed is a UsageError of the run,
// thrown before any file is read. train's are in cli/train.h.

/// What the program ends with; a signal that stopped it gives 128 + its number.
enum ExitCode {
  kExitDone = 0,
  kExitFailed = 1,
  kExitUsage = 2,
  kExitDiverged = 3,
  kExitBoundNotMet = 4,
  kExitSignalBase = 128,
};

struct BenchCommandOptions {
  DataOptions data;
  Recipe recipe = {.epochs = 1};
  Plan plan;  // of which the ways replace some
  BenchWays ways;
  int warmup = 1;
  int runs = 5;
  BenchFiles files;
  std::optional<double> min_speedup;
  std::string baseline;                // another build; empty: none
  std::string beside;                  // an export; empty: none
  std::optional<double> max_slowdown;  // against these
  bool force = false;                  // replace files that hold something else
  std::string report;                  // a file for a page; empty: none
  bool timeline = false;               // a picture of a step of each case
  bool quiet = false;
  bool read_once = false;      // rank 0 reads the data for all ranks
  Cluster* cluster = nullptr;  // of which this process is a rank; never null in run_bench_command
};

struct EvalOptions {
  std::string model;
  DataOptions data;
  int workers = 0;                            // 0: as many as CPUs
  OutputFormat format = OutputFormat::kText;  // or kJson, kCsv
  bool quiet = false;
  ColorWhen color = ColorWhen::kAuto;
  std::optional<double> min_accuracy;
  Index errors = 0;         // mistakes to draw
  std::string predictions;  // a file for a table of all samples; empty: none
  std::string class_names;  // a file; empty: none
  std::string report;       // a file for a page; empty: none
  bool force = false;       // replace a file that holds something else
};

struct PredictOptions {
  std::string model;
  std::string images = "-";
  int workers = 0;  // 0: as many as CPUs
  Index batch_size = 512;
  std::string class_names;  // a file; empty: none
  PredictionStyle style;
};

struct InfoOptions {
  std::string file;
  Index show = 0;                             // images to draw
  OutputFormat format = OutputFormat::kText;  // or kJson, kCsv
};

struct ConvertCommandOptions {
  std::string source;
  std::string folder;
  ConvertOptions form;
  int workers = 0;     // 0: as many as CPUs
  bool force = false;  // replace files that are there
};

struct ExportOptions {
  std::string model;
  std::string file;
  bool force = false;  // replace a file that holds something else
};

struct LabOptions {
  std::vector<std::string> names;  // of experiments, or "all"; none: list them
  DataOptions data;
  std::vector<int> workers = {1, 2, 4, 8};
  bool quick = false;
  std::uint64_t seed = 1;
  std::string report;                         // a file for a page; empty: none
  bool force = false;                         // replace a file that holds something else
  OutputFormat format = OutputFormat::kText;  // or kJsonLines
  ColorWhen color = ColorWhen::kAuto;
};

struct SelftestOptions {
  OutputFormat format = OutputFormat::kText;  // or kJson
  ColorWhen color = ColorWhen::kAuto;
};

CLI::App& add_bench(CLI::App& app, BenchCommandOptions& options);
CLI::App& add_eval(CLI::App& app, EvalOptions& options);
CLI::App& add_predict(CLI::App& app, PredictOptions& options);
CLI::App& add_info(CLI::App& app, InfoOptions& options);
CLI::App& add_convert(CLI::App& app, ConvertCommandOptions& options);
CLI::App& add_export(CLI::App& app, ExportOptions& options);
CLI::App& add_lab(CLI::App& app, LabOptions& options);
CLI::App& add_selftest(CLI::App& app, SelftestOptions& options);

int run_bench_command(const BenchCommandOptions& options);
int run_eval(const EvalOptions& options);
int run_predict(const PredictOptions& options);
int run_info(const InfoOptions& options);
int run_convert(const ConvertCommandOptions& options);
int run_export(const ExportOptions& options);
int run_lab(const LabOptions& options);
int run_selftest(const SelftestOptions& options);

}  // namespace trp
