#pragma once

#include "report/run.h"
#include "system/line_writer.h"

namespace trp {

struct TextStyle {
  bool rows = true;      // a row per epoch; otherwise only the summary
  int log_interval = 0;  // a row every so many batches as well; 0: none
  bool color = false;
};

/// Results for people: aligned rows and a summary.
RunEvents text_reporter(LineWriter& out, const TextStyle& style);

struct SettingsStyle {
  bool color = false;
  bool pictures = false;  // of a pipeline's schedule
};

/// Before the first step, what is going to be trained on what and how.
RunEvents settings_reporter(LineWriter& out, const SettingsStyle& style);

}  // namespace trp
