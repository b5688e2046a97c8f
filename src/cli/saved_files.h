#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cli/train.h"
#include "formats/array_file.h"
#include "system/outputs.h"
#include "trp/dataset.h"
#include "trp/train.h"

namespace trp {

/// Returns the files of the data as inputs that no output may replace.
std::vector<NamedFile> named_inputs(const DataFiles& files);

/// Claims the outputs of a training. Throws what claim_outputs() throws.
Outputs claim_files(const TrainOptions& options, const DataFiles& files);

/// Returns what a saved model tells of itself.
Metadata model_metadata(const Recipe& recipe, const Dataset& train, const TrainResult& result);

/// Returns whether two paths lead to the same file.
bool is_same_file(const std::string& path, const std::string& other);

/// Returns whether a run was killed before it had saved anything in the file that is to be resumed,
/// which is empty then. Throws Error if there was no such file before this run.
bool has_nothing_saved(const std::string& resume, const Outputs& outputs);

/// Return what is said of another run's checkpoint that this one will replace, and of one's own to
/// go on with.
std::string replaced_text(const std::string& checkpoint);
std::string resume_text(const std::string& checkpoint);

// Whether a file was written by an earlier run, by its first kStartBytes.

bool is_saved_model(std::span<const std::uint8_t> start);
bool is_saved_checkpoint(std::span<const std::uint8_t> start);
bool is_saved_search(std::span<const std::uint8_t> start);
inline constexpr std::string_view kConfigStart = "# Found by tensor_relu_parallel tune: ";
bool is_saved_config(std::span<const std::uint8_t> start);
bool is_saved_log(std::span<const std::uint8_t> start);
bool is_saved_trace(std::span<const std::uint8_t> start);
bool is_bench_json(std::span<const std::uint8_t> start);
bool is_bench_csv(std::span<const std::uint8_t> start);
bool is_predictions_csv(std::span<const std::uint8_t> start);
bool is_bench_markdown(std::span<const std::uint8_t> start);
bool is_report(std::span<const std::uint8_t> start);

}  // namespace trp
