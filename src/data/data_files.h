#pragma once

#include <string>
#include <vector>

namespace trp {

/// What the user said about where the data are. Empty means not said. (The
/// initialisers let designated ones leave members out without a warning.)
struct DataOptions {
  std::string directory = {};  ///< --data
  std::string train_images =
      {};  ///< --images; these four may be "-" for standard input, one of them
  std::string train_labels = {};  ///< --labels
  std::string test_images = {};   ///< --test-images
  std::string test_labels = {};   ///< --test-labels
  int class_count = 10;           ///< --classes
};

/// The four files of a data set. With DataNeed::kTestOnly the first two may be empty.
struct DataFiles {
  std::string train_images;
  std::string train_labels;
  std::string test_images;
  std::string test_labels;
  std::string source;  ///< for people: the folder, or "the bundled sample …"
};

enum class DataNeed { kTrainAndTest, kTestOnly };

/// Where data are looked for when the user named no files and no folder.
struct DataSearch {
  std::string environment;                  ///< the value of TENSOR_RELU_DATA; empty if unset
  std::string local_folder = "data";        ///< itself a data set
  std::vector<std::string> system_folders;  ///< each folder in them may be a data set
  std::vector<std::string> sample_folders;  ///< the first that exists is the bundled sample
};

/// The places of this machine and this program.
DataSearch default_data_search();

/// Finds the four files; in a folder each may be spelled -idx3-ubyte or .idx3-ubyte (the digit is
/// the rank), with or without .gz. The first of these that applies: the files named, completed from
/// --data; --data; TENSOR_RELU_DATA; ./data; a data set of the system (fashion-mnist before others,
/// then by name); the bundled sample.
///
/// Throws UsageError if only some files are named, or several are "-"; Error if a folder that the
/// user chose is incomplete (there is no falling through to the next one), or nothing is found.
/// A local folder with none of the files is not a choice; one with some of them is.
DataFiles find_data(const DataOptions& options, const DataSearch& search = default_data_search(),
                    DataNeed need = DataNeed::kTrainAndTest);

}  // namespace trp
