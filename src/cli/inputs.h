#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trp/dataset.h"
#include "trp/mlp.h"
#include "trp/tensor.h"
#include "trp/thread_pool.h"

namespace CLI {
class App;
}

namespace trp {

// What several commands do with their input.

enum class FileKind { kIdx, kModel, kCheckpoint };

/// By the first bytes. What is no regular file can be read but once, and is taken for IDX.
FileKind kind_of(const std::string& path);

/// Finds the data; where they were not named, or not all of them, the message says by what options.
DataFiles find_named_data(const DataOptions& data, DataNeed need = DataNeed::kTrainAndTest);

/// Makes a pool of so many workers, or of as many as there are CPUs for 0; of fewer if the system
/// refuses threads.
ThreadPool make_pool(int workers);

/// Throws Error unless samples of this shape are what the model takes.
void check_fits(const std::string& model_name, const Mlp& mlp, const std::string& images_name,
                std::span<const Index> shape);

/// Returns this program's command line, for people; only its name where the system does not tell.
std::string command_line();

/// --class-names
void add_class_names(CLI::App& app, std::string& path);

/// What the names of the classes are called in a folder of data.
inline constexpr std::string_view kClassNamesFile = "class-names.txt";

/// Reads the names of the classes, a line for each. If the path is empty they are those beside the
/// images; none if there are no such. Throws Error unless there are as many as the network knows
/// classes; beside the images there may be fewer, after which come the classes' numbers.
std::vector<std::string> load_class_names(const std::string& path, const std::string& images,
                                          const Mlp& mlp);

/// Throws UsageError if both are to be read from standard input.
void check_standard_input(const std::string& model, const std::string& other,
                          std::string_view other_name);

}  // namespace trp
