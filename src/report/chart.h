#pragma once

#include <span>
#include <string>
#include <vector>

#include "trp/tensor.h"

namespace trp {

// Each function draws numbers as a figure of a page: a picture in SVG, which describes itself to
// those who cannot see it, and a table. Colours are classes c0, c1, … of the page's style, c0 its
// accent. What is not a finite number is left out of the picture.

/// How a range of numbers is laid out.
struct Axis {
  std::string title;  // with the unit
  bool from_zero = true;
  bool logarithmic = false;  // for numbers above zero
  bool is_whole = false;     // whether there is nothing between whole numbers
  double reach = 0;          // that the axis reaches at least
};

struct Point {
  double x = 0;
  double y = 0;
};

struct Series {
  std::string name;  // one without a name is not in the table
  std::vector<Point> points;
  int color = 0;
  enum Form { kLine, kFaint, kDashed } form = kLine;
};

/// Returns nothing if there is no number to draw.
std::string line_chart(const std::string& title, const Axis& x, const Axis& y,
                       const std::vector<Series>& series);

/// What parts of bars stand for.
struct Kind {
  std::string name;
  int color = 0;
};

/// A part of a bar, or what somebody does for a time.
struct Segment {
  double begin = 0;
  double end = 0;
  std::size_t kind = 0;
};

struct Lane {
  std::string label;
  std::vector<Segment> segments;
  std::vector<double> measured = {};  // what a bar is the median of, drawn with their quartiles
};

/// Returns a lane of segments of these lengths, one after the other, of kinds 0, 1, ….
Lane stacked(const std::string& label, std::span<const double> lengths);

/// Draws lanes under one another along an axis: stacked bars, or a timeline.
std::string lane_chart(const std::string& title, const Axis& axis, const std::vector<Kind>& kinds,
                       const std::vector<Lane>& lanes);

struct Bar {
  std::string label;
  double value = 0;
  std::vector<double> measured = {};  // as in Lane
};

/// Draws a number each.
std::string bar_chart(const std::string& title, const Axis& axis, const std::vector<Bar>& bars);

/// Draws how often what is of one class was taken for another, darker for more, with a row and a
/// column for each. The diagonal, which would outdo all others, is pale.
std::string heat_map(const std::string& title, const std::vector<std::string>& classes,
                     std::span<const Index> counts);

}  // namespace trp
