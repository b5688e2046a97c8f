#pragma once

#include <string>
#include <string_view>

#include <fmt/color.h>

namespace trp {

enum class ColorWhen { kAuto, kAlways, kNever };

/// A terminal on which a line can be redrawn; TERM=dumb is none.
bool is_terminal(int descriptor);

/// Columns of the terminal, 80 when it does not say.
int terminal_width(int descriptor);

/// Whether output to the descriptor is to be coloured. kAuto: on a terminal, unless NO_COLOR is set
/// to something (https://no-color.org).
bool use_color(ColorWhen when, int descriptor);

/// The text in the style, or as it is.
std::string paint(bool color, const fmt::text_style& style, std::string_view text);

}  // namespace trp
