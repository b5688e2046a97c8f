#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/app.h"
#include "trp/error.h"

namespace trp {

/// The app with one command besides train, and the options of both.
template <class Options>
struct Parsed {
  std::unique_ptr<CLI::App> app = make_app();
  Options options;
  std::string text;  // that was asked for

  Parsed(CLI::App& (*add)(CLI::App&, Options&), std::vector<std::string> arguments) {
    add(*app, options);
    text = parse(*app, std::move(arguments));
  }
};

/// What comes of the arguments.
template <class Options>
Options parse_options(CLI::App& (*add)(CLI::App&, Options&), std::vector<std::string> arguments) {
  return std::move(Parsed<Options>(add, std::move(arguments)).options);
}

template <class Options>
std::string usage_error(CLI::App& (*add)(CLI::App&, Options&), std::vector<std::string> arguments) {
  try {
    parse_options(add, std::move(arguments));
  } catch (const UsageError& error) {
    return error.what();
  }
  return {};
}

}  // namespace trp
