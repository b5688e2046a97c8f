#include "cli/saved_files.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <system_error>

#include <fmt/ranges.h>

#include "core/fail.h"
#include "data/dataset.h"
#include "formats/array_file.h"
#include "formats/bytes.h"
#include "formats/zip.h"
#include "report/bench_report.h"
#include "report/environment.h"
#include "report/evaluation.h"
#include "report/html.h"
#include "report/trace.h"
#include "system/input_file.h"
#include "train/recipe_json.h"
#include "train/words.h"
#include "tune/search.h"

namespace trp {

using Bytes = std::span<const std::uint8_t>;

std::vector<NamedFile> named_inputs(const DataFiles& files) {
  return {{"the data", files.train_images},
          {"the data", files.train_labels},
          {"the data", files.test_images},
          {"the data", files.test_labels}};
}

Outputs claim_files(const TrainOptions& options, const DataFiles& files) {
  std::vector<NamedFile> inputs = named_inputs(files);
  inputs.push_back({"--config", options.config});
  inputs.push_back({"--resume", options.resume});
  inputs.push_back({"--init", options.init});
  return claim_outputs(inputs,
                       {{.option = "--save", .path = options.save, .is_own_kind = is_saved_model},
                        {.option = "--checkpoint",
                         .path = options.checkpoint,
                         .is_own_kind = is_saved_checkpoint,
                         .keeps_previous = true,
                         .continues = "--resume"},
                        {.option = "--trace", .path = options.trace, .is_own_kind = is_saved_trace},
                        {.option = "--log",
                         .path = options.output.log,
                         .is_own_kind = is_saved_log,
                         .writing = Writing::kInPlace},
                        {.option = "--report", .path = options.report, .is_own_kind = is_report}},
                       options.force);
}

Metadata model_metadata(const Recipe& recipe, const Dataset& train, const TrainResult& result) {
  const PixelStatistics pixels = pixel_statistics(train);
  Metadata metadata = {
      {"version", this_build().version},
      {"layers", fmt::format("{}", fmt::join(layer_sizes(result.mlp), ","))},
      {"seed", fmt::format("{}", recipe.seed)},
      {"epochs",
       fmt::format("{}", result.best_epoch > 0 ? static_cast<std::size_t>(result.best_epoch)
                                               : result.epochs.size())},
      {"status", std::string(word_of(result.status))},
      {"weights", result.weights},
      {"recipe", json_text(to_json(recipe))},
      {"train_data", dataset_digest(train)},
      {"pixel_mean", fmt::format("{}", pixels.mean)},
      {"pixel_deviation", fmt::format("{}", pixels.deviation)}};
  if (result.test.sample_count > 0) {
    metadata.emplace_back("test_accuracy", fmt::format("{}", result.test.accuracy));
    metadata.emplace_back("test_loss", fmt::format("{}", result.test.loss));
    metadata.emplace_back("test_samples", fmt::format("{}", result.test.sample_count));
  }
  return metadata;
}

bool is_same_file(const std::string& path, const std::string& other) {
  std::error_code ignored;  // there need not be such files
  return std::filesystem::equivalent(path, other, ignored);
}

std::string replaced_text(const std::string& checkpoint) {
  return fmt::format("warning: {0} will be replaced; --resume {0} would go on with it", checkpoint);
}

std::string resume_text(const std::string& checkpoint) {
  return fmt::format("saved {0}; to go on: --resume {0} --checkpoint {0}", checkpoint);
}

bool has_nothing_saved(const std::string& resume, const Outputs& outputs) {
  std::error_code ignored;
  const auto file = outputs.find("--checkpoint");
  if (file == outputs.end() || !is_same_file(resume, file->second.path())) return false;
  if (std::filesystem::exists(previous_file(resume), ignored)) return false;
  if (file->second.is_made()) fail("{}: no such file; hint: check the path", resume);
  return std::filesystem::is_empty(resume, ignored);
}

bool is_saved_model(Bytes start) {
  constexpr std::size_t kBeforeExtraBytes = 28;      // and the name of the first array of .npz
  constexpr std::string_view kVersion("\x14\0", 2);  // of .npz; NumPy's is another
  constexpr std::string_view kFirstArray("\0\0fc1.weight.npy", 16);
  constexpr std::string_view kOnnx("\x08\x07\x12\x14",
                                   4);  // the version and the length of the name
  const std::string_view text = text_of(start);
  const auto from = [text](std::size_t offset) {
    return text.substr(std::min(offset, text.size()));
  };
  return starts_own_file(start, "") ||
         (starts_zip(start) && from(sizeof(std::uint32_t)).starts_with(kVersion) &&
          from(kBeforeExtraBytes).starts_with(kFirstArray)) ||
         (text.starts_with(kOnnx) && from(kOnnx.size()).starts_with("tensor_relu_parallel"));
}

bool is_saved_checkpoint(Bytes start) {
  return starts_checkpoint(start) || starts_old_checkpoint(start);
}

bool is_saved_search(Bytes start) { return starts_own_file(start, kSearchKind); }

bool is_saved_config(Bytes start) { return text_of(start).starts_with(kConfigStart); }

bool is_saved_log(Bytes start) {
  return text_of(start).starts_with(R"({"event":"start","schema":)");
}

bool is_saved_trace(Bytes start) { return text_of(start).starts_with(kTraceStart); }

bool is_bench_json(Bytes start) {
  return text_of(start).starts_with("{") &&
         text_of(start).find(R"("event": "bench")") < start.size();
}

bool is_bench_csv(Bytes start) { return text_of(start).starts_with(kBenchCsvStart); }

bool is_predictions_csv(Bytes start) { return text_of(start).starts_with(kPredictionsCsvStart); }

bool is_bench_markdown(Bytes start) { return text_of(start).starts_with(kBenchMarkdownStart); }

bool is_report(Bytes start) { return text_of(start).starts_with(kPageStart); }

}  // namespace trp
