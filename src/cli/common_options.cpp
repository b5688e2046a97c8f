#include "cli/common_options.h"

#include <utility>

#include <fmt/format.h>

namespace trp {
namespace {

Option request(Option option) {
  option.set = [](const std::string&) {};
  return option;
}

}  // namespace

Option workers_option(int& workers) {
  return {.short_name = "-j",
          .name = "workers",
          .alias = "threads",
          .value = "N|auto",
          .help = "threads that compute; auto: as many as CPUs",
          .set =
              [&workers](const std::string& text) {
                int count = 0;
                if (text == "auto") {
                  workers = 0;
                } else if (read_whole(text, count) && count >= 1 && count <= kMostWorkers) {
                  workers = count;
                } else {
                  throw_unexpected(
                      fmt::format("a whole number from 1 to {} or \"auto\"", kMostWorkers), text);
                }
              },
          .get = [&workers] { return workers > 0 ? fmt::format("{}", workers) : "auto"; }};
}

Option min_accuracy_option(std::optional<double>& bound) {
  return {.name = "min-accuracy",
          .value = "X",
          .help = "from 0 to 1; exit with 4 when the test accuracy is lower",
          .set = [&bound](const std::string& text) { bound = parse_number<double>(text, 0, 1); },
          .get = [&bound]() -> std::optional<std::string> {
            if (!bound) return std::nullopt;
            return fmt::format("{}", *bound);
          }};
}

Option color_option(ColorWhen& color) {
  return one_of(
      {.name = "color", .value = "WORD", .help = "colours; auto: on a terminal, unless NO_COLOR"},
      color, kColorWords);
}

Option help_option() { return request({.short_name = "-h", .name = "help"}); }

Option version_option() {
  return request({.short_name = "-V", .name = "version", .help = "this, and what was built"});
}

}  // namespace trp
