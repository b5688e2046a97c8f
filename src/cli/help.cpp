#include "cli/help.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <hwy/highway.h>
#include <Eigen/Core>

#include "core/text.h"
#include "report/environment.h"
#include "report/json.h"
#include "report/numbers.h"
#include "report/table.h"
#include "system/terminal.h"

namespace trp {
namespace {

constexpr std::size_t kHelpColumn = 27;
constexpr std::size_t kMinColumns = 60, kMaxColumns = 100;
constexpr const char* kGroup = "Help";

std::size_t help_columns() {
  if (!is_terminal(STDOUT_FILENO)) return kMaxColumns;
  return std::clamp(static_cast<std::size_t>(terminal_width(STDOUT_FILENO)), kMinColumns,
                    kMaxColumns);
}

std::string entry(const std::string& name, std::string_view help) {
  return labelled(name + "  ", kHelpColumn, help, help_columns()) + '\n';
}

std::string option_entry(const CLI::Option& option) {
  const auto& short_names = option.get_snames();
  const std::string value = value_name(option);
  const std::string name = fmt::format(
      "  {:<3} --{}{}{}", short_names.empty() ? "" : fmt::format("-{},", short_names.front()),
      option.get_lnames().front(), value.empty() ? "" : " ", value);
  return entry(name, option_help(option));
}

std::string usage(const CLI::App& app, const std::string& arguments) {
  if (app.get_parent() == nullptr) {
    return "usage: tensor_relu_parallel [train] [OPTIONS]\n"
           "       tensor_relu_parallel help COMMAND\n";
  }
  return fmt::format("usage: tensor_relu_parallel {}{} [OPTIONS]\n", app.get_name(), arguments);
}

std::string command_entries(const CLI::App& app) {
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  if (commands.empty()) return {};
  std::string text = "\nCommands\n" + entry("  train", "Trains a network; the default command.");
  for (const CLI::App* command : commands) {
    const std::string description = command->get_description();
    // A command says in a sentence what it does, then more.
    text += entry("  " + command->get_name(), description.substr(0, description.find('\n')));
  }
  return text;
}

/// Makes `action` happen as soon as the flag is read.
void add_request(CLI::App& app, const std::string& names, const std::function<void()>& action,
                 const std::string& help) {
  app.add_flag_callback(names, action, help)
      ->trigger_on_parse()
      ->configurable(false)
      ->group(kGroup);
}

}  // namespace

std::string value_name(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  if (option.get_expected_min() == 0) return {};
  if (type == "INT" || type == "UINT") return "N";
  return type == "FLOAT" ? "X" : type;
}

std::string option_help(const CLI::Option& option) {
  const auto& names = option.get_lnames();
  std::string help = option.get_description();
  if (names.size() > 1) help += fmt::format(" (or --{})", names[1]);
  if (!option.get_default_str().empty()) help += fmt::format(" [{}]", option.get_default_str());
  return help;
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string /*name*/,
                                     CLI::AppFormatMode mode) const {
  std::string arguments;
  for (const CLI::Option* option :
       app->get_options([](const CLI::Option* one) { return one->get_positional(); }))
    arguments += " " + make_option_usage(option);
  std::string text = usage(*app, arguments) + app->get_description() + '\n' + command_entries(*app);
  for (const std::string& group : app->get_groups()) {
    if (group.empty() || (mode != CLI::AppFormatMode::All && group.ends_with(kAdvanced))) continue;
    const auto options = app->get_options([&group](const CLI::Option* option) {
      return option->get_group() == group && option->nonpositional();
    });
    if (options.empty()) continue;
    text += fmt::format("\n{}\n", group);
    for (const CLI::Option* option : options) text += option_entry(*option);
  }
  return fmt::format("{}\nExit codes: {}{}", text, kExitCodes, app->get_footer());
}

std::string version_text(OutputFormat format) {
  const Environment environment = this_environment();
  const Build& build = environment.build;
  const auto dotted = [](int a, int b, int c) { return fmt::format("{}.{}.{}", a, b, c); };
  const std::string eigen = dotted(EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION);
  const std::string highway = dotted(HWY_MAJOR, HWY_MINOR, HWY_PATCH);
  const std::string fmt = dotted(FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100);
  if (format != OutputFormat::kText) {
    Json document = document_of("version", environment);
    document["libraries"] = {
        {"Eigen", eigen}, {"Highway", highway}, {"fmt", fmt}, {"CLI11", CLI11_VERSION}};
    return format == OutputFormat::kCsv ? csv_table(document) : json_text(document);
  }
  return fmt::format(
      "tensor_relu_parallel {}\n"
      "commit     {}\n"
      "compiler   {}, {}\n"
      "SIMD       {}{}\n"
      "CPU        {}, {}\n"
      "libraries  Eigen {}, Highway {}, fmt {}, CLI11 {}\n",
      build.version,
      build.commit.empty() ? "unknown" : fmt::format("{} of {}", build.commit, build.date),
      build.compiler, build.type.empty() ? "no build type" : build.type, build.simd, fma_note(),
      printable(environment.cpu), count_of(environment.cpus, "CPU"), eigen, highway, fmt,
      CLI11_VERSION);
}

void add_help(CLI::App& app) {
  app.set_help_flag();
  add_request(
      app, "-h,--help", [] { throw CLI::CallForHelp(); }, "show what most people need");
  add_request(
      app, "--help-all", [] { throw CLI::CallForAllHelp(); }, "show every option");
  add_request(
      app, "-V,--version", [] { throw CLI::CallForVersion("", 0); },
      "show the version, and what was built; with --format json or csv too");
}

}  // namespace trp
