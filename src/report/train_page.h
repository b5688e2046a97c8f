#pragma once

#include <optional>
#include <string>
#include <vector>

#include "profile/recorder.h"
#include "report/chart.h"
#include "report/evaluation.h"
#include "report/run.h"

namespace trp {

/// Gathers what a page tells of a training while it goes on.
class TrainPage {
 public:
  void add(const RunEvent& event);

  /// Returns the page of a training that is over. One that diverged, or was stopped before it was
  /// scored, has no evaluation.
  std::string html(const RunSummary& summary, const std::optional<EvaluationReport>& evaluation,
                   const PhaseRecorder& recorder, const std::string& command) const;

 private:
  RunStart start_;
  std::vector<Point> losses_, rates_;  // over epochs, each of some steps
  StepReport before_;                  // the last one of those
};

/// Draws what every worker did in a typical traced step and those after it, so many in all; nothing
/// if none was traced.
std::string steps_figure(const std::string& title, const PhaseRecorder& recorder, int steps = 3);

}  // namespace trp
