#include "report/train_page.h"

#include "catch.h"
#include "data/check_contains.h"
#include "report/sample_run.h"
#include "strategy/phase.h"

namespace trp {
namespace {

std::string page_of(const TrainResult& result, const std::vector<StepReport>& steps) {
  PhaseRecorder recorder(kTrainingPhases, 2, 2);
  recorder.begin();
  recorder.end();
  TrainPage page;
  page.add(sample_start());
  for (const StepReport& step : steps) page.add(step);
  return page.html({result}, std::nullopt, recorder, "program --lr <1>");
}

TEST_CASE("a page tells how training went and how it was made") {
  const std::string page = page_of(sample_result(), {sample_step(1), sample_step(10)});
  CHECK_CONTAINS(page, "<h1>90.00 % test accuracy</h1>");
  CHECK_CONTAINS(page, "<dd>90.00 % ± 3.00 %</dd>");
  CHECK_CONTAINS(page, "program --lr &#60;1&#62;");
  CHECK_CONTAINS(page, "784 → 128 → 10, 101 770 parameters");
  CHECK_CONTAINS(page, "Some CPU, 2 CPUs, AVX2");
  CHECK_CONTAINS(page, "xxh128:00");
  CHECK_CONTAINS(page, "<th scope=\"row\">1</th><td>0.5</td>");  // the loss
}

TEST_CASE("a page of a training that diverged says so and has no NaN in its pictures") {
  const std::string page = page_of(diverged_result(), {});
  CHECK_CONTAINS(page, "<h1>diverged in epoch 1, batch 3, at learning rate 1e+30</h1>");
  CHECK(page.find("=\"nan") == std::string::npos);
}

TEST_CASE(
    "a page tells by which plans auto made the steps, and of a pipeline how long stages wait") {
  TrainResult result = sample_result();
  CHECK(page_of(result, {}).find("What auto made") == std::string::npos);
  result.plan_uses = {{{.strategy = StrategyKind::kSequential, .workers = 1}, 25},
                      {{.strategy = StrategyKind::kTensor, .workers = 2}, 75}};
  CHECK_CONTAINS(page_of(result, {}),
                 "<tr><th scope=\"row\">tensor with 2 workers</th><td>75</td></tr>\n"
                 "<tr><th scope=\"row\">sequential</th><td>25</td></tr>");
  result.bubble = PipelineBubble{.predicted = 0.2, .measured = 0.375};
  CHECK_CONTAINS(page_of(result, {}), "<tr><th scope=\"row\">measured</th><td>37.5</td></tr>");
}

TEST_CASE("a page of a long training has no more points than can be seen") {
  TrainPage page;
  RunStart start = sample_start();
  start.recipe.epochs = 2;
  page.add(start);
  std::vector<StepReport> steps;
  for (const int epoch : {1, 2})
    for (int batch = 1; batch <= 10'000; ++batch)
      steps.push_back({.epoch = epoch,
                       .batch = batch,
                       .samples_done = batch,
                       .samples_in_epoch = 10'000,
                       .mean_loss = 0.5,
                       .learning_rate = 0.125});
  CHECK(page_of(sample_result(), steps).size() < page_of(sample_result(), {}).size() + 20'000);
}

}  // namespace
}  // namespace trp
