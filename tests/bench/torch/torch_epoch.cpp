// Trains one epoch at a time with libtorch, for training_speed, which epoch_peer.h describes.
// Usage: torch_epoch autograd|manual FOLDER SAMPLE_COUNT LAYER_SIZE…
//
// `autograd` is the usual training loop. `manual` is the fastest that could be made of libtorch's
// operators: no graph, buffers that are used again, and an SGD step that is part of the product
// that forms the gradient. Both are spared the bytes: all samples lie in memory as floats
// beforehand, and a batch is one index_select.

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include <torch/torch.h>

namespace {

using torch::Tensor;

struct Work {
  std::string folder;
  std::vector<int64_t> layer_sizes;
  Tensor samples;
  Tensor labels;
  Tensor order;

  Tensor read(const std::string& file, int64_t count, torch::ScalarType type) const {
    return torch::from_file(folder + "/" + file, false, count, type).clone();
  }
};

Work read_work(const std::string& folder, int64_t count, std::vector<int64_t> layer_sizes) {
  Work work{folder, std::move(layer_sizes), {}, {}, {}};
  work.samples = work.read("samples.f32", count * work.layer_sizes.front(), torch::kFloat)
                     .view({count, work.layer_sizes.front()});
  work.labels = work.read("labels.u8", count, torch::kByte).to(torch::kLong);
  work.order = work.read("order.u32", count, torch::kInt).to(torch::kLong);
  return work;
}

struct Layer {
  Tensor weight;  // [in, out]
  Tensor bias;
};

std::vector<Layer> read_network(const Work& work) {
  int64_t count = 0;
  for (std::size_t l = 0; l + 1 < work.layer_sizes.size(); ++l)
    count += (work.layer_sizes[l] + 1) * work.layer_sizes[l + 1];
  const Tensor all = work.read("weights.f32", count, torch::kFloat);
  std::vector<Layer> layers;
  int64_t begin = 0;
  const auto take = [&](int64_t size) {
    begin += size;
    return all.slice(0, begin - size, begin).clone();
  };
  for (std::size_t l = 0; l + 1 < work.layer_sizes.size(); ++l) {
    const int64_t in = work.layer_sizes[l];
    const int64_t out = work.layer_sizes[l + 1];
    layers.push_back({take(in * out).view({in, out}), {}});
    layers.back().bias = take(out);
  }
  return layers;
}

/// Returns the sum of the losses.
double autograd_epoch(const Work& work, int64_t batch_size, double learning_rate) {
  std::vector<Layer> layers = read_network(work);
  for (Layer& layer : layers) {
    layer.weight = layer.weight.t().contiguous().requires_grad_();  // as torch::nn::Linear has it
    layer.bias.requires_grad_();
  }
  double loss_sum = 0;
  for (const Tensor& samples : work.order.split(batch_size)) {
    Tensor output = work.samples.index_select(0, samples);
    for (std::size_t l = 0; l < layers.size(); ++l) {
      if (l > 0) output = torch::relu(output);
      output = torch::nn::functional::linear(output, layers[l].weight, layers[l].bias);
    }
    const Tensor loss =
        torch::nn::functional::cross_entropy(output, work.labels.index_select(0, samples));
    loss.backward();
    const torch::NoGradGuard no_grad;
    for (Layer& layer : layers)
      for (Tensor* parameter : {&layer.weight, &layer.bias}) {
        parameter->add_(parameter->grad(), -learning_rate);
        parameter->mutable_grad().reset();
      }
    loss_sum += loss.item<double>() * static_cast<double>(samples.numel());
  }
  return loss_sum;
}

double manual_epoch(const Work& work, int64_t batch_size, double learning_rate) {
  const c10::InferenceMode inference;
  std::vector<Layer> layers = read_network(work);
  const std::size_t last = layers.size() - 1;
  std::vector<Tensor> outputs(layers.size() + 1);  // [0] is the input
  std::vector<Tensor> gradients(layers.size() + 1);
  for (std::size_t l = 0; l < outputs.size(); ++l) {
    outputs[l] = torch::empty({batch_size, work.layer_sizes[l]});
    gradients[l] = torch::empty({batch_size, work.layer_sizes[l]});
  }
  Tensor log_softmax = torch::empty_like(outputs.back());
  Tensor labels = torch::empty({batch_size, 1}, torch::kLong);
  const Tensor minus_one = torch::full({batch_size, 1}, -1.0F);
  double loss_sum = 0;
  for (const Tensor& samples : work.order.split(batch_size)) {
    const int64_t count = samples.numel();
    if (count != outputs[0].size(0)) {  // the last batch
      for (std::size_t l = 0; l < outputs.size(); ++l) {
        outputs[l].resize_({count, work.layer_sizes[l]});
        gradients[l].resize_({count, work.layer_sizes[l]});
      }
      log_softmax.resize_as_(outputs.back());
      labels.resize_({count, 1});
    }
    at::index_select_out(outputs[0], work.samples, 0, samples);
    for (std::size_t l = 0; l <= last; ++l) {
      at::addmm_out(outputs[l + 1], layers[l].bias, outputs[l], layers[l].weight);
      if (l < last) outputs[l + 1].relu_();
    }

    Tensor flat_labels = labels.view({count});
    at::index_select_out(flat_labels, work.labels, 0, samples);
    at::_log_softmax_out(log_softmax, outputs.back(), 1, false);
    loss_sum -= log_softmax.gather(1, labels).sum().item<double>();
    at::exp_out(gradients.back(), log_softmax);
    gradients.back().scatter_add_(1, labels, minus_one.narrow(0, 0, count));

    const double step = -learning_rate / static_cast<double>(count);
    for (std::size_t l = last + 1; l-- > 0;) {
      if (l > 0) {
        at::mm_out(gradients[l], gradients[l + 1], layers[l].weight.t());
        at::threshold_backward_out(gradients[l], gradients[l], outputs[l], 0);
      }
      layers[l].weight.addmm_(outputs[l].t(), gradients[l + 1], 1, step);
      layers[l].bias.add_(gradients[l + 1].sum(0), step);
    }
  }
  return loss_sum;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::cerr << "usage: torch_epoch autograd|manual FOLDER SAMPLE_COUNT LAYER_SIZE...\n";
    return 2;
  }
  const bool manual = argv[1] == std::string("manual");
  std::vector<int64_t> layer_sizes;
  for (int i = 4; i < argc; ++i) layer_sizes.push_back(std::stol(argv[i]));
  const Work work = read_work(argv[2], std::stol(argv[3]), layer_sizes);
  std::cout << "libtorch " << TORCH_VERSION << std::endl;

  int64_t batch_size = 0;
  double learning_rate = 0;
  while (std::cin >> batch_size >> learning_rate) {
    const auto begin = std::chrono::steady_clock::now();
    const double loss_sum = manual ? manual_epoch(work, batch_size, learning_rate)
                                   : autograd_epoch(work, batch_size, learning_rate);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    std::cout << seconds.count() << ' ' << loss_sum / static_cast<double>(work.order.numel())
              << std::endl;
  }
}
