#include "report/json.h"

#include <nlohmann/json.hpp>

#include "catch.h"
#include "report/sample_run.h"

namespace trp {
namespace {

void play(const RunEvents& events, const TrainResult& result) {
  events.start(sample_start());
  if (events.step) {
    for (int batch = 1; batch <= 4; ++batch) events.step(sample_step(batch));
  }
  events.epoch(sample_epoch());
  events.summary({result, 2.5});
}

TEST_CASE("JSON lines have the fields of schema 1 in their order") {
  CapturedLines lines;
  play(json_lines_reporter(lines.writer(), 0), sample_result());
  CHECK(
      lines.text() ==
      R"({"event":"start","schema":1,"version":"1.2.3","seed":7,"strategy":"data","merge":"factored","workers":8,"cpus":2,"batch_size":64,"layers":[784,128,10],"parameters":101770,"simd":"AVX2","data":"/some/folder","train_samples":60000,"zero_share":0.5,"zero_inputs":"skip","augment":"none","loaders":0,"queue":4}
{"event":"epoch","epoch":1,"train_loss":0.5,"train_accuracy":0.75,"val_loss":null,"val_accuracy":null,"lr":0.25,"seconds":1.5,"samples_per_second":40000.0}
{"event":"summary","status":"completed","epochs":1,"test_loss":0.5,"test_accuracy":0.9,"test_accuracy_stderr":0.03,"train_seconds":1.5,"total_seconds":2.5,"samples_per_second":40000.0,"weights":"xxh128:00"}
)");
}

TEST_CASE("a step line follows every so many batches") {
  CapturedLines lines;
  const RunEvents events = json_lines_reporter(lines.writer(), 3);
  for (int batch = 1; batch <= 7; ++batch) events.step(sample_step(batch));
  CHECK(lines.text() ==
        R"({"event":"step","epoch":1,"batch":3,"samples":192,"train_loss":0.25,"lr":0.125}
{"event":"step","epoch":1,"batch":6,"samples":384,"train_loss":0.25,"lr":0.125}
)");
}

TEST_CASE("JSON has validation when there is some") {
  CapturedLines lines;
  json_lines_reporter(lines.writer(), 0).epoch(sample_epoch_with_validation());
  const auto epoch = nlohmann::json::parse(lines.text());
  CHECK(epoch["val_loss"] == 0.625);
  CHECK(epoch["val_accuracy"] == 0.875);
}

TEST_CASE("JSON has null for what is not a finite number, and says where training diverged") {
  CapturedLines lines;
  json_lines_reporter(lines.writer(), 0).summary({diverged_result(), 1});
  const auto summary = nlohmann::json::parse(lines.text());
  CHECK(summary["status"] == "diverged");
  CHECK(summary["test_loss"].is_null());
  CHECK(summary["diverged_epoch"] == 1);
  CHECK(summary["diverged_batch"] == 3);
  CHECK(summary["diverged_lr"] == 1e30);
  CHECK(!summary.contains("best_epoch"));
}

TEST_CASE("JSON describes a pipeline, which has no merge") {
  CapturedLines lines;
  RunStart start = sample_start();
  start.plan.strategy = StrategyKind::kPipeline;
  start.plan.pipeline_schedule = PipelineScheduleKind::kGpipe;
  start.training.stages = {1, 2};
  start.training.micro_batches = 4;
  TrainResult result = sample_result();
  result.bubble = {.predicted = 0.25, .measured = 0.5};
  const RunEvents events = json_lines_reporter(lines.writer(), 0);
  events.start(start);
  events.summary({result, 1});
  std::istringstream text(lines.text());
  std::string line;
  std::getline(text, line);
  const auto start_object = nlohmann::json::parse(line);
  CHECK(start_object["strategy"] == "pipeline");
  CHECK(start_object["merge"].is_null());
  CHECK(start_object["pipeline_schedule"] == "gpipe");
  CHECK(start_object["micro_batches"] == 4);
  CHECK(start_object["stages"] == std::vector<int>{1, 2});
  std::getline(text, line);
  const auto summary = nlohmann::json::parse(line);
  CHECK(summary["bubble_predicted"] == 0.25);
  CHECK(summary["bubble_measured"] == 0.5);
}

TEST_CASE("JSON names the best epoch of early stopping") {
  CapturedLines lines;
  TrainResult result = sample_result();
  result.status = TrainStatus::kEarlyStopped;
  result.best_epoch = 3;
  json_lines_reporter(lines.writer(), 0).summary({result, 1});
  const auto summary = nlohmann::json::parse(lines.text());
  CHECK(summary["status"] == "early_stopped");
  CHECK(summary["best_epoch"] == 3);
}

TEST_CASE("JSON stays valid when the name of the data is not UTF-8") {
  CapturedLines lines;
  RunStart start = sample_start();
  start.data = "bad \xff\" name\n";
  json_lines_reporter(lines.writer(), 0).start(start);
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
  const RunEvents events = json_document_reporter(document.writer());
  events.start(sample_start());
  CHECK(document.text().empty());
  events.summary({diverged_result(), 1});
  CHECK(nlohmann::json::parse(document.text())["epochs"] == nlohmann::json::array());
}

}  // namespace
}  // namespace trp
