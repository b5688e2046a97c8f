#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "report/run.h"
#include "trp/trainer.h"

namespace trp {

/// How far a training has come.
struct Progress {
  StepReport step;
  int epochs = 1;
  double elapsed_seconds = 0;  // since training began, validation included
};

/// Returns so many columns, of which a share is filled.
std::string progress_bar(double share, int columns, bool color);

/// Returns a line of at most `width` columns, which lacks the less important parts where it is
/// narrow:
/// "epoch 3/10 ━━━━━━━━╸   62%  37 120/60 000  412 k samples/s  loss 0.0841  ETA 0:07".
std::string progress_line(const Progress& progress, int width, bool color = false);

/// A line that is redrawn in place. The descriptor has to be that of a terminal.
class ProgressBar {
 public:
  ProgressBar(int descriptor, bool color);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Starts the clock for the time that is left with a training's start, which tells the epochs,
  /// and redraws the line with each step unless that was done a moment ago.
  void report(const RunEvent& event);

  /// Redraws the line as `text(width)` unless that was done a moment ago.
  void show(const std::function<std::string(int width)>& text);

  /// Makes room for a line of text. The next step draws again.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  void draw(const std::string& text);

  int descriptor_;
  int epochs_ = 1;
  bool color_;
  bool shown_ = false;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point next_draw_ = begin_;
};

}  // namespace trp
