#include "cli/inputs.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include <fmt/ranges.h>

#include "cli/recipe_options.h"
#include "cli/values.h"
#include "core/fail.h"
#include "formats/array_file.h"
#include "system/cpu.h"
#include "system/input_file.h"

namespace trp {

FileKind kind_of(const std::string& path) {
  // A pipe can be read but once.
  if (path == "-" || !std::filesystem::is_regular_file(path)) return FileKind::kIdx;
  InputFile file(path);
  const std::span<const std::uint8_t> start = file.peek(kStartBytes);
  if (starts_checkpoint(start) || starts_old_checkpoint(start)) return FileKind::kCheckpoint;
  return starts_array_file(start) ? FileKind::kModel : FileKind::kIdx;
}

DataFiles find_named_data(const DataOptions& data, DataNeed need) {
  constexpr std::string_view kOptions =
      "(--data DIR; --images, --labels, --test-images and --test-labels FILE)";
  try {
    return find_data(data, need);
  } catch (const UsageError& error) {
    fail_usage("{} {}", error.what(), kOptions);
  } catch (const Error& error) {
    if (!data.directory.empty()) throw;
    fail("{} {}", error.what(), kOptions);
  }
}

std::string command_line() {
  std::ifstream arguments("/proc/self/cmdline");
  std::string text = "tensor_relu_parallel", argument;
  std::getline(arguments, argument, '\0');  // the path of the program
  while (std::getline(arguments, argument, '\0')) {
    const bool is_plain = argument.find_first_of(" '\"\\$&|;<>()*?#~`") == std::string::npos;
    text += is_plain && !argument.empty() ? " " + argument : fmt::format(" {:?}", argument);
  }
  return text;
}

ThreadPool make_pool(int workers) {
  const int cpus = available_cpus();
  return {workers > 0 ? workers : cpus, cpus};
}

void check_fits(const std::string& model_name, const Mlp& mlp, const std::string& images_name,
                std::span<const Index> shape) {
  Index values = 1;
  for (const Index size : shape) values *= size;
  if (values == mlp.input_size()) return;
  fail(
      "{}: expected images of {} values each, as {} takes them, found {} ({}); hint: was the model "
      "trained on other data?",
      input_name(images_name), mlp.input_size(), model_name, values, fmt::join(shape, " x "));
}

void check_standard_input(const std::string& model, const std::string& other,
                          std::string_view other_name) {
  if (model != "-" || other != "-") return;
  fail_usage("MODEL and {} are both -, but standard input can be only one file", other_name);
}

void add_class_names(CLI::App& app, std::string& path) {
  add_path(app, "--class-names", path, "the names of the classes, a line for each", file_path());
}

std::vector<std::string> load_class_names(const std::string& path, const std::string& images,
                                          const Mlp& mlp) {
  std::vector<std::string> names;
  const auto beside = std::filesystem::path(images).parent_path() / kClassNamesFile;
  std::error_code ignored;
  if (path.empty() && (images == "-" || !std::filesystem::exists(beside, ignored))) return names;
  InputFile file(path.empty() ? beside.string() : path);
  const std::vector<std::uint8_t> bytes = file.read_all("list of class names");
  std::istringstream lines(std::string(bytes.begin(), bytes.end()));
  for (std::string name; std::getline(lines, name);) {
    if (name.ends_with('\r')) name.pop_back();
    if (name.empty()) fail("{}: line {}: expected a name", file.name(), names.size() + 1);
    names.push_back(std::move(name));
  }
  while (path.empty() && std::ssize(names) < mlp.output_size())
    names.push_back(fmt::format("{}", names.size()));
  if (std::ssize(names) != mlp.output_size())
    fail("{}: expected a line for each of {} classes, found {}", file.name(), mlp.output_size(),
         names.size());
  return names;
}

}  // namespace trp
