#pragma once

#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/values.h"
#include "formats/strict_json.h"
#include "trp/dataset.h"
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

// Each adds options with these names to the group that is the app's default, or sets it first.

CLI::Option* add_path(CLI::App& app, const std::string& names, std::string& path,
                      const std::string& help, const CLI::Validator& validator = any_path());
/// --data
void add_data_folder(CLI::App& app, DataOptions& data);
/// --test-images and --test-labels
void add_test_files(CLI::App& app, DataOptions& data);
/// --augment and --normalize
void add_image_changes(CLI::App& app, Recipe& recipe);
/// --data, the four files by name, and what is made of them
void add_data(CLI::App& app, DataOptions& data, Recipe& recipe);
/// --hidden and the options of training that train and bench have in common
void add_training(CLI::App& app, Recipe& recipe);
/// --batch-size and --val-split
void add_batch_size_and_validation(CLI::App& app, Recipe& recipe);
/// Those of parallelism that train and bench have in common
void add_plan(CLI::App& app, Plan& plan);
/// -j, --workers; 0 is auto.
void add_workers(CLI::App& app, int& workers);
/// --format, with those that the command can write
void add_format(CLI::App& app, OutputFormat& format, std::initializer_list<OutputFormat> formats);
/// --color
void add_color(CLI::App& app, ColorWhen& color);
/// --min-accuracy
void add_min_accuracy(CLI::App& app, std::optional<double>& bound);

/// Returns kExitBoundNotMet, and says so, if the accuracy is below --min-accuracy, as NaN always
/// is; else kExitDone.
int check_min_accuracy(double accuracy, std::optional<double> bound);

/// Returns the name of the option that sets a field of a recipe's JSON: "--no-shuffle".
std::string option_of(std::string_view field);

/// A value of such a field as it is given on the command line: "128,64", "none", "0.05".
std::string value_text(const Json& value);

/// Sets what is left open, and depends on other options: a learning rate that is auto.
void complete_recipe(Recipe& recipe);

/// Throws UsageError if options of the recipe contradict one another.
void check_recipe(const Recipe& recipe);

/// When an option has an effect, as far as that depends on others.
struct OptionEffect {
  const char* option;
  bool exists;
  const char* condition;  // "without --trace", "with --format csv"
};

/// Says of each option that is given and has no effect why that is.
void say_without_effect(const CLI::App& app, std::initializer_list<OptionEffect> effects);

/// What an option that only several ranks care for needs to have an effect.
OptionEffect needs_ranks(const char* option);

/// Adds --read-once.
void add_read_once(CLI::App& app, bool& read_once);

/// Adds --report, to the group that is the app's default.
CLI::Option* add_report(CLI::App& app, std::string& path);

/// Adds --force to a command that writes files.
void add_force(CLI::App& app, bool& force);

}  // namespace trp
