#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/search_space.h"
#include "cli/tune.h"
#include "profile/clock.h"
#include "report/progress.h"
#include "system/line_writer.h"
#include "system/outputs.h"
#include "system/stop_signals.h"
#include "trp/train.h"
#include "tune/saved_search.h"
#include "tune/search.h"

namespace trp {

/// A search and what is told and kept of it.
class Tuning {
 public:
  /// Goes on with the search of --resume.
  Tuning(const TuneOptions& options, WrittenSpace space, Outputs& outputs, const DataSets& data);

  SearchResult search(ThreadPool& pool, const StopSignals& signals);
  TrainResult train_anew(const Recipe& recipe, ThreadPool& pool, const StopSignals& signals);

  Recipe recipe_of(int trial) const;
  /// As on the command line, what differs from trial 0.
  std::string options_of(int trial) const;
  const Json& space() const { return space_.json; }
  const std::vector<TrialResult>& results() const { return saved_.results; }

  /// Whether --checkpoint has been written.
  bool is_saved() const { return is_saved_; }

 private:
  static constexpr double kSaveInterval = 1;  // seconds

  void on_result(const TrialResult& result);
  void on_progress(double share);
  void note(const TrialResult& result);
  void save();

  const TuneOptions& options_;
  const WrittenSpace space_;
  const DataSets& data_;
  Outputs& outputs_;
  const bool color_;
  LineWriter out_ = standard_output();
  std::optional<ProgressBar> bar_;
  SavedSearch saved_;
  std::set<int> trials_;
  std::optional<TrialResult> best_;
  const Stopwatch begin_;
  Stopwatch last_save_;
  OldFile old_file_ = OldFile::kRemove;  // at the next save
  bool is_saved_ = true;
};

}  // namespace trp
