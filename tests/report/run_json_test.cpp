#include "report/run.h"

#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "report/sample_run.h"
#include "strategy/phase.h"

namespace trp {
namespace {

void play(const Reporter& report, const TrainResult& result) {
  report(sample_start());
  for (int batch = 1; batch <= 4; ++batch) report(sample_step(batch));
  report(sample_epoch());
  report(RunSummary{result, 2.5});
}

TEST_CASE("JSON lines have the fields of schema 2 in their order") {
  CapturedLines lines;
  play(json_lines_reporter(lines.writer(), 0), sample_result());
  CHECK(
      lines.text() ==
      R"({"event":"start","schema":2,"time":"2026-11-24T09:15:52Z","host":"box","cpu":"Some CPU","cpus":2,"build":{"version":"1.2.3","commit":"","compiler":"GCC 12","type":"Release","simd":"AVX2","fma":true},"data":"/some/folder","recipe":{"hidden":[128,64],"classes":10,"limit":0,"val_split":0.0,"shuffle":true,"augment":"none","epochs":2,"dry_run":false,"batch_size":64,"lr":0.5,"lr_schedule":"linear","warmup_epochs":0,"optimizer":"sgd","momentum":0.0,"nesterov":false,"beta1":0.9,"beta2":0.999,"eps":1e-08,"weight_decay":0.0,"clip_norm":0.0,"dropout":[],"label_smoothing":0.0,"class_weights":"none","average_weights":0.0,"normalize":"none","early_stopping":0,"seed":7,"init":""},"plan":{"strategy":"data","merge":"factored","micro_batches":4,"pipeline_schedule":"1f1b","workers":8,"loaders":0,"queue":4,"pin":"none","ranks":1,"ranks_split":"auto"},"layers":[784,128,10],"parameters":101770,"stages":null,"train_samples":60000,"val_samples":0,"test_samples":10000,"zero_share":0.5,"skips_zeros":true}
{"event":"epoch","epoch":1,"train_loss":0.5,"train_accuracy":0.75,"val_loss":null,"val_accuracy":null,"lr":0.25,"seconds":1.5,"samples_per_second":40000.0}
{"event":"summary","status":"completed","epochs":1,"best_epoch":null,"val_loss":null,"val_accuracy":null,"test_loss":0.5,"test_accuracy":0.9,"test_accuracy_stderr":0.03,"train_seconds":1.5,"total_seconds":2.5,"samples_per_second":40000.0,"weights":"xxh128:00","bubble_predicted":null,"bubble_measured":null,"diverged_epoch":null,"diverged_batch":null,"diverged_lr":null,"plans":null,"ranks_bytes_per_step":null}
)");
}

TEST_CASE("a step line follows every so many batches") {
  CapturedLines lines;
  const Reporter report = json_lines_reporter(lines.writer(), 3);
  for (int batch = 1; batch <= 7; ++batch) report(sample_step(batch));
  CHECK(lines.text() ==
        R"({"event":"step","epoch":1,"batch":3,"samples":192,"train_loss":0.25,"lr":0.125}
{"event":"step","epoch":1,"batch":6,"samples":384,"train_loss":0.25,"lr":0.125}
)");
}

TEST_CASE("JSON has validation when there is some") {
  CapturedLines lines;
  json_lines_reporter(lines.writer(), 0)(sample_epoch_with_validation());
  const auto epoch = nlohmann::json::parse(lines.text());
  CHECK(epoch["val_loss"] == 0.625);
  CHECK(epoch["val_accuracy"] == 0.875);
}

TEST_CASE("JSON has null for what is not a finite number, and says where training diverged") {
  CapturedLines lines;
  json_lines_reporter(lines.writer(), 0)(RunSummary{diverged_result(), 1});
  const auto summary = nlohmann::json::parse(lines.text());
  CHECK(summary["status"] == "diverged");
  CHECK(summary["test_loss"].is_null());
  CHECK(summary["diverged_epoch"] == 1);
  CHECK(summary["diverged_batch"] == 3);
  CHECK(summary["diverged_lr"] == 1e30);
  CHECK(summary["best_epoch"].is_null());
}

TEST_CASE("JSON describes a pipeline, with the micro-batches and loaders that there are") {
  CapturedLines lines;
  RunStart start = sample_start();
  start.plan.strategy = StrategyKind::kPipeline;
  start.plan.pipeline_schedule = PipelineScheduleKind::kGpipe;
  start.training.stages = {1, 2};
  start.plan.loaders = 3;
  start.training.loaders = 2;
  start.training.micro_batches = 3;
  TrainResult result = sample_result();
  result.bubble = {.predicted = 0.25, .measured = 0.5};
  const Reporter report = json_lines_reporter(lines.writer(), 0);
  report(start);
  report(RunSummary{result, 1});
  std::istringstream text(lines.text());
  std::string line;
  std::getline(text, line);
  const auto start_object = nlohmann::json::parse(line);
  CHECK(start_object["plan"]["strategy"] == "pipeline");
  CHECK(start_object["plan"]["pipeline_schedule"] == "gpipe");
  CHECK(start_object["plan"]["micro_batches"] == 3);
  CHECK(start_object["plan"]["loaders"] == 2);
  CHECK(start_object["stages"] == std::vector<int>{1, 2});
  std::getline(text, line);
  const auto summary = nlohmann::json::parse(line);
  CHECK(summary["bubble_predicted"] == 0.25);
  CHECK(summary["bubble_measured"] == 0.5);
}

TEST_CASE("JSON tells by which plans the steps of auto were made") {
  CapturedLines lines;
  TrainResult result = sample_result();
  result.plan_uses = {{{.strategy = StrategyKind::kData, .workers = 2}, 7},
                      {{.strategy = StrategyKind::kSequential, .workers = 1}, 3}};
  json_lines_reporter(lines.writer(), 0)(RunSummary{result, 1});
  const auto plans = nlohmann::json::parse(lines.text())["plans"];
  CHECK(plans.dump() == R"([{"merge":"factored","steps":7,"strategy":"data","workers":2},)"
                        R"({"merge":null,"steps":3,"strategy":"sequential","workers":1}])");
}

TEST_CASE("JSON names the best epoch of early stopping") {
  CapturedLines lines;
  TrainResult result = sample_result();
  result.status = TrainStatus::kEarlyStopped;
  result.best_epoch = 3;
  json_lines_reporter(lines.writer(), 0)(RunSummary{result, 1});
  const auto summary = nlohmann::json::parse(lines.text());
  CHECK(summary["status"] == "early_stopped");
  CHECK(summary["best_epoch"] == 3);
}

TEST_CASE("JSON compares with sequential training, with no serial fraction of one worker") {
  Comparison comparison = {
      .sequential_seconds = 3, .parallel_seconds = 1.5, .workers = 4, .same_bits = true};
  const auto object_of = [&] {
    CapturedLines lines;
    json_lines_reporter(lines.writer(), 0)(RunSummary{sample_result(), 1, comparison});
    return lines.text().substr(lines.text().find('\n') + 1);
  };
  CHECK(object_of() ==
        R"({"event":"comparison","sequential_seconds":3.0,"parallel_seconds":1.5,"workers":4,)"
        R"("speedup":2.0,"efficiency":0.5,"serial_fraction":0.3333333333333333,)"
        R"("same_bits":true,"lost_share":0.0})"
        "\n");
  comparison.workers = 1;
  CHECK(nlohmann::json::parse(object_of())["serial_fraction"].is_null());
  comparison.parallel_seconds = 0;
  CHECK(nlohmann::json::parse(object_of())["speedup"].is_null());
}

TEST_CASE("JSON tells where the time went in the words of the tables") {
  CapturedLines lines;
  PhaseTimes times = {.wall_seconds = 2, .cpus = 2, .workers = {WorkerTimes()}};
  times.workers[0].seconds[Phase::kMergeWait] = 0.5;
  times.workers[0].preempted_seconds = 0.25;
  times.fork_join_seconds = 1.5;
  json_lines_reporter(lines.writer(), 0)(RunSummary{sample_result(), 1, std::nullopt, times});
  CHECK(lines.text().ends_with(
      R"({"event":"time","wall_seconds":2.0,"fork_join_seconds":1.5,"workers":[{"seconds":)"
      R"({"data":0.0,"gather":0.0,"forward":0.0,"backward":0.0,"merge":0.0,"locks":0.5,)"
      R"("barriers":0.0,"ranks":0.0,"update":0.0,"evaluation":0.0,"rest":0.0,"asleep":0.0},)"
      R"("others_seconds":0.25}]})"
      "\n"));
}

TEST_CASE("JSON stays valid when the name of the data is not UTF-8") {
  CapturedLines lines;
  RunStart start = sample_start();
  start.data = "bad \xff\" name\n";
  json_lines_reporter(lines.writer(), 0)(start);
  CHECK(nlohmann::json::parse(lines.text())["data"] == "bad \xEF\xBF\xBD\" name\n");
}

TEST_CASE("the JSON document holds the same objects as the lines") {
  CapturedLines lines, document;
  play(json_lines_reporter(lines.writer(), 0), sample_result());
  play(json_document_reporter(document.writer()), sample_result());
  nlohmann::json expected;
  std::istringstream text(lines.text());
  for (std::string line; std::getline(text, line);) {
    const auto object = nlohmann::json::parse(line);
    if (object["event"] == "epoch") {
      expected["epochs"].push_back(object);
    } else {
      expected[object["event"].get<std::string>()] = object;
    }
  }
  CHECK(nlohmann::json::parse(document.text()) == expected);
}

TEST_CASE("a JSON document without a finished epoch has an empty list") {
  CapturedLines document;
  const Reporter report = json_document_reporter(document.writer());
  report(sample_start());
  CHECK(document.text().empty());
  report(RunSummary{diverged_result(), 1});
  CHECK(nlohmann::json::parse(document.text())["epochs"] == nlohmann::json::array());
}

TEST_CASE("CSV has a header and a row per epoch, with nothing where there is no number") {
  CapturedLines lines;
  const Reporter report = csv_reporter(lines.writer());
  report(sample_start());
  report(sample_epoch());
  report(sample_epoch_with_validation());
  EpochResult infinite = sample_epoch();
  infinite.train_loss = std::numeric_limits<double>::infinity();
  report(infinite);
  report(sample_step(1));
  report(RunSummary{sample_result(), 2.5});
  CHECK(lines.text() ==
        "epoch,train_loss,train_accuracy,val_loss,val_accuracy,lr,seconds,samples_per_second\n"
        "1,0.5,0.75,,,0.25,1.5,40000\n"
        "1,0.5,0.75,0.625,0.875,0.25,1.5,40000\n"
        "1,,0.75,,,0.25,1.5,40000\n");
}

}  // namespace
}  // namespace trp
