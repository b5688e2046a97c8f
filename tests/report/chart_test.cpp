#include "report/chart.h"

#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>

#include <fmt/format.h>

#include "catch.h"
#include "data/check_contains.h"

namespace trp {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// With TRP_NEW_CHARTS set the files are written anew: look at the changes before you commit them.
void check_chart(const std::string& name, const std::string& figure) {
  const std::string path = fmt::format("{}/{}.html", TRP_CHARTS, name);
  if (std::getenv("TRP_NEW_CHARTS")) std::ofstream(path) << figure;
  std::ostringstream expected;
  expected << std::ifstream(path).rdbuf();
  CAPTURE(path);
  CHECK(figure == expected.str());
}

TEST_CASE("lines are drawn as recorded") {
  check_chart("lines",
              line_chart("Loss", {.title = "epochs"}, {.title = "loss"},
                         {{"training", {{1, 0.5}, {2, 0.25}, {3, 0.125}}},
                          {"validation", {{1, 0.5}, {3, 0.25}}, 1},
                          {"", {{0, 1}, {0.5, kNan}, {1, 0.75}, {3, 0}}, 2, Series::kFaint}}));
  check_chart("logarithmic",
              line_chart("Roofline", {.title = "operations per byte", .logarithmic = true},
                         {.title = "G/s", .logarithmic = true},
                         {{"roof", {{0.01, 2}, {10, 300}, {1000, 300}}, 0, Series::kDashed}}));
}

TEST_CASE("bars, stacked bars and timelines are drawn as recorded") {
  check_chart("bars", bar_chart("Time", {.title = "seconds"},
                                {{"sequential, 1", 1.5, {1.25, 1.5, 2}}, {"data, 2", 0.25}}));
  const std::vector<double> shares = {50, 30, 0, 20};
  check_chart("stacked", lane_chart("Budget", {.title = "%", .reach = 100},
                                    {{"useful", 0}, {"merge", 3}, {"locks", 1}, {"idle", 8}},
                                    {stacked("2 workers", shares)}));
  check_chart("timeline", lane_chart("A step", {.title = "µs"}, {{"forward", 0}, {"backward", 4}},
                                     {{"worker 1", {{0, 10, 0}, {10, 25, 1}}},
                                      {"worker 2", {{1, 8, 0}, {12, 30, 1}, {30, 31, 0}}}}));
}

TEST_CASE("a heat map is drawn as recorded") {
  const std::vector<Index> counts = {90, 10, 0, 5, 80, 15, 0, 2, 98};
  check_chart("heat_map", heat_map("Confusion matrix", {"0 a", "1 b", "2 <c>"}, counts));
}

TEST_CASE("what is not a number is in no picture, and nothing at all can be drawn") {
  for (const bool logarithmic : {false, true}) {
    const Axis axis = {.title = "x", .from_zero = false, .logarithmic = logarithmic};
    for (const std::vector<Point>& points : {std::vector<Point>{},
                                             {{kNan, kNan}},
                                             {{1, kInfinity}, {2, -kInfinity}},
                                             {{0, 0}},
                                             {{-1, -1}},
                                             {{5, 5}},
                                             {{1, 1e30}},
                                             {{1e-30, 1e-30}},
                                             {{1e16, 1e16}, {1e16 + 2, 1e16 + 2}},
                                             {{0, 0}, {5e-324, 5e-324}},
                                             {{-1e308, -1e308}, {1e308, 1e308}}}) {
      const std::string figure = line_chart("t", axis, axis, {{"a", points}});
      const std::string picture = figure.substr(0, figure.find("<details>"));
      CHECK(picture.find("nan") == std::string::npos);
      CHECK(picture.find("inf") == std::string::npos);
    }
  }
  const double nothing = kNan;
  const std::string figure = bar_chart("t", {.title = "x"}, {{"b", nothing}});
  CHECK(figure.substr(0, figure.find("<details>")).find("=\"nan") == std::string::npos);
  CHECK_CONTAINS(lane_chart("t", {.title = "x"}, {{"a"}}, {}), "<svg");
}

TEST_CASE("names that have room are whole") {
  for (std::size_t length = 1; length < 24; ++length) {
    const std::string name(length, 'x');
    CHECK_CONTAINS(bar_chart("t", {.title = "x"}, {{name, 1}}), "class=\"\">" + name + "</text>");
  }
}

TEST_CASE("names without room are cut off as recorded, with the whole of them in tips and tables") {
  const std::string name = "3 Größen von Stiefeletten, Stiefeln und Halbschuhen aus Leder";
  const std::string bars = bar_chart("Names", {.title = "x"}, {{name, 1}});
  const std::string matrix = heat_map("Names", {name, "ok"}, std::vector<Index>{1, 2, 3, 4});
  const std::string lines = line_chart("Names", {.title = "x"}, {.title = "y"},
                                       {{name + name, {{1, 1}}}, {"b", {{1, 1}}}});
  check_chart("long_names", bars + matrix + lines);
  for (const std::string& figure : {bars, matrix}) {
    CHECK_CONTAINS(figure, "<title>" + name + "</title>3 Größen");
    CHECK_CONTAINS(figure, name + "</th>");
    CHECK_CONTAINS(figure, "textLength=\"230.0\"");
    CHECK(figure.find("width=\"-") == std::string::npos);
  }
  // Nothing is left of a room that is none, and no letter is cut in two.
  const std::string wide = "类别类别类别类别类别类别类别类别类别类别类别";
  CHECK_CONTAINS(bar_chart("t", {.title = "x"}, {{wide, 1}}),
                 ">类别类别类别类别类别类别类别类别…</text>");
}

TEST_CASE("bars begin at zero, and axes end at round numbers") {
  const std::string figure = bar_chart("t", {.title = "x"}, {{"b", 93}});
  CHECK_CONTAINS(figure, "class=\"middle\">0</text>");
  CHECK_CONTAINS(figure, "class=\"middle\">100</text>");
}

}  // namespace
}  // namespace trp
