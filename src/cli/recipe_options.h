#pragma once

#include <limits>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/values.h"
#include "trp/tensor.h"

namespace trp {

// Options that several commands have.

// Titles of groups; those that end as kAdvanced are for --help-all.
inline constexpr const char* kDataGroup = "Data";
inline constexpr const char* kDataAdvancedGroup = "Data (advanced)";
inline constexpr const char* kModelGroup = "Model";
inline constexpr const char* kTrainingGroup = "Training";
inline constexpr const char* kTrainingAdvancedGroup = "Training (advanced)";
inline constexpr const char* kParallelismGroup = "Parallelism";
inline constexpr const char* kParallelismAdvancedGroup = "Parallelism (advanced)";
inline constexpr const char* kSavingGroup = "Saving";
inline constexpr const char* kSavingAdvancedGroup = "Saving (advanced)";
inline constexpr const char* kOutputGroup = "Output";
inline constexpr const char* kOutputAdvancedGroup = "Output (advanced)";

inline constexpr int kMaxWorkers = 1024;
inline constexpr int kMaxEpochs = 1'000'000;
inline constexpr Index kMaxBatchSize = 1'000'000;
inline constexpr int kMaxClasses = 256;  // a label is a byte

// Each adds options with these names to the group that is the app's default, or sets it first.

CLI::Option* add_path(CLI::App& app, const std::string& names, std::string& path,
                      const std::string& help, const CLI::Validator& validator = any_path());
/// --data
void add_data_folder(CLI::App& app, DataOptions& data);
/// --test-images and --test-labels
void add_test_files(CLI::App& app, DataOptions& data);
/// --data, the four files by name, and what is made of them
void add_data(CLI::App& app, DataOptions& data, Recipe& recipe);
/// --hidden and the options of training that train and bench have in common
void add_training(CLI::App& app, Recipe& recipe);
/// Those of parallelism that train and bench have in common
void add_plan(CLI::App& app, Plan& plan);
/// -j, --workers; 0 is auto.
void add_workers(CLI::App& app, int& workers);
/// --color
void add_color(CLI::App& app, ColorWhen& color);
/// --min-accuracy
void add_min_accuracy(CLI::App& app, std::optional<double>& bound);

/// Finds the data; when they are not found, the message names the options as well.
DataFiles find_named_data(const DataOptions& data, DataNeed need = DataNeed::kTrainAndTest);

/// Throws UsageError if the warm-up is longer than the training.
void check_warmup(const Recipe& recipe);

}  // namespace trp
