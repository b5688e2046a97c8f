#include "report/lab.h"

#include <limits>

#include "catch.h"
#include "data/check_contains.h"
#include "report/sample_run.h"

namespace trp {
namespace {

constexpr Experiment kExperiment = {
    .name = "name",
    .section = "A section",
    .title = "the title",
    .claim = "some claim",
    .takeaway = "a line",
    .run = nullptr,
    .verdict = [](const Race&) -> Verdict {
      return {true, "Holds here: it does."};
    },
    .contenders_are = "way",
    .unit = "M/s",
    .more_columns = {"µs"},
    .more_cells = [](const Race&, const Contender& contender) -> std::vector<Cell> {
      if (contender.workers == 1) return {1234.0};
      return {""};
    }};

Race sample_race() {
  return {.cpus = 1,
          .contenders = {{.name = "ä", .amount = 2, .seconds = {1, 1, 1}},
                         {.name = "longer", .workers = 2, .amount = 3, .seconds = {0.5, 1, 2}}}};
}

TEST_CASE("an experiment for people is a table between claim and verdict") {
  CapturedLines lines;
  write_experiment_text(lines.writer(), kExperiment, sample_race(), false);
  CHECK(lines.text() ==
        "\n"
        "name: A section: the title\n"
        "claim     some claim\n"
        "  way     workers      M/s    times as fast    µs\n"
        "  ä             1  2 (2–2)          1 (1–1)  1234\n"
        "  longer       2*  3 (2–4)  1.5 (1.12–2.25)\n"
        "  * more workers than CPUs (1)\n"
        "results   checked another way before they were timed: right\n"
        "verdict   Holds here: it does.\n"
        "take away a line\n");
}

TEST_CASE("wrong results show, and long sentences are broken at spaces") {
  Experiment experiment = kExperiment;
  experiment.verdict = [](const Race&) -> Verdict {
    return {false, "Not here: " + std::string(40, 'x') + " " + std::string(30, 'y')};
  };
  Race race = sample_race();
  race.correct = false;
  CapturedLines lines;
  write_experiment_text(lines.writer(), experiment, race, false);
  CHECK(lines.text().find("results   WRONG") != std::string::npos);
  CHECK(lines.text().find("verdict   Not here: " + std::string(40, 'x') + "\n          " +
                          std::string(30, 'y') + "\n") != std::string::npos);
}

TEST_CASE("a withheld verdict is neither true nor false, and says what others took") {
  Experiment experiment = kExperiment;
  experiment.verdict = [](const Race& race) {
    return make_verdict(is_faster(race.speedup({"longer", 2}, {"ä"})), "it does.");
  };
  Race race = sample_race();
  race.contenders[0].lost = {0.5, 0.5, 0.5};
  CapturedLines text;
  CapturedLines json;
  write_experiment_text(text.writer(), experiment, race, false);
  write_experiment_json(json.writer(), experiment, race);
  CHECK(text.text().find("others    CPU taken by other programs: up to 25 % of the time\n"
                         "verdict   Withheld: ") != std::string::npos);
  CHECK(json.text().find(R"("lost_share":0.25,"holds":null,"verdict":"Withheld: )") !=
        std::string::npos);
}

TEST_CASE("colour of a verdict changes nothing but the looks") {
  CapturedLines plain;
  CapturedLines colored;
  write_experiment_text(plain.writer(), kExperiment, sample_race(), false);
  write_experiment_text(colored.writer(), kExperiment, sample_race(), true);
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
  experiment.more_cells = [](const Race&, const Contender&) -> std::vector<Cell> {
    return {std::numeric_limits<double>::infinity()};
  };
  write_lab_start_json(
      lines.writer(), {.environment = sample_environment(), .data = "/some/folder", .quick = true});
  write_experiment_json(lines.writer(), experiment, sample_race());
  CHECK(
      lines.text() ==
      R"({"event":"lab","schema":2,"time":"2026-11-24T09:15:52Z","host":"box","cpu":"Some CPU","cpus":2,"build":{"version":"1.2.3","commit":"","compiler":"GCC 12","type":"Release","simd":"AVX2","fma":true},"round_trip_ns":null,"data":"/some/folder","quick":true}
{"event":"experiment","name":"name","title":"A section: the title","claim":"some claim","columns":["way","workers","M/s","times as fast","µs"],"rows":[["ä",1,{"median":2.0,"lower":2.0,"upper":2.0},{"median":1.0,"lower":1.0,"upper":1.0},null],["longer",2,{"median":3.0,"lower":2.0,"upper":4.0},{"median":1.5,"lower":1.125,"upper":2.25},null]],"correct":true,"lost_share":0.0,"holds":true,"verdict":"Holds here: it does.","takeaway":"a line"}
)");
}

TEST_CASE(
    "a table that is too wide for 80 columns leaves out quartiles, the first column's first") {
  const std::string name(31, 'x');
  const auto text_of = [&](double seconds) {
    CapturedLines lines;
    write_experiment_text(lines.writer(), kExperiment,
                          {.contenders = {{.name = name, .seconds = {seconds, 3, 3.1}}}}, false);
    return lines.text();
  };
  const std::string text = text_of(2.9);
  CHECK(text.find(name + "        1  0.333        1 (1–1)  1234\n") != std::string::npos);
}

TEST_CASE("the list tells what does the same in earnest, and where the guide is wrong") {
  CapturedLines lines;
  write_lab_list(lines.writer());
  const std::string text = lines.text();
  CHECK(text.find("--merge arrival|ordered|factored") != std::string::npos);
  CHECK(text.find("dictionary, not padding") != std::string::npos);
  for (const char* name : {"accumulate", "false-sharing", "loader"})
    CHECK(!find_experiment(name)->correction.empty());
}

TEST_CASE("a page names the section of the guide that an experiment belongs to") {
  const std::string html = experiment_section(kExperiment, sample_race());
  CHECK_CONTAINS(html, "<h2>the title</h2>");
  CHECK_CONTAINS(html, "In the guide: A section. Claim: some claim.");
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
