#include "report/lab.h"

#include <limits>

#include "catch.h"
#include "report/sample_run.h"

namespace trp {
namespace {

Table sample_table(const Race&) {
  return {{"way", "µs", "speedup"}, {{"ä", 1234.0, Spread{1.5, 1.25, 2}}, {"longer", 0.5, ""}}};
}

constexpr Experiment kExperiment = {.name = "name",
                                    .title = "The title",
                                    .claim = "some claim",
                                    .takeaway = "a line",
                                    .run = nullptr,
                                    .table = sample_table,
                                    .verdict = [](const Race&) -> Verdict {
                                      return {true, "Holds here: it does."};
                                    }};

TEST_CASE("an experiment for people is a table between claim and verdict") {
  CapturedLines lines;
  write_experiment_text(lines.writer(), kExperiment, {}, false);
  CHECK(lines.text() ==
        "\n"
        "name: The title\n"
        "claim     some claim\n"
        "  way       µs       speedup\n"
        "  ä       1234  1.5 (1.25–2)\n"
        "  longer   0.5\n"
        "results   checked another way before they were timed: right\n"
        "verdict   Holds here: it does.\n"
        "take away a line\n");
}

TEST_CASE("wrong results show, and long sentences are broken at spaces") {
  Experiment experiment = kExperiment;
  experiment.verdict = [](const Race&) -> Verdict {
    return {false, "Not here: " + std::string(60, 'x') + " " + std::string(30, 'y')};
  };
  CapturedLines lines;
  write_experiment_text(lines.writer(), experiment, {.correct = false}, false);
  CHECK(lines.text().find("results   WRONG") != std::string::npos);
  CHECK(lines.text().find("verdict   Not here: " + std::string(60, 'x') + "\n          " +
                          std::string(30, 'y') + "\n") != std::string::npos);
}

TEST_CASE("colour of a verdict changes nothing but the looks") {
  CapturedLines plain;
  CapturedLines colored;
  write_experiment_text(plain.writer(), kExperiment, {}, false);
  write_experiment_text(colored.writer(), kExperiment, {}, true);
  std::string text = colored.text();
  CHECK(text.find("\x1b[") != std::string::npos);
  while (text.find('\x1b') != std::string::npos) {
    const auto begin = text.find('\x1b');
    text.erase(begin, text.find('m', begin) - begin + 1);
  }
  CHECK(text == plain.text());
}

TEST_CASE("JSON of the lab has the fields of schema 2 in their order") {
  CapturedLines lines;
  Experiment experiment = kExperiment;
  experiment.table = [](const Race& race) {
    Table table = sample_table(race);
    table.rows[1][1] = std::numeric_limits<double>::infinity();
    return table;
  };
  write_lab_start_json(
      lines.writer(), {.environment = sample_environment(), .data = "/some/folder", .quick = true});
  write_experiment_json(lines.writer(), experiment, {});
  CHECK(
      lines.text() ==
      R"({"event":"lab","schema":2,"time":"2026-11-24T09:15:52Z","host":"box","cpu":"Some CPU","cpus":2,"build":{"version":"1.2.3","compiler":"GCC 12","type":"Release","simd":"AVX2"},"data":"/some/folder","quick":true}
{"event":"experiment","name":"name","title":"The title","claim":"some claim","columns":["way","µs","speedup"],"rows":[["ä",1234.0,{"median":1.5,"lower":1.25,"upper":2.0}],["longer",null,""]],"correct":true,"holds":true,"verdict":"Holds here: it does.","takeaway":"a line"}
)");
}

TEST_CASE("the list names every experiment with its claim") {
  CapturedLines lines;
  write_lab_list(lines.writer());
  for (const Experiment* experiment : experiments()) {
    CHECK(lines.text().find(std::string(experiment->name) + " ") != std::string::npos);
    CHECK(lines.text().find(experiment->claim.substr(0, 40)) != std::string::npos);
  }
}

}  // namespace
}  // namespace trp
