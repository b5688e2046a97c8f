#include "report/run.h"

#include "catch.h"
#include "data/check_contains.h"
#include "report/sample_run.h"

namespace trp {
namespace {

TEST_CASE("text rows stand under their headings") {
  CapturedLines lines;
  const Reporter report = text_reporter(lines.writer(), {.log_interval = 2});
  report(sample_start());
  report(sample_step(1));
  report(sample_step(2));
  report(sample_epoch());
  report(RunSummary{sample_result(), 2.5});
  CHECK(lines.text() ==
        "epoch  train loss  train acc         lr  samples/s  seconds\n"
        "    1      0.2500  batch 2, 128 of 640 samples, lr 0.125\n"
        "    1      0.5000     75.00%       0.25      40000     1.50\n"
        "\n"
        "test accuracy  90.00 % ± 3.00 %   (loss 0.5000, 100 samples)\n"
        "time           1.50 s training, 2.50 s in all   (40.0 k samples/s)\n"
        "weights        xxh128:00\n"
        "status         completed 1 epoch\n");
}

TEST_CASE("text has columns for validation when there is some") {
  CapturedLines lines;
  const Reporter report = text_reporter(lines.writer(), {});
  RunStart start = sample_start();
  start.training.validation_samples = 100;
  report(start);
  EpochResult epoch = sample_epoch_with_validation();
  epoch.learning_rate = 1.23456e-5;
  report(epoch);
  CHECK(lines.text() ==
        "epoch  train loss  train acc  val loss  val acc         lr  samples/s  seconds\n"
        "    1      0.5000     75.00%    0.6250   87.50%  1.235e-05      40000     1.50\n");
}

TEST_CASE("text can be the summary alone") {
  CapturedLines lines;
  const Reporter report = text_reporter(lines.writer(), {.rows = false, .log_interval = 1});
  report(sample_start());
  report(sample_step(1));
  report(sample_epoch());
  CHECK(lines.text().empty());
  report(RunSummary{sample_result(), 2.5});
  CHECK(lines.text().starts_with("test accuracy"));
}

TEST_CASE("text says how training ended") {
  const auto status_of = [](const TrainResult& result) {
    CapturedLines lines;
    text_reporter(lines.writer(), {})(RunSummary{result, 1});
    const std::string text = lines.text();
    return text.substr(text.find("status"));
  };
  TrainResult result = sample_result();
  result.status = TrainStatus::kInterrupted;
  CHECK(status_of(result) == "status         interrupted after 1 epoch\n");
  result.status = TrainStatus::kEarlyStopped;
  result.best_epoch = 1;
  CHECK(status_of(result) ==
        "status         stopped early after 1 epoch; the weights are those of epoch 1\n");
  CHECK(status_of(diverged_result()) ==
        "status         diverged in epoch 1, batch 3, at learning rate 1e+30\n");
}

TEST_CASE("colours end where they begin") {
  CapturedLines lines;
  text_reporter(lines.writer(), {.color = true})(RunSummary{sample_result(), 1});
  CHECK(lines.text().find("\x1b[1m90.00 % ± 3.00 %\x1b[0m") != std::string::npos);
  CHECK(lines.text().find("\x1b[32mcompleted 1 epoch\x1b[0m") != std::string::npos);
}

TEST_CASE("the settings tell data, network, training and workers") {
  CapturedLines lines;
  settings_reporter(lines.writer(), {})(sample_start());
  CHECK(lines.text() ==
        "data      /some/folder\n"
        "          60 000 samples to train on, 10 000 to test\n"
        "          50 % of the inputs are zero and skipped\n"
        "network   784 → 128 → 10, 101 770 parameters\n"
        "training  2 epochs, batches of 64, learning rate 0.5 linear, seed 7\n"
        "workers   8 workers on 2 CPUs, data-parallel, merge factored, AVX2\n");
}

TEST_CASE("the settings name what is not usual") {
  CapturedLines lines;
  RunStart start = sample_start();
  start.recipe.epochs = 1;
  start.recipe.dry_run = true;
  start.recipe.warmup_epochs = 1;
  start.recipe.momentum = 0.9;
  start.recipe.weight_decay = 1e-4;
  start.recipe.clip_norm = 1;
  start.plan.strategy = StrategyKind::kSequential;
  start.recipe.augment = {.noise = true, .shift = true};
  start.training.validation_samples = 6000;
  start.training.loaders = 3;
  start.plan.workers = start.environment.cpus = 1;
  settings_reporter(lines.writer(), {})(start);
  CHECK(lines.text() ==
        "data      /some/folder\n"
        "          60 000 samples to train on, 6 000 for validation, 10 000 to test\n"
        "          50 % of the inputs are zero and skipped\n"
        "network   784 → 128 → 10, 101 770 parameters\n"
        "training  1 epoch, batches of 64 (dry run: one batch each), learning rate 0.5 linear, "
        "warm-up epochs 1, momentum 0.9, weight decay 0.0001, gradient norm at most 1, seed 7\n"
        "augment   noise,shift, anew in each epoch\n"
        "workers   1 worker on 1 CPU, sequential, AVX2\n"
        "loaders   3 loaders, up to 4 batches ahead\n");
}

TEST_CASE("the settings describe a pipeline, with a picture where that is wanted") {
  RunStart start = sample_start();
  start.plan.strategy = StrategyKind::kPipeline;
  start.training.stages = {1, 2};
  start.training.micro_batches = 3;
  for (const bool pictures : {false, true}) {
    CapturedLines lines;
    settings_reporter(lines.writer(), {.pictures = pictures})(start);
    const std::string text = lines.text();
    CHECK(text.substr(text.find("workers")) ==
          std::string("workers   8 workers on 2 CPUs, pipeline-parallel, AVX2\n"
                      "pipeline  1f1b, 3 micro-batches, 2 stages of layers 1 | 2-3\n") +
              (pictures ? "          stage 1  F1 F2 .  B1 F3 B2 .  B3\n"
                          "          stage 2  .  F1 B1 F2 B2 F3 B3 .\n"
                        : ""));
  }
}

TEST_CASE("the summary of a pipeline tells its bubble") {
  CapturedLines lines;
  TrainResult result = sample_result();
  result.bubble = {.predicted = 0.2, .measured = 0.4375};
  text_reporter(lines.writer(), {})(RunSummary{result, 1});
  CHECK(lines.text().find("bubble         the stages wait 43.75 % of the time (20.00 % if all "
                          "slots took equally long)\n") != std::string::npos);
}

TEST_CASE("the summary of auto tells by which plans most steps were made") {
  TrainResult result = sample_result();
  const auto text_of = [&](std::int64_t data, std::int64_t tensor, std::int64_t sequential) {
    result.plan_uses = {{{.strategy = StrategyKind::kData, .workers = 2}, data},
                        {{.strategy = StrategyKind::kTensor, .workers = 4}, tensor},
                        {{.strategy = StrategyKind::kSequential, .workers = 1}, sequential}};
    CapturedLines lines;
    text_reporter(lines.writer(), {.rows = false})(RunSummary{result, 1});
    return lines.text();
  };
  CHECK_CONTAINS(text_of(7, 900, 93),
                 "\nstrategy       tensor with 4 workers 90 %, sequential 9 % of the steps\n");
  CHECK_CONTAINS(text_of(1, 0, 0), "\nstrategy       data/factored with 2 workers 100 % of the");
  CHECK_CONTAINS(text_of(0, 0, 0), "\nstrategy       no step was made\n");
}

TEST_CASE("a comparison explains more than 100 %, and says when others made it uncertain") {
  Comparison comparison = {
      .sequential_seconds = 3, .parallel_seconds = 2, .workers = 2, .same_bits = true};
  const auto text_of = [&] {
    CapturedLines lines;
    text_reporter(lines.writer(), {.rows = false})(RunSummary{sample_result(), 1, comparison});
    return lines.text();
  };
  CHECK(text_of().find("speedup        1.50   (3.00 s sequentially, 2.00 s by 2 workers: "
                       "efficiency 75.00 %, same weights)\nweights") != std::string::npos);
  comparison.parallel_seconds = 1;
  comparison.lost_share = 0.25;
  comparison.is_certain = false;
  CHECK(text_of().find("efficiency 150.00 %, same weights)\n"
                       "               above 100 %: by chance, or since more cores have more "
                       "caches\n"
                       "               uncertain: other programs may have cost up to 25 % of "
                       "the time\nweights") != std::string::npos);
}

}  // namespace
}  // namespace trp
