#include <filesystem>
#include <map>

#include <CLI/CLI.hpp>

#include <fmt/ranges.h>

#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/recipe_options.h"
#include "cli/say.h"
#include "cli/values.h"
#include "core/fail.h"
#include "data/data_files.h"
#include "formats/idx.h"
#include "report/evaluation.h"
#include "report/numbers.h"
#include "system/outputs.h"

namespace trp {
namespace {

using Size = std::optional<std::pair<Index, Index>>;

constexpr Index kMaxSide = 4096;
constexpr int kMaxLabelOffset = 1'000'000;

Size parse_size(std::string_view text) {
  std::pair<Index, Index> size;
  const std::size_t x = std::min(text.find('x'), text.size());
  const auto is_side = [](std::string_view part, Index& side) {
    return read_whole(part, side) && side >= 1 && side <= kMaxSide;
  };
  if (!is_side(text.substr(0, x), size.first) ||
      !is_side(text.substr(std::min(x + 1, text.size())), size.second))
    throw_unexpected(fmt::format("height x width, each from 1 to {}, as 28x28", kMaxSide), text);
  return size;
}

using Files = std::map<std::string, std::vector<std::uint8_t>>;

/// Returns the files that are to be written, by their paths.
Files encode(const std::filesystem::path& folder, const ConvertedData& data) {
  const auto path = [&](std::string_view what, const IdxArray& array) {
    return (folder / fmt::format("{}-idx{}-ubyte", what, array.shape.size())).string();
  };
  Files files = {{path("train-images", data.train_images), encode_idx(data.train_images)},
                 {path("train-labels", data.train_labels), encode_idx(data.train_labels)},
                 {path("t10k-images", data.test_images), encode_idx(data.test_images)},
                 {path("t10k-labels", data.test_labels), encode_idx(data.test_labels)}};
  const std::string names = fmt::format("{}\n", fmt::join(data.class_names, "\n"));
  if (!data.class_names.empty())
    files[(folder / kClassNamesFile).string()].assign(names.begin(), names.end());
  return files;
}

/// Throws Error if there are files of another data set that would be taken for parts of this one.
void check_folder(const std::string& folder, const Files& files) {
  const DataFiles old = files_in(folder);
  const auto names = (std::filesystem::path(folder) / kClassNamesFile).string();
  for (const std::string& path :
       {old.train_images, old.train_labels, old.test_images, old.test_labels, names})
    if (!path.empty() && !files.contains(path) && std::filesystem::exists(path))
      fail("{}: is there already, of another data set; hint: name another folder", path);
}

/// Writes all of the files, or none that was not there before.
void write_files(const Files& files, const std::vector<std::string>& read_files, bool force) {
  std::vector<NamedFile> inputs;
  std::vector<OutputRequest> requests;
  for (const std::string& path : read_files) inputs.push_back({"SOURCE", path});
  for (const auto& [path, content] : files)
    requests.push_back({.option = path, .path = path, .is_own_kind = [](auto) { return false; }});
  Outputs outputs = claim_outputs(inputs, requests, force);
  std::vector<std::string> made;
  try {
    for (auto& [path, output] : outputs) {
      if (output.is_made()) made.emplace_back(path);
      output.replace(files.at(std::string(path)));
    }
  } catch (...) {
    for (const std::string& path : made) std::filesystem::remove(path);
    throw;
  }
}

}  // namespace

CLI::App& add_convert(CLI::App& app, ConvertCommandOptions& options) {
  CLI::App& command = *app.add_subcommand(
      "convert",
      "Makes the four files that training reads of data in other forms.\n"
      "SOURCE is a .npz file of Keras (x_train, y_train, x_test, y_test) or a folder with .npy "
      "files\n"
      "of these names; a CSV file, or a folder with train.csv and test.csv; a folder with a "
      "folder\n"
      "of PNG pictures for each class, or with train and test that hold such; or a folder of "
      "other\n"
      "IDX files (EMNIST, QMNIST), also with what their names begin with: gzip/emnist-letters.");
  command.add_option("SOURCE", options.source)->required()->transform(file_path());
  command.add_option("DIR", options.folder)->required()->transform(file_path("a folder"));
  command.option_defaults()->group(kDataGroup);
  command
      .add_option("--label-column", options.form.label_column,
                  "of CSV, or of labels in several columns: its number from 0, or its name [label, "
                  "else the first]")
      ->type_name("N|NAME");
  const auto no_header = [&options] { options.form.has_header = false; };
  command.add_flag_callback("--no-header", no_header, "the first line of CSV is a sample");
  command
      .add_option("--test-share", options.form.test_share,
                  "share of the samples, chosen at random, to test with where there is no test set")
      ->transform(number(0, 1, UpperEnd::kExcluded));
  command.add_option("--label-offset", options.form.label_offset, "the label of the first class")
      ->transform(whole_number(-kMaxLabelOffset, kMaxLabelOffset));
  command.add_flag("--transpose", options.form.transpose,
                   "exchange rows and columns of images, as EMNIST needs");
  add_value(
      command, "--resize", options.form.size, parse_size,
      [](const Size& size) { return size ? fmt::format("{}x{}", size->first, size->second) : ""; },
      "height and width that pictures get")
      ->type_name("HxW");
  command
      .add_option("--background", options.form.background, "the grey behind transparent pictures")
      ->transform(whole_number(0, 255));
  add_workers(command, options.workers);
  command.option_defaults()->group(kOutputGroup);
  add_force(command, options.force);
  command.footer(
      "\nExamples\n"
      "  tensor_relu_parallel convert mnist.npz mnist\n"
      "  tensor_relu_parallel convert table.csv data --label-column species --test-share 0.2\n");
  return command;
}

int run_convert(const ConvertCommandOptions& options) {
  ThreadPool pool = make_pool(options.workers);
  ForeignData source = read_foreign_data(options.source, options.form, pool);
  const std::vector<std::string> read_files = source.files;
  if (options.form.size && !read_files.empty())
    say("warning: --resize has no effect on what is no PNG picture");
  const ConvertedData data = convert(std::move(source), options.form);
  std::error_code error;
  const bool is_made = std::filesystem::create_directory(options.folder, error);
  if (error)
    fail("{}: cannot be made: {}; hint: name another folder", options.folder, error.message());
  try {
    const Files files = encode(options.folder, data);
    check_folder(options.folder, files);
    write_files(files, read_files, options.force);
  } catch (...) {
    if (is_made) std::filesystem::remove(options.folder, error);
    throw;
  }
  const std::span<const Index> shape(data.train_images.shape);
  standard_error().write_line(setting_line(
      "data", fmt::format("{}: {} samples to train on, {} to test, {} {} each, labels to {}",
                          options.folder, grouped(shape[0]), grouped(data.test_images.shape[0]),
                          fmt::join(shape.subspan(1), " x "), idx_type_name(data.train_images.type),
                          *std::ranges::max_element(data.train_labels.bytes))));
  return kExitDone;
}

}  // namespace trp
