#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "trp/data/data_files.h"
#include "trp/report/terminal.h"
#include "trp/train/trainer.h"

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
  TrainOptions train;
  std::optional<int> workers;  // not set: the CPUs this process may use
  OutputOptions output;
  std::optional<double> min_accuracy;
};

/// --help, --version, --print-config: text for standard output.
struct TextCommand {
  std::string text;
};

/// What the program was asked to do.
using Command = std::variant<TextCommand, TrainCommandOptions>;

/// `arguments` is without the program's name. What comes back is complete and makes sense in
/// itself; no data have been read. The command line wins over the configuration file, and of an
/// option given twice the last one counts.
///
/// Throws UsageError for any misuse, Error if a configuration file cannot be read.
Command parse_command_line(std::vector<std::string> arguments);

}  // namespace trp
