#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>

#include "report/chart.h"
#include "report/html.h"
#include "report/lab.h"
#include "report/numbers.h"
#include "trp/thread_pool.h"

namespace trp {
namespace {

double median_rate(const Race& race, const Contender& contender) {
  return race.per_second({contender.name, contender.workers}).median;
}

std::string rates_figure(const Experiment& experiment, const Race& race) {
  std::vector<Bar> bars;
  for (const Contender& contender : race.contenders) {
    const bool has_star = contender.workers > race.cpus;
    bars.push_back({fmt::format("{}, {}{}", contender.name, contender.workers, has_star ? "*" : ""),
                    median_rate(race, contender)});
    for (const double seconds : contender.seconds)
      bars.back().measured.push_back(contender.amount / seconds);
  }
  const char* note = exceeds_cpus(race) ? " (*: more workers than CPUs)" : "";
  return bar_chart("By workers: median, quartiles, rounds",
                   {.title = fmt::format("{}{}", experiment.unit, note)}, bars);
}

/// A line for each number of workers, over the number that contenders' names begin with.
std::vector<Series> lines_of(const Race& race, double (*value)(const Race&, const Contender&)) {
  std::map<int, Series> lines;
  for (const Contender& contender : race.contenders) {
    if (!std::isdigit(static_cast<unsigned char>(contender.name[0]))) continue;
    const int color = static_cast<int>(lines.size());
    Series& line = lines.try_emplace(contender.workers, Series{"", {}, color}).first->second;
    line.name = count_of(contender.workers, "worker");
    line.points.push_back({std::stod(contender.name), value(race, contender)});
  }
  std::vector<Series> all;
  for (const auto& [workers, line] : lines) all.push_back(line);
  return all;
}

/// The most operations per second at so many per byte (Williams, Waterman and Patterson,
/// "Roofline", CACM 2009).
std::vector<Series> roofs_of(const Race& race) {
  std::vector<Series> roofs;
  for (const Contender& contender : race.contenders) {
    if (!contender.name.starts_with("arithmetic")) continue;
    const double most = median_rate(race, contender);
    const double bytes = race.per_second({"triad, bytes", contender.workers}).median;
    const int color = static_cast<int>(roofs.size());
    Series& roof = roofs.emplace_back(Series{count_of(contender.workers, "worker"), {}, color});
    for (const double intensity : {0.01, 1.0 / 6, most / bytes, 1000.0})
      roof.points.push_back({intensity, std::min(most, bytes * intensity)});
  }
  return roofs;
}

std::string cache_lines_figure() {
  constexpr double kBytes = 8, kLine = kCacheLineBytes;  // of a counter; of a line
  constexpr std::size_t kWorkers = 4;
  std::vector<Kind> kinds;
  std::vector<Lane> lanes = {{"side by side", {{kWorkers * kBytes, kLine, kWorkers}}}};
  for (std::size_t w = 0; w < kWorkers; ++w) {
    const double begin = kBytes * static_cast<double>(w);
    kinds.push_back({fmt::format("worker {}", w + 1), static_cast<int>(w)});
    lanes[0].segments.push_back({begin, begin + kBytes, w});
    lanes.push_back(
        {fmt::format("apart, line {}", w + 1), {{0, kBytes, w}, {kBytes, kLine, kWorkers}}});
  }
  kinds.push_back({"nobody", 8});
  return lane_chart("Who writes where in a cache line", {.title = "bytes"}, kinds, lanes);
}

/// A picture that shows more of an experiment than its rates; most have none.
std::string picture_of(const Experiment& experiment, const Race& race) {
  if (experiment.name == "memory")
    return line_chart("Roofline; the triad does 0.17 operations per byte",
                      {.title = "operations per byte", .logarithmic = true},
                      {.title = "G operations/s", .logarithmic = true}, roofs_of(race));
  if (experiment.name == "tiny")
    return line_chart("Where workers begin to pay", {.title = "elements", .logarithmic = true},
                      {.title = "M elements/s", .logarithmic = true}, lines_of(race, median_rate));
  if (experiment.name == "pipeline")
    return line_chart(
        "The bubble: how long stages wait", {.title = "micro-batches", .is_whole = true},
        {.title = "% of the time"},
        lines_of(race, [](const Race&, const Contender& c) { return 100 * c.idle_share; }));
  return experiment.name == "false-sharing" ? cache_lines_figure() : "";
}

}  // namespace

std::string experiment_section(const Experiment& experiment, const Race& race) {
  const std::string verdict =
      race.correct ? judge(experiment, race).text : "WRONG when checked another way.";
  return page_section(
      experiment.title,
      fmt::format("In the guide: {}. Claim: {}.", experiment.section, experiment.claim),
      fmt::format("<p class=\"verdict\">{} Take away: {}.</p>\n", escaped(verdict),
                  escaped(experiment.takeaway)) +
          rates_figure(experiment, race) + picture_of(experiment, race));
}

std::string lab_page(const LabStart& start, std::string_view sections, const std::string& command) {
  PageHead head = {"lab",
                   "What a guide to parallelism teaches, measured here",
                   {},
                   environment_facts(command, start.environment)};
  head.facts.insert(head.facts.begin() + 1, {"data", start.data});
  if (start.quick) head.facts.push_back({"numbers", "quick, so rough"});
  return html_page(head, sections);
}

}  // namespace trp
