#pragma once

#include <array>
#include <optional>

#include "cli/option_makers.h"
#include "cli/options.h"
#include "system/terminal.h"
#include "trp/tensor.h"

namespace trp {

// Options that several commands have.

inline constexpr std::array<Word<OutputFormat>, 2> kTextOrJson = {{
    {"text", OutputFormat::kText},
    {"json", OutputFormat::kJson},
}};

inline constexpr int kMostWorkers = 1024;
inline constexpr Index kLargestBatch = 1'000'000;

inline constexpr std::array<Word<ColorWhen>, 3> kColorWords = {{
    {"auto", ColorWhen::kAuto},
    {"always", ColorWhen::kAlways},
    {"never", ColorWhen::kNever},
}};

/// -j, --workers; not set: auto.
Option workers_option(int& workers);

/// --min-accuracy
Option min_accuracy_option(std::optional<double>& bound);

/// --color
Option color_option(ColorWhen& color);

/// -h, --help and -V, --version, which set nothing: it is enough that they were given.
Option help_option();
Option version_option();

}  // namespace trp
