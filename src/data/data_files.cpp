#include "data/data_files.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/ranges.h>

#include "core/fail.h"
#include "system/posix.h"

namespace trp {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNamedFolder = "the folder of data";

struct Role {
  std::string_view words;
  std::string_view stem;
  std::string_view ranks;  // digits that may follow "idx", the usual one first
  std::string DataOptions::*chosen;
  std::string DataFiles::*found;
};

constexpr std::array<Role, 4> kRoles = {{
    {"training images", "train-images", "324", &DataOptions::train_images,
     &DataFiles::train_images},
    {"training labels", "train-labels", "1", &DataOptions::train_labels, &DataFiles::train_labels},
    {"test images", "t10k-images", "324", &DataOptions::test_images, &DataFiles::test_images},
    {"test labels", "t10k-labels", "1", &DataOptions::test_labels, &DataFiles::test_labels},
}};

std::vector<Role> roles_of(DataNeed need) {
  return {kRoles.begin() + (need == DataNeed::kTestOnly ? 2 : 0), kRoles.end()};
}

/// Links count even if they dangle: opening them then says what is wrong.
bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

std::string find_file(const fs::path& folder, const Role& role) {
  for (const char rank : role.ranks) {
    for (const char joint : {'-', '.'}) {
      for (const std::string_view ending : {"", ".gz"}) {
        const auto path = folder / fmt::format("{}{}idx{}-ubyte{}", role.stem, joint, rank, ending);
        if (is_there(path)) return path.string();
      }
    }
  }
  return {};
}

struct FolderContent {
  DataFiles files;
  std::vector<Role> missing;
};

FolderContent look_into(const std::string& folder, const std::vector<Role>& roles) {
  FolderContent content;
  content.files.source = folder;
  for (const Role& role : roles) {
    content.files.*role.found = find_file(folder, role);
    if ((content.files.*role.found).empty()) content.missing.push_back(role);
  }
  return content;
}

[[noreturn]] void throw_incomplete(const std::string& folder, std::string_view chosen_by,
                                   const std::vector<Role>& missing) {
  std::vector<std::string> names;
  names.reserve(missing.size());
  for (const Role& role : missing) {
    names.push_back(fmt::format("{}-idx{}-ubyte", role.stem, role.ranks[0]));
  }
  fail(
      "{} ({}): expected the four files of a data set, not found: {} (nor spelled .idx, nor with "
      ".gz); hint: check the folder, or name the files one by one",
      folder, chosen_by, fmt::join(names, ", "));
}

void check_folder(const std::string& folder, std::string_view chosen_by) {
  std::error_code error;
  const auto status = fs::status(folder, error);
  if (status.type() == fs::file_type::not_found) {
    fail("{} ({}): no such folder; hint: check the path", folder, chosen_by);
  }
  if (status.type() == fs::file_type::none) {
    fail("{} ({}): cannot be read: {}", folder, chosen_by, error.message());
  }
  if (status.type() != fs::file_type::directory) {
    fail("{} ({}): is not a folder; hint: single files can be named one by one", folder, chosen_by);
  }
  if (access(folder.c_str(), X_OK) != 0) {
    fail("{} ({}): permission denied; hint: the folder may not be searched by you", folder,
         chosen_by);
  }
}

DataFiles require_folder(const std::string& folder, std::string_view chosen_by,
                         const std::vector<Role>& roles) {
  check_folder(folder, chosen_by);
  auto content = look_into(folder, roles);
  if (!content.missing.empty()) throw_incomplete(folder, chosen_by, content.missing);
  return std::move(content.files);
}

/// The files that the user named; the rest come from the folder that was named.
DataFiles named_files(const DataOptions& options, const std::vector<Role>& roles) {
  std::string_view given, standard_input;
  for (const Role& role : kRoles) {
    const std::string& path = options.*role.chosen;
    if (!path.empty()) given = role.words;
    if (path != "-") continue;
    if (!standard_input.empty()) {
      fail_usage("{} and {} are both -, but standard input can be only one file", standard_input,
                 role.words);
    }
    standard_input = role.words;
  }
  DataFiles files;
  std::vector<Role> rest;
  std::vector<std::string_view> names, absent;
  for (const Role& role : roles) {
    files.*role.found = options.*role.chosen;
    if (!(files.*role.found).empty()) {
      names.push_back(options.*role.chosen);
    } else {
      rest.push_back(role);
      absent.push_back(role.words);
    }
  }
  files.source = fmt::format("{}", fmt::join(names, ", "));
  if (rest.empty()) return files;
  if (options.directory.empty()) {
    fail_usage("{} are named, but not {}; hint: name all the files, or a folder that has the rest",
               given, fmt::join(absent, ", "));
  }
  const auto folder = require_folder(options.directory, kNamedFolder, rest);
  for (const Role& role : rest) files.*role.found = folder.*role.found;
  files.source += (names.empty() ? "" : " and ") + options.directory;
  return files;
}

/// Folders of data sets, the preferred one first.
std::vector<fs::path> system_data_sets(const std::vector<std::string>& roots) {
  std::vector<fs::path> folders;
  for (const std::string& root : roots)
    for (const std::string& name : names_in(root)) folders.push_back(fs::path(root) / name);
  const auto rank = [](const fs::path& folder) {
    const std::string name = folder.filename().string();
    return std::pair(name != "fashion-mnist", name);
  };
  // Stable, so that equal names stay in the order of their roots.
  std::ranges::stable_sort(folders, {}, rank);
  return folders;
}

std::optional<DataFiles> find_unasked(const DataSearch& search, const std::vector<Role>& roles) {
  auto local = look_into(search.local_folder, roles);
  if (local.missing.size() < roles.size()) {
    return require_folder(search.local_folder, "found in the current folder", roles);
  }
  for (const fs::path& folder : system_data_sets(search.system_folders)) {
    auto content = look_into(folder.string(), roles);
    if (content.missing.empty()) return std::move(content.files);
  }
  for (const std::string& folder : search.sample_folders) {
    auto content = look_into(folder, roles);
    if (!content.missing.empty()) continue;
    content.files.source =
        "the bundled sample of Fashion-MNIST (5,000 training and 1,000 test images)";
    return std::move(content.files);
  }
  return std::nullopt;
}

}  // namespace

DataFiles files_in(const std::string& folder) {
  return look_into(folder, roles_of(DataNeed::kTrainAndTest)).files;
}

DataSearch default_data_search() {
  DataSearch search;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no thread of this program changes the environment
  if (const char* folder = std::getenv("TENSOR_RELU_DATA")) search.environment = folder;
  search.system_folders = {"/usr/share/datasets", "/usr/local/share/datasets"};
  constexpr std::string_view kSample = "share/tensor_relu_parallel/sample";
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  if (!error)
    search.sample_folders = {(folder.parent_path() / kSample).string(),
                             (folder / kSample).string()};
  search.sample_folders.emplace_back(TRP_INSTALLED_SAMPLE);
  return search;
}

DataFiles find_data(const DataOptions& options, const DataSearch& search, DataNeed need) {
  const auto roles = roles_of(need);
  const bool named = std::ranges::any_of(
      kRoles, [&](const Role& role) { return !(options.*role.chosen).empty(); });
  if (named) return named_files(options, roles);
  if (!options.directory.empty()) return require_folder(options.directory, kNamedFolder, roles);
  if (!search.environment.empty()) {
    return require_folder(search.environment, "TENSOR_RELU_DATA", roles);
  }
  if (auto found = find_unasked(search, roles)) return std::move(*found);
  fail(
      "no data found: neither a folder nor TENSOR_RELU_DATA is given, and nothing is in {}, in "
      "folders below {}, or in {}; hint: sudo apt install dataset-fashion-mnist, or name a folder",
      search.local_folder, fmt::join(search.system_folders, ", "),
      fmt::join(search.sample_folders, ", "));
}

DataFiles find_data(const DataOptions& options, DataNeed need) {
  return find_data(options, default_data_search(), need);
}

}  // namespace trp
