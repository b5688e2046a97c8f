#include "report/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "measure/statistics.h"
#include "report/html.h"

namespace trp {
namespace {

// In units of the picture.
constexpr double kWidth = kFigureWidth, kLineHeight = 18, kLane = 22, kBar = 15, kPlot = 210,
                 kLabelGap = 10;

/// 0.05, 9500, 10 k, 14.6 k
std::string number_text(double value) {
  if (std::abs(value) < 10'000) return fmt::format("{:.4g}", value);
  if (std::abs(value) < 999'500) return fmt::format("{:.3g} k", value / 1e3);
  return std::abs(value) < 1e12 ? fmt::format("{:.4g} M", value / 1e6)
                                : fmt::format("{:.3g}", value);
}

/// Where the numbers of an axis lie in the picture, which begins and ends at round ones.
struct Scale {
  bool logarithmic;
  double begin, end;
  std::vector<double> ticks = {};

  Scale(const Axis& axis, std::vector<double> values, double from, double to)
      : logarithmic(axis.logarithmic), begin(from), end(to) {
    if (axis.reach > 0) values.push_back(axis.reach);
    const double most = logarithmic ? 290 : 1e290;  // so that nothing overflows
    std::erase_if(values, [&](double value) { return !(std::abs(place(value)) < most); });
    if (values.empty()) values = {1};
    if (axis.from_zero && !logarithmic) values.push_back(0);
    auto [low, high] = std::ranges::minmax(values);
    constexpr double kMaxSteps = 6, kRounding = 1e-9;
    // What is hardly a range has no room for steps.
    if (high - low <= std::max(1e-290, kRounding * std::abs(low)))
      high = low == 0 ? 1 : low + std::abs(low);
    const double least = (high - low) / kMaxSteps;
    double step = std::pow(10, std::floor(std::log10(least)));
    for (const double factor : {2.0, 2.5, 2.0})  // to 2, 5 and 10 times a power of ten
      if (step < least * (1 - kRounding)) step *= factor;
    if (axis.is_whole) step = std::max(step, 1.0);
    const double last = std::ceil(high / step - kRounding);
    for (double k = std::floor(low / step + kRounding); !logarithmic && k <= last; ++k)
      ticks.push_back(k * step);
    if (logarithmic) add_powers(std::log10(low), std::log10(high));
  }

  /// Powers of ten, and where there are few of them what is two and five times as much.
  void add_powers(double low, double high) {
    constexpr double kMaxDecades = 2.5, kRounding = 1e-9;
    const bool is_fine = high - low < kMaxDecades;
    for (double k = std::floor(low); k <= std::ceil(high); ++k)
      for (const double factor : {1.0, 2.0, 5.0})
        if (is_fine || factor == 1) ticks.push_back(factor * std::pow(10, k));
    while (ticks.size() > 2 && std::log10(ticks[1]) <= low + kRounding) ticks.erase(ticks.begin());
    while (ticks.size() > 2 && std::log10(ticks[ticks.size() - 2]) >= high - kRounding)
      ticks.pop_back();
  }

  double place(double value) const { return logarithmic ? std::log10(value) : value; }
  double operator()(double value) const {
    const double low = place(ticks.front()), high = place(ticks.back());
    return begin + (end - begin) * (place(value) - low) / (high - low);
  }
};

/// Says what colours stand for, if there are several, in as many lines as it takes, which `top`
/// grows by.
std::string legend(const std::vector<Kind>& kinds, double& top) {
  std::string drawing;
  if (kinds.size() < 2) return drawing;
  double x = 0;
  for (const Kind& kind : kinds) {
    const double width = std::min(22 + text_width(kind.name), kWidth);
    if (x > 0 && x + width > kWidth) x = 0, top += kLineHeight;
    drawing += box(x, top + 2, 11, 11, fmt::format("class=\"c{}\"", kind.color), kind.name) +
               text_at(x + 15, top + 12, "", kind.name, kWidth - 22);
    x += width + 6;
  }
  top += kLineHeight + 8;
  return drawing;
}

std::string draw(const Series& series, const Scale& x, const Scale& y) {
  constexpr std::size_t kMaxDots = 50;
  constexpr std::array<std::string_view, 3> kClasses = {"line", "line faint", "line dashed"};
  const bool has_dots = series.form == Series::kLine && series.points.size() <= kMaxDots;
  std::string path, dots;
  char command = 'M';
  for (const Point& point : series.points) {
    const double px = x(point.x), py = y(point.y);
    const bool is_shown = std::isfinite(px) && std::isfinite(py);
    if (is_shown) path += fmt::format("{}{:.1f} {:.1f}", command, px, py);
    if (is_shown && has_dots)
      dots += dot(px, py, "", fmt::format("{} {:.4g} at {:.4g}", series.name, point.y, point.x));
    command = is_shown ? 'L' : 'M';
  }
  return fmt::format("<g class=\"c{}\"><path class=\"{}\" d=\"{}\"/>\n{}</g>\n", series.color,
                     kClasses[series.form], path, dots);
}

std::vector<Cells> series_table(const Axis& x, const std::vector<Series>& all) {
  std::vector<Cells> rows = {{x.title}};
  std::map<double, Cells> by_x;
  for (const Series& series : all) {
    if (series.name.empty()) continue;
    rows[0].push_back(series.name);
    for (const Point& point : series.points) {
      Cells& row = by_x[point.x];
      row.resize(rows[0].size());
      row[0] = fmt::format("{:.6g}", point.x);
      row.back() = fmt::format("{:.6g}", point.y);
    }
  }
  for (auto& [value, row] : by_x) row.resize(rows[0].size()), rows.push_back(row);
  return rows;
}

std::string draw(const Lane& lane, const std::vector<Kind>& kinds, const Scale& x, double top,
                 std::vector<Cells>& rows) {
  std::string drawing = text_at(0, top + 12, "", lane.label, x.begin - kLabelGap);
  std::vector<double> numbers(kinds.size());
  for (const auto& [begin, end, kind] : lane.segments) {
    numbers[kind] += end - begin;
    if (const double width = x(end) - x(begin); width > 0)
      drawing += box(x(begin), top, width, kBar, fmt::format("class=\"c{}\"", kinds[kind].color),
                     fmt::format("{} {:.4g}", kinds[kind].name, end - begin));
  }
  if (kinds.size() == 1) drawing += text_at(kWidth, top + 12, "end", number_text(numbers[0]));
  if (!lane.measured.empty()) {
    const Spread spread = spread_of(lane.measured);
    const double middle = top + kBar / 2;
    drawing += line_from(x(spread.lower), middle, x(spread.upper), middle, "quartiles");
    for (const double one : lane.measured)
      drawing += dot(x(one), middle, "measured", number_text(one));
    numbers.insert(numbers.end(), {spread.lower, spread.upper});
  }
  Cells& row = rows.emplace_back(Cells{lane.label});
  for (const double number : numbers) row.push_back(fmt::format("{:.6g}", number));
  row.resize(rows.front().size());
  return drawing;
}

}  // namespace

std::string line_chart(const std::string& title, const Axis& x, const Axis& y,
                       const std::vector<Series>& series) {
  std::vector<double> xs, ys;
  std::vector<Kind> kinds;
  for (const Series& one : series) {
    if (!one.name.empty()) kinds.push_back({one.name, one.color});
    for (const Point& point : one.points) xs.push_back(point.x), ys.push_back(point.y);
  }
  const auto is_drawn = [](double value) { return std::isfinite(value); };
  if (std::ranges::none_of(xs, is_drawn) || std::ranges::none_of(ys, is_drawn)) return {};
  double top = 0, left = 0;
  std::string drawing = legend(kinds, top);
  drawing += text_at(0, top + 12, "title", "↑ " + y.title);
  top += 28;
  const double right = kWidth - 8, bottom = top + kPlot;
  const Scale up(y, ys, bottom, top);
  for (const double tick : up.ticks) left = std::max(left, text_width(number_text(tick)) + 8);
  const Scale across(x, xs, left, right);
  for (const double tick : up.ticks)
    drawing += line_from(left, up(tick), right, up(tick), "grid") +
               text_at(left - 8, up(tick) + 4, "end", number_text(tick));
  for (const double tick : across.ticks)
    drawing += text_at(across(tick), bottom + 17, "middle", number_text(tick));
  drawing += text_at(right, bottom + 34, "end title", x.title + " →");
  for (const Series& one : series) drawing += draw(one, across, up);
  return svg_figure(title, fmt::format("Lines: {} over {}.", y.title, x.title), bottom + 38,
                    drawing, series_table(x, series));
}

Lane stacked(const std::string& label, std::span<const double> lengths) {
  Lane lane = {label, {}};
  double end = 0;
  for (const double length : lengths) {
    lane.segments.push_back({end, end + length, lane.segments.size()});
    end += length;
  }
  return lane;
}

std::string lane_chart(const std::string& title, const Axis& axis, const std::vector<Kind>& kinds,
                       const std::vector<Lane>& lanes) {
  std::vector<double> values;
  std::vector<Cells> rows = {{"bar"}};
  for (const Kind& kind : kinds) rows[0].push_back(kind.name);
  std::vector<double> totals(kinds.size());
  double left = 0, top = 0;
  for (const Lane& lane : lanes) {
    left = std::clamp(text_width(lane.label) + kLabelGap, left, kWidth / 2);
    for (const auto& [begin, end, kind] : lane.segments)
      values.push_back(end), totals[kind] += end - begin;
    values.insert(values.end(), lane.measured.begin(), lane.measured.end());
    if (!lane.measured.empty() && rows[0].size() == kinds.size() + 1)
      rows[0].insert(rows[0].end(), {"lower quartile", "upper quartile"});
  }
  const double right = kWidth - (kinds.size() == 1 ? 62 : 12);
  const Scale scale(axis, values, left, right);
  constexpr double kMinShare = 0.002;  // that can be seen
  const double seen = kMinShare * std::accumulate(totals.begin(), totals.end(), 0.0);
  std::vector<Kind> used;
  for (std::size_t kind = 0; kind < kinds.size(); ++kind)
    if (totals[kind] > seen) used.push_back(kinds[kind]);
  std::string drawing = legend(used, top);
  const double bottom = top + kLane * static_cast<double>(lanes.size());
  for (const double tick : scale.ticks)
    drawing += line_from(scale(tick), top, scale(tick), bottom, "grid") +
               text_at(scale(tick), bottom + 14, "middle", number_text(tick));
  for (const Lane& lane : lanes) drawing += draw(lane, kinds, scale, top + 3, rows), top += kLane;
  drawing += text_at(right, bottom + 31, "end title", axis.title + " →");
  return svg_figure(title, fmt::format("Bars along an axis: {}.", axis.title), bottom + 36, drawing,
                    rows);
}

std::string bar_chart(const std::string& title, const Axis& axis, const std::vector<Bar>& bars) {
  std::vector<Lane> lanes;
  for (const auto& [label, value, measured] : bars)
    lanes.push_back({label, {{0, value, 0}}, measured});
  return lane_chart(title, axis, {{axis.title}}, lanes);
}

std::string heat_map(const std::string& title, const std::vector<std::string>& classes,
                     std::span<const Index> counts) {
  constexpr std::size_t kMaxTexts = 20;
  const std::size_t count = classes.size();
  double left = 24, largest = 1;  // off the diagonal
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (i / count != i % count) largest = std::max(largest, static_cast<double>(counts[i]));
  for (const std::string& name : classes)
    left = std::clamp(text_width(name) + kLabelGap, left, kWidth / 2);
  const double width = (kWidth - left) / static_cast<double>(count);
  const double height = std::min(width, 30.0);
  std::string drawing = text_at(kWidth, 12, "end title", "taken for →");
  std::vector<Cells> rows = {{"class"}};
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::size_t row = i / count, column = i % count;
    const double x = left + width * static_cast<double>(column);
    const double y = 36 + height * static_cast<double>(row), base = y + height / 2 + 4;
    const double shade = std::sqrt(static_cast<double>(counts[i]) / largest);
    if (row == 0) rows[0].push_back(classes[column]);
    if (column == 0) rows.push_back({classes[row]});
    rows.back().push_back(fmt::format("{}", counts[i]));
    if (counts[i] > 0)
      drawing += box(x, y, width - 1, height - 1,
                     row == column ? "class=\"c8\""
                                   : fmt::format("class=\"c0\" fill-opacity=\"{:.2f}\"", shade),
                     fmt::format("{} taken for {}: {}", classes[row], classes[column], counts[i]));
    if (count > kMaxTexts) continue;
    if (column == 0) drawing += text_at(left - 8, base, "end", classes[row], left - kLabelGap);
    if (row == 0) drawing += text_at(x + width / 2, 30, "middle", fmt::format("{}", column));
    if (counts[i] > 0)
      drawing +=
          text_at(x + width / 2, base, row != column && shade > 0.7 ? "middle over" : "middle",
                  rows.back().back());
  }
  return svg_figure(title, "A row for each class, a column for what its samples are taken for.",
                    40 + height * static_cast<double>(count), drawing, rows);
}

}  // namespace trp
