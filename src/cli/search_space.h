#pragma once

#include <string>
#include <string_view>

#include "formats/strict_json.h"
#include "tune/space.h"

namespace trp {

/// What is searched unless there is --space FILE, in the same form: an object that has, by the
/// names of options, lists of values or ranges of numbers. In units of suited rates a learning rate
/// fits optimizer and momentum.
inline constexpr std::string_view kDefaultSpace = R"({
  "optimizer": ["sgd", "sgd", "adamw"],
  "momentum": [0, 0, 0.8, 0.9],
  "lr": {"from": 0.1, "to": 8, "scale": "log", "unit": "suited"},
  "batch-size": [32, 64, 96, 128],
  "hidden": ["128,64", "256", "256,128", "512"],
  "normalize": ["none", "center"],
  "label-smoothing": [0, 0.04, 0.08],
  "weight-decay": [0, 0, 1e-5, 1e-4, 1e-3],
  "dropout": ["none", "none", 0.1, 0.2]
})";

/// A space, and how it is written.
struct WrittenSpace {
  Json json;
  Space space;
};

/// Reads such an object; `name` is for messages. Throws UsageError if it is none, an option is
/// unknown or cannot be searched, or a value is not one that the option takes.
WrittenSpace parse_space(std::string_view text, const std::string& name);

}  // namespace trp
