#include "report/csv.h"

#include "catch.h"
#include "report/sample_run.h"

namespace trp {
namespace {

TEST_CASE("CSV has a header and a row per epoch, with nothing where there is no number") {
  CapturedLines lines;
  const RunEvents events = csv_reporter(lines.writer());
  events.start(sample_start());
  events.epoch(sample_epoch());
  events.epoch(sample_epoch_with_validation());
  EpochResult infinite = sample_epoch();
  infinite.train_loss = std::numeric_limits<double>::infinity();
  events.epoch(infinite);
  CHECK(lines.text() ==
        "epoch,train_loss,train_accuracy,val_loss,val_accuracy,lr,seconds,samples_per_second\n"
        "1,0.5,0.75,,,0.25,1.5,40000\n"
        "1,0.5,0.75,0.625,0.875,0.25,1.5,40000\n"
        "1,,0.75,,,0.25,1.5,40000\n");
  CHECK(!events.step);
  CHECK(!events.summary);
}

}  // namespace
}  // namespace trp
