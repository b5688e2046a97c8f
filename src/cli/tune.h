#pragma once

#include <string>
#include <vector>

#include "cli/commands.h"

namespace trp {

struct TuneOptions {
  DataOptions data;
  Recipe recipe = {.validation_share = 0.1};  // what the search starts from
  int workers = 0;                            // 0: as many as CPUs
  int trials = 0;                             // 0: as many as there is time for
  double seconds = 60;
  std::vector<std::string> search;  // options; empty: all of the space that are not given
  std::vector<std::string> given;   // options that are on the command line
  std::string space;                // a file; empty: the default
  std::string save_config;          // files for the best recipe and the model of it, and for what
  std::string save;                 // the search has found so far, and one to go on with; none if
  std::string checkpoint;           // they are empty
  std::string resume;
  std::string report;                         // a file for a page with pictures; empty: none
  OutputFormat format = OutputFormat::kText;  // or kJsonLines
  bool quiet = false;
  bool progress = true;
  bool force = false;  // replace files that hold something else
  ColorWhen color = ColorWhen::kAuto;
};

CLI::App& add_tune(CLI::App& app, TuneOptions& options);

int run_tune(const TuneOptions& options);

}  // namespace trp
