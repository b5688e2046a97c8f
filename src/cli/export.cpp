#include <utility>

#include <CLI/CLI.hpp>

#include <fmt/ranges.h>

#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/recipe_options.h"
#include "cli/saved_files.h"
#include "cli/values.h"
#include "formats/strict_json.h"
#include "system/outputs.h"
#include "train/checkpoint.h"
#include "train/model_arrays.h"
#include "train/recipe_json.h"
#include "trp/model.h"

namespace trp {
namespace {

/// The network as it was saved, or with early stopping the best one.
Model to_model(Checkpoint checkpoint) {
  const TrainState& state = checkpoint.state;
  const std::size_t epochs =
      state.best_epoch > 0 ? static_cast<std::size_t>(state.best_epoch) : state.epochs.size();
  Model model{.mlp = network_to_keep(std::move(checkpoint.state))};
  model.metadata = {{"version", checkpoint.version},
                    {"layers", fmt::format("{}", fmt::join(layer_sizes(model.mlp), ","))},
                    {"epochs", fmt::format("{}", epochs)},
                    {"weights", weights_digest(model.mlp)},
                    {"recipe", json_text(to_json(checkpoint.identity.recipe))},
                    {"train_data", checkpoint.identity.train_data}};
  return model;
}

}  // namespace

CLI::App& add_export(CLI::App& app, ExportOptions& options) {
  CLI::App& command = *app.add_subcommand(
      "export",
      "Writes a model, or the network of a checkpoint, in another format.\n"
      "The ending of FILE says which: .safetensors, .npz or .onnx (which is not read again).");
  command.add_option("MODEL", options.model)->required()->transform(any_path());
  command.add_option("FILE", options.file)->required()->transform(model_path());
  command.option_defaults()->group(kOutputGroup);
  add_force(command, options.force);
  command.footer(
      "\nExample\n"
      "  tensor_relu_parallel export model.safetensors model.npz\n");
  return command;
}

int run_export(const ExportOptions& options) {
  Outputs outputs = claim_outputs(
      {{"MODEL", options.model}},
      {{.option = "FILE", .path = options.file, .is_own_kind = is_saved_model}}, options.force);
  const Model model = kind_of(options.model) == FileKind::kCheckpoint
                          ? to_model(load_checkpoint(options.model))
                          : load_model(options.model);
  outputs.at("FILE").replace(encode_model(options.file, model.mlp, model.metadata));
  return kExitDone;
}

}  // namespace trp
