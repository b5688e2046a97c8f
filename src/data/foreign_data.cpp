#include "data/foreign_data.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <map>
#include <string_view>

#include <fmt/ranges.h>

#include "core/fail.h"
#include "core/text.h"
#include "formats/bytes.h"
#include "formats/csv.h"
#include "formats/foreign_format.h"
#include "formats/npz.h"
#include "formats/png.h"
#include "formats/zip.h"
#include "system/input_file.h"
#include "system/posix.h"

namespace trp {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

/// Returns what is in a folder, in natural order, but what its name hides.
Names visible_names(const std::string& folder) {
  Names names = names_in(folder);
  std::erase_if(names, [](const std::string& name) { return name.starts_with('.'); });
  std::ranges::sort(names, natural_less);
  return names;
}

std::string in_folder(const std::string& folder, const std::string& name) {
  return (fs::path(folder) / name).string();
}

Names label_texts(const IdxArray& array, const std::string& column, const std::string& name) {
  const Index columns = array.shape.size() == 2 ? array.shape[1] : 1;
  Index chosen = columns == 1 ? 0 : columns;
  for (Index i = 0; i < columns; ++i)
    if (column == fmt::format("{}", i)) chosen = i;
  if (array.shape.size() > 2 || chosen == columns) {
    fail(
        "{}: expected labels in one column, found {}; hint: choose one of several by its number, "
        "from 0, as 0 of QMNIST",
        name, fmt::join(array.shape, " x "));
  }
  Names labels;
  for (auto i = static_cast<std::size_t>(chosen); std::ssize(labels) < array.shape[0];
       i += static_cast<std::size_t>(columns)) {
    const double label = array.bytes.empty() ? array.values[i] : array.bytes[i];
    labels.push_back(fmt::format("{}", label));
  }
  return labels;
}

/// Adds the training set, or the test set if there is that one already.
void add_set(ForeignData& data, LabelledSamples samples) {
  const std::vector<Index>& shape = samples.images.shape;
  if (shape.size() < 2 || shape.size() > 4 || shape[0] != std::ssize(samples.labels)) {
    fail(
        "{}: expected as many labels as images, and those of rank 2 to 4, found {} labels and {}; "
        "hint: are these of one data set, images and labels not exchanged?",
        samples.name, samples.labels.size(), fmt::join(shape, " x "));
  }
  (data.train.labels.empty() ? data.train : data.test.emplace()) = std::move(samples);
}

using FindArray = std::function<std::optional<IdxArray>(const std::string& name)>;

/// Reads arrays with the names that Keras gives them.
void add_arrays(const std::string& where, const FindArray& find, const ConvertOptions& options,
                ForeignData& data) {
  for (const std::string set : {"train", "test"}) {
    std::optional<IdxArray> images = find("x_" + set), labels = find("y_" + set);
    if (!images && !labels && set == "test") return;
    if (!images || !labels) {
      fail("{}: expected arrays x_{} and y_{}, found {}; hint: numpy.savez(file, x_train=…, …)",
           where, set, set,
           images   ? "no labels"
           : labels ? "no images"
                    : "none of them");
    }
    const std::string name = fmt::format("{}: y_{}", where, set);
    add_set(data, {name, std::move(*images), label_texts(*labels, options.label_column, name)});
  }
}

ForeignData read_npz(const std::string& path, const ConvertOptions& options) {
  const std::vector<std::uint8_t> bytes = InputFile(path).read_all("archive of arrays");
  std::map<std::string, PackedEntry> entries;
  for (const PackedEntry& entry : parse_zip(bytes, path).entries)
    entries.emplace(entry.name, entry);
  const auto find = [&](const std::string& name) -> std::optional<IdxArray> {
    const auto entry = entries.extract(name + ".npy");
    if (!entry) return std::nullopt;
    const std::string where = fmt::format("{}: {}", path, name);
    std::vector<std::uint8_t> array(entry.mapped().unpacked_bytes);
    unpack(entry.mapped(), {array}, where);
    return parse_npy(array, where);
  };
  ForeignData data{.train = {}, .test = {}, .files = {path}};
  add_arrays(path, find, options, data);
  if (!entries.empty()) {
    fail(
        "{}: expected x_train, y_train, x_test and y_test only, found {} as well; hint: leave it "
        "out",
        path, in_quotes(entries.begin()->first));
  }
  return data;
}

ForeignData read_npy_files(const std::string& folder, const ConvertOptions& options) {
  ForeignData data;
  const auto find = [&](const std::string& name) -> std::optional<IdxArray> {
    const std::string path = in_folder(folder, name + ".npy");
    if (!fs::exists(path)) return std::nullopt;
    data.files.push_back(path);
    return parse_npy(InputFile(path).read_all("array"), path);
  };
  add_arrays(folder, find, options, data);
  return data;
}

ForeignData read_tables(const Names& paths, const ConvertOptions& options) {
  ForeignData data{.train = {}, .test = {}, .files = paths};
  Names columns;
  for (const std::string& path : paths) {
    CsvTable table = read_csv(path, {options.label_column, options.has_header});
    if (data.train.labels.empty()) columns = table.columns;
    if (columns != table.columns) {
      fail("{}: expected the columns of {}, found others; hint: are they of one data set?", path,
           paths[0]);
    }
    add_set(data, {path, std::move(table.samples), std::move(table.labels)});
  }
  return data;
}

/// Returns the only one of these IDX files whose name holds one of the words, or nothing.
std::string find_idx(const Names& files, std::initializer_list<std::string_view> words) {
  std::string found;
  for (const std::string& file : files) {
    const std::string name = fs::path(file).filename().string();
    const auto is_held = [&](std::string_view word) { return name.find(word) != name.npos; };
    if (!is_held("idx") || std::ranges::none_of(words, is_held)) continue;
    if (!found.empty()) {
      fail(
          "{} and {}: expected one file of {}; hint: name what the names of one data set's files "
          "begin with, as FOLDER/emnist-letters",
          found, file, *words.begin());
    }
    found = file;
  }
  return found;
}

/// Reads nothing unless there are IDX files whose names begin with this.
std::optional<ForeignData> read_idx_files(const std::string& folder, const std::string& prefix,
                                          const ConvertOptions& options) {
  Names names = visible_names(folder);
  std::erase_if(names, [&](const std::string& name) { return !name.starts_with(prefix); });
  for (std::string& name : names) name = in_folder(folder, name);
  ForeignData data;
  data.files = {find_idx(names, {"train-images"}), find_idx(names, {"train-labels"}),
                find_idx(names, {"t10k-images", "test-images"}),
                find_idx(names, {"t10k-labels", "test-labels"})};
  if (data.files[0].empty() && data.files[2].empty()) return std::nullopt;
  for (const std::size_t i : {0, 2}) {
    const std::string &images = data.files[i], &labels = data.files[i + 1];
    if (i == 2 && images.empty() && labels.empty()) break;
    if (images.empty() || labels.empty()) {
      fail("{}: expected files of images and of labels, found {} only; hint: fetch the other",
           folder, images.empty() ? (labels.empty() ? data.files[2] : labels) : images);
    }
    add_set(data, {labels, read_idx(images, kIdxImages),
                   label_texts(read_idx(labels, {"labels", 1, 2}), options.label_column, labels)});
  }
  return data;
}

struct PictureFile {
  std::string label;
  std::string name;
};

/// Returns the pictures of all classes, in the order of their names.
std::vector<PictureFile> list_pictures(const std::string& folder) {
  std::vector<PictureFile> files;
  for (const std::string& label : visible_names(folder)) {
    const Names names = visible_names(in_folder(folder, label));
    for (const std::string& name : names) files.push_back({label, name});
    if (names.empty()) {
      fail(
          "{}: expected a folder of PNG pictures for each class, found {} without; hint: is it "
          "data of another kind? Take it out of the folder",
          folder, in_quotes(label));
    }
  }
  if (files.empty()) fail("{}: expected data, found an empty folder; hint: is it whole?", folder);
  std::ranges::stable_sort(files, natural_less, &PictureFile::name);
  return files;
}

LabelledSamples read_pictures(const std::string& folder, const ConvertOptions& options,
                              ThreadPool& pool) {
  const std::vector<PictureFile> files = list_pictures(folder);
  const auto read = [&](std::size_t i) {
    const std::string path = in_folder(in_folder(folder, files[i].label), files[i].name);
    const auto bytes = InputFile(path).read_all("picture");
    GreyPicture picture = decode_png(bytes, path, static_cast<std::uint8_t>(options.background));
    return options.size ? resize(picture, options.size->first, options.size->second) : picture;
  };
  const GreyPicture first = read(0);
  LabelledSamples samples{.name = folder, .images = {}, .labels = {}};
  samples.images.shape = {std::ssize(files), first.height, first.width};
  samples.images.bytes.resize(files.size() * first.pixels.size());
  pool.run(static_cast<int>(files.size()), [&](int task, int) {
    const auto i = static_cast<std::size_t>(task);
    const GreyPicture picture = read(i);
    if (picture.height != first.height || picture.width != first.width) {
      fail("{}: expected pictures of {} x {}, as {} is, found {} x {} in {}; hint: choose one size",
           folder, first.height, first.width, files[0].name, picture.height, picture.width,
           files[i].name);
    }
    std::ranges::copy(picture.pixels, &samples.images.bytes[i * picture.pixels.size()]);
  });
  for (const PictureFile& file : files) samples.labels.push_back(file.label);
  return samples;
}

ForeignData read_folder(const std::string& folder, const ConvertOptions& options,
                        ThreadPool& pool) {
  const auto is_there = [&](const std::string& name) {
    return fs::exists(in_folder(folder, name));
  };
  Names tables;
  for (const std::string set : {"train", "test"})
    for (const std::string& name : {set + ".csv", set + ".csv.gz"})
      if (is_there(name) && tables.size() == (set == "train" ? 0 : 1))
        tables.push_back(in_folder(folder, name));
  if (!tables.empty()) return read_tables(tables, options);
  if (is_there("x_train.npy")) return read_npy_files(folder, options);
  if (auto data = read_idx_files(folder, "", options)) return std::move(*data);
  ForeignData data;
  const bool has_sets = visible_names(folder) == Names{"test", "train"};
  add_set(data, read_pictures(has_sets ? in_folder(folder, "train") : folder, options, pool));
  if (has_sets) add_set(data, read_pictures(in_folder(folder, "test"), options, pool));
  return data;
}

}  // namespace

ForeignData read_foreign_data(const std::string& source, const ConvertOptions& options,
                              ThreadPool& pool) {
  const fs::path path = source;
  if (fs::is_directory(path)) return read_folder(source, options, pool);
  const std::string parent = path.has_parent_path() ? path.parent_path().string() : ".";
  if (!fs::exists(path))
    if (auto data = read_idx_files(parent, path.filename().string(), options))
      return std::move(*data);
  // A pipe could be read but once.
  if (fs::exists(path) && !fs::is_regular_file(path))
    fail("{}: expected a file or a folder; hint: save what it holds", source);
  InputFile file(source);
  const auto start = file.peek(kStartBytes);
  if (starts_zip(start)) return read_npz(source, options);
  const bool is_gzip = text_of(start).starts_with("\x1f\x8b");
  const std::string_view hint = foreign_format_hint(start);
  if (is_gzip || hint == kTextHint || start.empty()) return read_tables({source}, options);
  fail("{}: expected a .npz or CSV file, or a folder of data; hint: {}", source, hint);
}

}  // namespace trp
