// Trains one epoch at a time by three sgemms a layer, for training_speed, which epoch_peer.h
// describes: what one writes by hand who has a BLAS. The bias is where a product starts from, the
// update is the product that forms the gradient, all else is a loop shared among OpenMP's threads.
// Built with OpenBLAS, and with oneDNN's sgemm. As with libtorch, the samples lie in memory as
// floats beforehand.
// Usage: openblas_epoch|onednn_epoch FOLDER SAMPLE_COUNT LAYER_SIZE…

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#if TRP_BENCH_USES_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#else
#include <cblas.h>
#endif

namespace {

/// Row-major rows × cols, whole cache lines a row, an odd number of them.
struct Matrix {
  Matrix(long rows_, long cols_)
      : rows(rows_),
        cols(cols_),
        stride(((cols + 15) / 16 | 1) * 16),
        storage(static_cast<std::size_t>(rows * stride + 15)) {}
  float* row(long r) {
    const auto address = reinterpret_cast<std::uintptr_t>(storage.data());
    return storage.data() + (64 - address % 64) % 64 / sizeof(float) + r * stride;
  }

  long rows, cols, stride;
  std::vector<float> storage;
};

/// c[rows, c.cols] = alpha · a · b + beta · c, of which a and b may be transposed.
void multiply(float alpha, bool transpose_a, Matrix& a, bool transpose_b, Matrix& b, float beta,
              Matrix& c, long rows, long depth) {
#if TRP_BENCH_USES_ONEDNN
  dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', rows, c.cols, depth, alpha, a.row(0),
             a.stride, b.row(0), b.stride, beta, c.row(0), c.stride);
#else
  cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
              transpose_b ? CblasTrans : CblasNoTrans, static_cast<blasint>(rows),
              static_cast<blasint>(c.cols), static_cast<blasint>(depth), alpha, a.row(0),
              static_cast<blasint>(a.stride), b.row(0), static_cast<blasint>(b.stride), beta,
              c.row(0), static_cast<blasint>(c.stride));
#endif
}

template <class T>
std::vector<T> read(const std::string& path, std::size_t count) {
  std::vector<T> values(count);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(values.data()),
            static_cast<std::streamsize>(count * sizeof(T)));
  if (!file) throw std::runtime_error("cannot read " + path);
  return values;
}

struct Work {
  std::vector<long> sizes;
  std::vector<float> samples, weights;
  std::vector<std::uint8_t> labels;
  std::vector<std::uint32_t> order;
};

struct Layer {
  Matrix weight, bias;
  Matrix output, gradient;  // of a batch; the gradient before ReLU
};

std::vector<Layer> make_layers(const Work& work, long batch_size) {
  std::vector<Layer> layers;
  const float* next = work.weights.data();
  for (std::size_t l = 0; l + 1 < work.sizes.size(); ++l) {
    const long in = work.sizes[l], out = work.sizes[l + 1];
    layers.push_back(
        {Matrix(in, out), Matrix(1, out), Matrix(batch_size, out), Matrix(batch_size, out)});
    for (long i = 0; i < in; ++i, next += out) std::copy_n(next, out, layers.back().weight.row(i));
    std::copy_n(next, out, layers.back().bias.row(0));
    next += out;
  }
  return layers;
}

/// Softmax and its gradient, not yet divided by the batch; returns the loss.
double loss_of_row(const float* z, long classes, long label, float* dz) {
  const float largest = *std::max_element(z, z + classes);
  float sum = 0;
  for (long c = 0; c < classes; ++c) sum += dz[c] = std::exp(z[c] - largest);
  for (long c = 0; c < classes; ++c) dz[c] /= sum;
  dz[label] -= 1;
  return std::log(sum) - (z[label] - largest);
}

/// Returns the sum of the losses.
double epoch(const Work& work, long batch_size, float learning_rate) {
  std::vector<Layer> layers = make_layers(work, batch_size);
  const long features = work.sizes.front();
  const auto sample_count = static_cast<long>(work.order.size());
  Matrix input(batch_size, features);
  double loss_sum = 0;
  for (long begin = 0; begin < sample_count; begin += batch_size) {
    const long count = std::min(batch_size, sample_count - begin);
    const std::uint32_t* samples = &work.order[static_cast<std::size_t>(begin)];
#pragma omp parallel for
    for (long i = 0; i < count; ++i)
      std::copy_n(&work.samples[samples[i] * static_cast<std::size_t>(features)], features,
                  input.row(i));
    for (std::size_t l = 0; l < layers.size(); ++l) {
      Layer& layer = layers[l];
      Matrix& x = l == 0 ? input : layers[l - 1].output;
#pragma omp parallel for
      for (long i = 0; i < count; ++i)
        std::copy_n(layer.bias.row(0), layer.bias.cols, layer.output.row(i));
      multiply(1, false, x, false, layer.weight, 1, layer.output, count, x.cols);
      if (l + 1 == layers.size()) break;
#pragma omp parallel for
      for (long i = 0; i < count; ++i) {
        float* z = layer.output.row(i);
        for (long c = 0; c < layer.output.cols; ++c) z[c] = std::max(z[c], 0.0F);
      }
    }
    Layer& last = layers.back();
#pragma omp parallel for reduction(+ : loss_sum)
    for (long i = 0; i < count; ++i)
      loss_sum += loss_of_row(last.output.row(i), last.output.cols, work.labels[samples[i]],
                              last.gradient.row(i));
    const float step = -learning_rate / static_cast<float>(count);
    for (std::size_t l = layers.size(); l-- > 0;) {
      Layer& layer = layers[l];
      Matrix& x = l == 0 ? input : layers[l - 1].output;
      if (l > 0) {
        Matrix& dx = layers[l - 1].gradient;
        multiply(1, false, layer.gradient, true, layer.weight, 0, dx, count, layer.gradient.cols);
#pragma omp parallel for
        for (long i = 0; i < count; ++i) {
          const float* output = x.row(i);
          float* gradient = dx.row(i);
          for (long c = 0; c < dx.cols; ++c) gradient[c] = output[c] > 0 ? gradient[c] : 0;
        }
      }
      multiply(step, true, x, false, layer.gradient, 1, layer.weight, x.cols, count);
      float* bias = layer.bias.row(0);
      for (long i = 0; i < count; ++i) {
        const float* gradient = layer.gradient.row(i);
        for (long c = 0; c < layer.bias.cols; ++c) bias[c] += step * gradient[c];
      }
    }
  }
  return loss_sum;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::cerr << "usage: " << argv[0] << " FOLDER SAMPLE_COUNT LAYER_SIZE...\n";
    return 2;
  }
  Work work;
  const std::string folder = std::string(argv[1]) + "/";
  const std::size_t count = std::stoul(argv[2]);
  for (int i = 3; i < argc; ++i) work.sizes.push_back(std::stol(argv[i]));
  std::size_t parameters = 0;
  for (std::size_t l = 0; l + 1 < work.sizes.size(); ++l)
    parameters += static_cast<std::size_t>((work.sizes[l] + 1) * work.sizes[l + 1]);
  work.samples =
      read<float>(folder + "samples.f32", count * static_cast<std::size_t>(work.sizes.front()));
  work.labels = read<std::uint8_t>(folder + "labels.u8", count);
  work.order = read<std::uint32_t>(folder + "order.u32", count);
  work.weights = read<float>(folder + "weights.f32", parameters);
#if TRP_BENCH_USES_ONEDNN
  const dnnl_version_t* version = dnnl_version();
  std::cout << "oneDNN " << version->major << '.' << version->minor << '.' << version->patch
            << std::endl;
#else
  std::cout << openblas_get_config() << std::endl;
#endif

  long batch_size = 0;
  float learning_rate = 0;
  while (std::cin >> batch_size >> learning_rate) {
    const auto begin = std::chrono::steady_clock::now();
    const double loss_sum = epoch(work, batch_size, learning_rate);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    std::cout << seconds.count() << ' ' << loss_sum / static_cast<double>(count) << std::endl;
  }
}
