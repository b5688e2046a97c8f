#include "trp/model.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/ranges.h>

#include "core/fail.h"
#include "core/text.h"
#include "formats/array_file.h"
#include "formats/onnx.h"
#include "system/atomic_file.h"
#include "system/input_file.h"
#include "train/model_arrays.h"
#include "trp/dataset.h"

namespace trp {
namespace {

constexpr std::string_view kOnnxEnding = ".onnx";
constexpr std::string_view kNamesHint =
    "hint: a model has the arrays fc1.weight [out, in], fc1.bias [out], fc2.weight, …";

using ArraysByName = std::map<std::string_view, const NamedArray*>;

std::string weight_name(std::size_t layer) { return fmt::format("fc{}.weight", layer + 1); }
std::string bias_name(std::size_t layer) { return fmt::format("fc{}.bias", layer + 1); }

std::string shape_text(const NamedArray& array) {
  return fmt::format("[{}]", fmt::join(array.shape, ", "));
}

/// Takes the array out of the map.
const NamedArray& take(ArraysByName& arrays, const std::string& array, const std::string& file) {
  const auto found = arrays.find(array);
  if (found == arrays.end()) {
    fail("{}: expected an array {}, found none; {}", file, array, kNamesHint);
  }
  const NamedArray& taken = *found->second;
  arrays.erase(found);
  return taken;
}

/// The shape of the layer must be [out, in] and [out], and `in` what the layer before gives.
void check_shapes(const NamedArray& weight, const NamedArray& bias, Index input_size,
                  const std::string& file) {
  if (weight.shape.size() != 2 || weight.shape[0] < 1 || weight.shape[1] < 1) {
    fail("{}: {}: expected a shape of [out, in], found {}; {}", file, weight.name,
         shape_text(weight), kNamesHint);
  }
  if (input_size != 0 && weight.shape[1] != input_size) {
    fail(
        "{}: {}: expected {} inputs, as many as the layer before has outputs, found a shape of {}; "
        "hint: weights are [out, in]",
        file, weight.name, input_size, shape_text(weight));
  }
  if (bias.shape != std::vector<Index>{weight.shape[0]}) {
    fail("{}: {}: expected a shape of [{}], as {} is {}, found {}; {}", file, bias.name,
         weight.shape[0], weight.name, shape_text(weight), shape_text(bias), kNamesHint);
  }
}

}  // namespace

void check_finite(const NamedArray& array, const std::string& file) {
  const auto bad =
      std::ranges::find_if_not(array.values, [](float value) { return std::isfinite(value); });
  if (bad == array.values.end()) return;
  fail(
      "{}: {}: expected finite numbers, found {} at element {}; hint: the training that made it "
      "diverged, train again with a lower learning rate",
      file, array.name, *bad, bad - array.values.begin());
}

template <class Layers>
static std::vector<NamedArray> layer_arrays(const Layers& layers) {
  std::vector<NamedArray> arrays;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const auto& layer = layers[l];
    const Index in = layer.weight.rows(), out = layer.weight.cols();
    NamedArray weight{
        weight_name(l), {out, in}, std::vector<float>(static_cast<std::size_t>(out * in))};
    Eigen::Map<RowMajorMatrix>(weight.values.data(), out, in) =
        layer.weight.view().matrix().transpose();
    arrays.push_back(std::move(weight));
    arrays.push_back({bias_name(l), {out}, {layer.bias.row(0), layer.bias.row(0) + out}});
  }
  return arrays;
}

std::vector<NamedArray> to_arrays(const Mlp& mlp) { return layer_arrays(mlp.layers); }

std::vector<NamedArray> to_arrays(const Gradient& gradient) {
  return layer_arrays(gradient.layers);
}

Mlp to_mlp(const std::vector<NamedArray>& arrays, const std::string& name) {
  ArraysByName left;
  for (const NamedArray& array : arrays) left[array.name] = &array;
  std::vector<std::pair<const NamedArray*, const NamedArray*>> layers;
  std::vector<Index> sizes;
  do {
    const NamedArray& weight = take(left, weight_name(layers.size()), name);
    const NamedArray& bias = take(left, bias_name(layers.size()), name);
    check_shapes(weight, bias, sizes.empty() ? 0 : sizes.back(), name);
    check_finite(weight, name);
    check_finite(bias, name);
    if (sizes.empty()) sizes.push_back(weight.shape[1]);
    sizes.push_back(weight.shape[0]);
    layers.emplace_back(&weight, &bias);
  } while (left.contains(weight_name(layers.size())) || left.contains(bias_name(layers.size())));
  if (!left.empty()) {
    fail("{}: expected {} layers and nothing else, found an array {} of {}; {}", name,
         layers.size(), in_quotes(left.begin()->first), shape_text(*left.begin()->second),
         kNamesHint);
  }
  if (sizes.back() > kMaxClasses) {
    fail("{}: expected at most {} classes, found {} outputs of the last layer", name, kMaxClasses,
         sizes.back());
  }
  Mlp mlp = make_zero_mlp(sizes);
  for (std::size_t l = 0; l < layers.size(); ++l) {
    using Matrix = Eigen::Map<const RowMajorMatrix>;
    const auto& [weight, bias] = layers[l];
    mlp.layers[l].weight.view().matrix() =
        Matrix(weight->values.data(), weight->shape[0], weight->shape[1]).transpose();
    mlp.layers[l].bias.view().matrix() = Matrix(bias->values.data(), 1, bias->shape[0]);
  }
  transpose_weights(mlp);
  return mlp;
}

void check_model_name(std::string_view path) {
  if (path.ends_with(kOnnxEnding) || array_format_of_name(path)) return;
  fail_usage("expected a file name that ends in .safetensors, .npz or .onnx, found {}",
             in_quotes(path));
}

std::vector<std::uint8_t> encode_model(const std::string& path, const Mlp& mlp,
                                       const Metadata& metadata) {
  check_model_name(path);
  const ArrayFile file{to_arrays(mlp), metadata};
  for (const NamedArray& array : file.arrays) check_finite(array, path);
  if (path.ends_with(kOnnxEnding)) return encode_onnx(file);
  return encode_array_file(file, *array_format_of_name(path));
}

void save_model(const std::string& path, const Mlp& mlp, const Metadata& metadata) {
  const std::vector<std::uint8_t> bytes = encode_model(path, mlp, metadata);
  write_file_atomically(path, [&](const Sink& sink) { sink(bytes); });
}

Model load_model(const std::string& path) {
  DecodedArrayFile file = read_array_file(path);
  const std::string* kind = find_metadata(file.content.metadata, kKindKey);
  if (kind != nullptr && *kind == kCheckpointKind) {
    fail(
        "{}: expected a model, found a checkpoint; hint: tensor_relu_parallel export CHECKPOINT "
        "MODEL makes a model of it if it is named, not piped",
        input_name(path));
  }
  return {.mlp = to_mlp(file.content.arrays, input_name(path)),
          .metadata = std::move(file.content.metadata),
          .format = std::string(array_format_name(file.format)),
          .verified = file.verified};
}

}  // namespace trp
