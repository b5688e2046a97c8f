#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"

namespace trp {

struct OutputOptions {
  OutputFormat format = OutputFormat::kText;
  std::string log;       // a file of JSON lines; empty: none
  int log_interval = 0;  // batches; 0: epochs only
  bool quiet = false;
  bool verbose = false;
  bool progress = true;
  ColorWhen color = ColorWhen::kAuto;
};

struct TrainOptions {
  DataOptions data;
  Recipe recipe;
  Plan plan = {.strategy = StrategyKind::kAuto};
  int save_every = 1;
  OutputOptions output;
  std::optional<double> min_accuracy;
  std::string save;        // a file for the model; empty: none
  std::string checkpoint;  // a file to resume from later; empty: none
  std::string resume;      // a file to resume from; empty: start anew
  std::string init;        // a model to start from; empty: new weights
  bool compare = false;    // train sequentially as well
  bool time = false;       // tell where the time went
  std::string trace;       // a file for the timeline of every worker; empty: none
  int trace_steps = 200;
  std::string report;  // a file for a page; empty: none
  bool force = false;  // replace files that hold something else
  std::string config;  // the file that options were read from; empty: none
  int repeat = 1;      // seeds
  bool print_config = false;
  bool read_once = false;          // rank 0 reads the data for all ranks
  Cluster* cluster = nullptr;      // of which this process is a rank; never null in run_train
  std::vector<std::string> given;  // the fields of the recipe, in JSON, that options were given for
};

/// Adds the options of train to the app itself, whose command it is when no other is named.
CLI::App& add_train(CLI::App& app, TrainOptions& options);

int run_train(const TrainOptions& options);

}  // namespace trp
