#include "report/progress.h"

#include <algorithm>

#include "catch.h"

namespace trp {
namespace {

Progress sample_progress() {
  return {.step = {.epoch = 3,
                   .batch = 580,
                   .samples_done = 37'120,
                   .samples_in_epoch = 60'000,
                   .mean_loss = 0.0841,
                   .learning_rate = 0.1,
                   .seconds = 0.0901},
          .epochs = 10,
          .elapsed_seconds = 2};
}

std::size_t columns_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

TEST_CASE("a wide terminal shows all of the progress") {
  CHECK(progress_line(sample_progress(), 100) ==
        "epoch 3/10 ━━━━━━━━━━━━━━╸            61%  37 120/60 000  412 k samples/s  loss 0.0841  "
        "ETA 0:06");
  CHECK(progress_line(sample_progress(), 500) == progress_line(sample_progress(), 100));
}

TEST_CASE("a narrow terminal shows the more important parts") {
  CHECK(progress_line(sample_progress(), 80) ==
        "epoch 3/10 ━━━━╸      61%  37 120/60 000  412 k samples/s  loss 0.0841  ETA 0:06");
  CHECK(progress_line(sample_progress(), 70) ==
        "epoch 3/10 ━━━━━━━━        61%  412 k samples/s  loss 0.0841  ETA 0:06");
  CHECK(progress_line(sample_progress(), 40) == "epoch 3/10 ━━━━━━━━        61%  ETA 0:06");
  CHECK(progress_line(sample_progress(), 20) == "epoch 3/10   61%");
  CHECK(progress_line(sample_progress(), 12) == "epoch 3/10");
  CHECK(progress_line(sample_progress(), 5).empty());
}

TEST_CASE("no line of progress is wider than the terminal") {
  for (int width = 0; width <= 200; ++width) {
    for (const Index done : {64, 29'952, 60'000}) {
      Progress progress = sample_progress();
      progress.step.samples_done = done;
      CAPTURE(width, done);
      CHECK(columns_of(progress_line(progress, width)) <= static_cast<std::size_t>(width));
    }
  }
}

TEST_CASE("the time left is that of the whole training") {
  Progress progress = sample_progress();
  progress.step.epoch = 1;
  progress.step.samples_done = 30'000;
  progress.elapsed_seconds = 1;
  CHECK(progress_line(progress, 100).ends_with("ETA 0:19"));
  progress.step.epoch = 10;
  progress.step.samples_done = 60'000;
  CHECK(progress_line(progress, 100).ends_with("ETA 0:00"));
}

}  // namespace
}  // namespace trp
