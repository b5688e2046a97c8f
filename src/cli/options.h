#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "report/predictions.h"
#include "system/terminal.h"
#include "trp/dataset.h"
#include "trp/trainer.h"

namespace trp {

enum class OutputFormat { kText, kJson, kJsonLines, kCsv };
enum class Verbosity { kQuiet, kNormal, kVerbose };

struct OutputOptions {
  OutputFormat format = OutputFormat::kText;
  std::string log;       // a file of JSON lines; empty: none
  int log_interval = 0;  // batches; 0: epochs only
  Verbosity verbosity = Verbosity::kNormal;
  bool progress = true;
  ColorWhen color = ColorWhen::kAuto;
};

struct TrainCommandOptions {
  DataOptions data;
  Recipe recipe;
  Plan plan;
  int save_every = 1;
  OutputOptions output;
  std::optional<double> min_accuracy;
  std::string save;        // a file for the model; empty: none
  std::string checkpoint;  // a file to resume from later; empty: none
  std::string resume;      // a file to resume from; empty: start anew
  bool compare = false;    // train sequentially before
  bool time = false;       // tell where the time went
  std::string trace;       // a file for the timeline of every worker; empty: none
  int trace_steps = 200;
  bool choose = false;  // strategy, merge and, if not set, workers by a quick measurement
};

struct BenchCommandOptions {
  TrainCommandOptions train;  // of which bench has only some options
  std::vector<int> workers = {1, 2, 4, 8};
  std::vector<StrategyKind> strategies = {StrategyKind::kData};
  std::vector<MergeKind> merges = {MergeKind::kFactored};
  std::vector<Index> batch_sizes = {64};
  int warmup = 1;
  int runs = 5;
  std::string export_json, export_csv, export_markdown;  // files; - is standard output
  std::optional<double> min_speedup;
  bool timeline = false;  // a picture of a step of each case
};

struct EvalCommandOptions {
  std::string model;
  DataOptions data;
  int workers = 0;                            // 0: as many as CPUs
  OutputFormat format = OutputFormat::kText;  // or kJson
  Verbosity verbosity = Verbosity::kNormal;
  ColorWhen color = ColorWhen::kAuto;
  std::optional<double> min_accuracy;
};

struct PredictCommandOptions {
  std::string model;
  std::string images = "-";
  int workers = 0;  // 0: as many as CPUs
  Index batch_size = 512;
  PredictionStyle style;
};

struct InfoCommandOptions {
  std::string file;
  Index show = 0;  // images to draw
};

struct ExportCommandOptions {
  std::string model;
  std::string file;
};

struct LabCommandOptions {
  std::vector<std::string> names;  // of experiments, or "all"; none: list them
  DataOptions data;
  bool quick = false;
  std::uint64_t seed = 1;
  OutputFormat format = OutputFormat::kText;  // or kJsonLines
  ColorWhen color = ColorWhen::kAuto;
};

struct SelftestCommandOptions {
  OutputFormat format = OutputFormat::kText;  // or kJson
  ColorWhen color = ColorWhen::kAuto;
};

/// --help, --version, --print-config: text for standard output.
struct TextCommand {
  std::string text;
};

/// What the program was asked to do.
using Command = std::variant<TextCommand, TrainCommandOptions, EvalCommandOptions,
                             PredictCommandOptions, InfoCommandOptions, ExportCommandOptions,
                             BenchCommandOptions, LabCommandOptions, SelftestCommandOptions>;

/// `arguments` is without the program's name. What comes back is complete and makes sense in
/// itself; no data have been read. The command line wins over the configuration file, and of an
/// option given twice the last one counts.
///
/// Throws UsageError for any misuse, Error if a configuration file cannot be read.
Command parse_command_line(std::vector<std::string> arguments);

/// The name of the command if the arguments begin with a known one, else nothing.
std::string command_of(std::span<const std::string> arguments);

}  // namespace trp
