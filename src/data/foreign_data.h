#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "formats/idx.h"
#include "trp/thread_pool.h"

namespace trp {

// Data that are not the four files of MNIST.

/// How such data are to be read.
struct ConvertOptions {
  std::string label_column;  // of a table (csv.h), or the number of one of several of other labels
  bool has_header = true;    // a table's first line
  double test_share = 0;     // of the samples, where there is no test set
  bool transpose = false;    // rows and columns of each image
  int label_offset = 0;      // the label of the first class
  std::optional<std::pair<Index, Index>> size;  // height and width of all pictures
  int background = 0;                           // 0 to 255, of transparent pictures
};

/// Samples with the label of each as a text.
struct LabelledSamples {
  std::string name;  // of their labels, for messages
  IdxArray images;   // of rank 2 to 4
  std::vector<std::string> labels;
};

struct ForeignData {
  LabelledSamples train;
  std::optional<LabelledSamples> test;
  std::vector<std::string> files;  // that were read, but pictures
};

/// Reads one of these, which its content tells:
///   a .npz file with x_train, y_train, x_test, y_test, or a folder with .npy files of these names;
///     x_test and y_test may be missing
///   a CSV file, or a folder with train.csv and test.csv, each also .csv.gz
///   a folder, or what their names begin with, of IDX files as those of MNIST, EMNIST and QMNIST
///   a folder with a folder of PNG pictures for each class, or with train and test that hold such;
///     samples are in the order of the files' names, numbers in them by their value
/// The pool decodes pictures. The result depends on the files and options alone.
///
/// Throws Error, which names file and place, what was expected and found, and what to do.
ForeignData read_foreign_data(const std::string& source, const ConvertOptions& options,
                              ThreadPool& pool);

/// What the four files hold: images are bytes or 32-bit floats, labels are bytes.
struct ConvertedData {
  IdxArray train_images, train_labels, test_images, test_labels;
  std::vector<std::string> class_names;  // none if classes have numbers only
};

/// Splits off a test set if there is none, numbers the classes, in the order of their names if they
/// have such, and transposes images. Throws Error as above.
ConvertedData convert(ForeignData data, const ConvertOptions& options);

/// Returns whether a comes before b, numbers in them compared by their value.
bool natural_less(const std::string& a, const std::string& b);

}  // namespace trp
