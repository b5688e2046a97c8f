#pragma once

#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

#include "report/environment.h"
#include "report/run.h"
#include "system/line_writer.h"
#include "system/outputs.h"
#include "temporary_folder.h"

namespace trp {

inline Environment sample_environment() {
  return {.time = "2026-11-24T09:15:52Z",
          .host = "box",
          .cpu = "Some CPU",
          .cpus = 2,
          .build = {.version = "1.2.3", .compiler = "GCC 12", .type = "Release", .simd = "AVX2"}};
}

inline RunStart sample_start() {
  Recipe recipe;
  recipe.epochs = 2;
  recipe.batch_size = 64;
  recipe.seed = 7;
  recipe.learning_rate = 0.5;
  recipe.momentum = 0;
  return {.environment = sample_environment(),
          .recipe = recipe,
          .plan = {.workers = 8},
          .data = "/some/folder",
          .test_samples = 10'000,
          .training = {.layers = {784, 128, 10},
                       .parameter_count = 101'770,
                       .train_samples = 60'000,
                       .zero_share = 0.5,
                       .skips_zeros = true}};
}

inline StepReport sample_step(std::int64_t batch) {
  return {.epoch = 1,
          .batch = batch,
          .samples_done = 64 * batch,
          .samples_in_epoch = 640,
          .mean_loss = 0.25,
          .learning_rate = 0.125,
          .seconds = 0.001 * static_cast<double>(batch)};
}

inline EpochResult sample_epoch() {
  return {.epoch = 1,
          .train_loss = 0.5,
          .train_accuracy = 0.75,
          .validation = std::nullopt,
          .learning_rate = 0.25,
          .seconds = 1.5,
          .samples_per_second = 40'000};
}

inline EpochResult sample_epoch_with_validation() {
  EpochResult epoch = sample_epoch();
  epoch.validation = Score{.loss = 0.625, .accuracy = 0.875, .sample_count = 100};
  return epoch;
}

inline TrainResult sample_result() {
  TrainResult result;
  result.epochs = {sample_epoch()};
  result.test = {.loss = 0.5, .accuracy = 0.9, .sample_count = 100};
  result.train_seconds = 1.5;
  result.samples_per_second = 40'000;
  result.weights = "xxh128:00";
  return result;
}

inline TrainResult diverged_result() {
  TrainResult result = sample_result();
  result.status = TrainStatus::kDiverged;
  result.epochs.clear();
  result.divergence = Divergence{.epoch = 1, .batch = 3, .learning_rate = 1e30};
  result.test.loss = std::numeric_limits<double>::quiet_NaN();
  return result;
}

/// A LineWriter and what it has written.
class CapturedLines {
 public:
  LineWriter& writer() { return writer_; }

  std::string text() const {
    std::ostringstream text;
    text << std::ifstream(folder_.path() / "lines").rdbuf();
    return text.str();
  }

 private:
  TemporaryFolder folder_;
  OutputFile file_{(folder_.path() / "lines").string()};
  LineWriter writer_{file_};
};

}  // namespace trp
