#include "report/csv.h"

#include <cmath>

#include <fmt/format.h>

namespace trp {
namespace {

std::string number_or_nothing(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : std::string();
}

std::string csv_row(const EpochResult& epoch) {
  const auto& validation = epoch.validation;
  return fmt::format("{},{},{},{},{},{},{},{}", epoch.epoch, number_or_nothing(epoch.train_loss),
                     number_or_nothing(epoch.train_accuracy),
                     validation ? number_or_nothing(validation->loss) : "",
                     validation ? number_or_nothing(validation->accuracy) : "",
                     number_or_nothing(epoch.learning_rate), number_or_nothing(epoch.seconds),
                     number_or_nothing(epoch.samples_per_second));
}

}  // namespace

RunEvents csv_reporter(LineWriter& out) {
  return {.start =
              [&out](const RunStart&) {
                out.write_line(
                    "epoch,train_loss,train_accuracy,val_loss,val_accuracy,lr,seconds,"
                    "samples_per_second");
              },
          .epoch = [&out](const EpochResult& epoch) { out.write_line(csv_row(epoch)); }};
}

}  // namespace trp
