#include <algorithm>
#include <bit>
#include <cmath>

#include <fmt/format.h>

#include "core/digest.h"
#include "core/text.h"
#include "formats/array_checks.h"
#include "formats/little_endian.h"
#include "nn/mlp.h"
#include "train/checkpoint.h"
#include "trp/error.h"

namespace trp {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::string_view kMagic = "trp-ckpt";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeaderBytes = kMagic.size() + 4 + 8;
constexpr std::size_t kDigestBytes = 39;  // "xxh128:" and 32 digits
constexpr std::size_t kEpochBytes = 8 * 8;

std::string digest_of(Bytes bytes) {
  Digest digest;
  digest.update(bytes.data(), bytes.size());
  return digest.to_string();
}

class Writer {
 public:
  template <class Unsigned>
  void number(Unsigned value) {
    append_little_endian(bytes, value);
  }
  void real(double value) { number(std::bit_cast<std::uint64_t>(value)); }
  void text(std::string_view text) {
    number(static_cast<std::uint32_t>(text.size()));
    bytes.insert(bytes.end(), text.begin(), text.end());
  }
  void tensor(const Tensor& tensor) {
    for (Index row = 0; row < tensor.rows(); ++row)
      append_floats(bytes, {tensor.row(row), static_cast<std::size_t>(tensor.cols())});
  }
  /// Of an Mlp or a Gradient.
  template <class Layers>
  void layers(const Layers& layers) {
    for (const auto& layer : layers) {
      tensor(layer.weight);
      tensor(layer.bias);
    }
  }

  std::vector<std::uint8_t> bytes;
};

/// Takes a body to pieces, none of which reaches beyond its end.
class Reader {
 public:
  Reader(Bytes body, const std::string& name) : left_(body), name_(name) {}

  std::size_t left() const { return left_.size(); }

  template <class Unsigned>
  Unsigned number(std::string_view what) {
    return little_endian<Unsigned>(take(sizeof(Unsigned), what).data());
  }
  std::int64_t count(std::string_view what) {
    const auto value = number<std::uint64_t>(what);
    check(value <= std::uint64_t{1} << 62, what, "a number up to 2^62", value);
    return static_cast<std::int64_t>(value);
  }
  double real(std::string_view what) {
    const double value = std::bit_cast<double>(number<std::uint64_t>(what));
    check(std::isfinite(value), what, "a finite number", value);
    return value;
  }
  std::string text(std::string_view what) {
    const Bytes bytes = take(number<std::uint32_t>(what), what);
    std::string text(bytes.begin(), bytes.end());
    const bool plain = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
    check(plain, what, "ASCII text", quoted(text));
    return text;
  }
  void tensor(Tensor& tensor, std::string_view what) {
    const auto columns = static_cast<std::size_t>(tensor.cols());
    for (Index row = 0; row < tensor.rows(); ++row) {
      const std::vector<float> values = to_floats(take(columns * sizeof(float), what));
      for (const float value : values) check(std::isfinite(value), what, "finite numbers", value);
      std::ranges::copy(values, tensor.row(row));
    }
  }
  template <class Layers>
  void layers(Layers& layers, std::string_view what) {
    for (auto& layer : layers) {
      tensor(layer.weight, what);
      tensor(layer.bias, what);
    }
  }

  template <class Found>
  void check(bool good, std::string_view what, std::string_view expected,
             const Found& found) const {
    if (!good)
      throw Error(fmt::format("{}: {}: expected {}, found {}; {}", name_, what, expected, found,
                              kDamagedHint));
  }

 private:
  Bytes take(std::size_t count, std::string_view what) {
    check(count <= left_.size(), what, fmt::format("{} bytes", count), left_.size());
    const Bytes taken = left_.first(count);
    left_ = left_.subspan(count);
    return taken;
  }

  Bytes left_;
  const std::string& name_;
};

void write_epoch(const EpochResult& epoch, Writer& out) {
  const Score validation = epoch.validation.value_or(Score{});
  for (const double value : {epoch.train_loss, epoch.train_accuracy, epoch.learning_rate,
                             epoch.seconds, epoch.samples_per_second})
    out.real(value);
  out.number(static_cast<std::uint64_t>(validation.sample_count));
  out.real(validation.loss);
  out.real(validation.accuracy);
}

EpochResult read_epoch(int epoch, Reader& in) {
  EpochResult result;
  result.epoch = epoch;
  for (double* value : {&result.train_loss, &result.train_accuracy, &result.learning_rate,
                        &result.seconds, &result.samples_per_second})
    *value = in.real("a finished epoch");
  Score validation;
  validation.sample_count = in.count("validation samples");
  validation.loss = in.real("a validation loss");
  validation.accuracy = in.real("a validation accuracy");
  if (validation.sample_count > 0) result.validation = validation;
  return result;
}

/// A network of the sizes that come next, of which `left` bytes may be floats.
Mlp read_shape(Reader& in) {
  const auto count = in.number<std::uint32_t>("layers");
  in.check(count >= 2 && count <= in.left() / sizeof(std::uint32_t), "layers",
           "2 sizes at least, and all of them", count);
  std::vector<Index> sizes(count);
  std::uint64_t floats = 0;
  for (Index& size : sizes) {
    size = in.number<std::uint32_t>("layers");
    in.check(size >= 1, "layers", "sizes from 1 on", size);
  }
  for (std::size_t l = 0; l + 1 < sizes.size() && floats <= in.left(); ++l)
    floats += (static_cast<std::uint64_t>(sizes[l]) + 1) * static_cast<std::uint64_t>(sizes[l + 1]);
  in.check(floats <= in.left() / sizeof(float), "layers", "the bytes of all weights", in.left());
  return make_zero_mlp(sizes);
}

void write_state(const TrainState& state, Writer& out) {
  const std::vector<Index> sizes = layer_sizes(state.mlp);
  out.number(static_cast<std::uint32_t>(sizes.size()));
  for (const Index size : sizes) out.number(static_cast<std::uint32_t>(size));
  out.number(static_cast<std::uint32_t>(state.epochs.size()));
  for (const EpochResult& epoch : state.epochs) write_epoch(epoch, out);
  out.number(static_cast<std::uint64_t>(state.progress.batch));
  out.real(state.progress.loss_sum);
  out.number(static_cast<std::uint64_t>(state.progress.correct_count));
  out.real(state.progress.seconds);
  out.number(static_cast<std::uint32_t>(state.best_epoch));
  out.real(state.best_epoch > 0 ? state.best_loss : 0);
  out.number(static_cast<std::uint8_t>(!state.velocity.layers.empty()));
  out.layers(state.mlp.layers);
  out.layers(state.velocity.layers);
  out.layers(state.best.layers);
}

TrainState read_state(Reader& in) {
  TrainState state{.mlp = read_shape(in)};
  const auto epochs = in.number<std::uint32_t>("finished epochs");
  in.check(epochs <= in.left() / kEpochBytes, "finished epochs", "all of them", epochs);
  for (std::uint32_t epoch = 1; epoch <= epochs; ++epoch)
    state.epochs.push_back(read_epoch(static_cast<int>(epoch), in));
  state.progress.batch = in.count("steps of the epoch");
  state.progress.loss_sum = in.real("the sum of losses");
  state.progress.correct_count = in.count("correct samples");
  state.progress.seconds = in.real("seconds");
  const auto best_epoch = in.number<std::uint32_t>("the best epoch");
  in.check(best_epoch <= epochs, "the best epoch", "a finished one", best_epoch);
  state.best_epoch = static_cast<int>(best_epoch);
  const double best_loss = in.real("the best loss");
  if (best_epoch > 0) state.best_loss = best_loss;
  const auto has_velocity = in.number<std::uint8_t>("whether there are velocities");
  in.check(has_velocity <= 1, "whether there are velocities", "0 or 1", has_velocity);
  const std::size_t copies = 1U + has_velocity + (best_epoch > 0 ? 1 : 0);
  const auto floats = static_cast<std::size_t>(parameter_count(state.mlp));
  in.check(in.left() / copies == floats * sizeof(float) && in.left() % copies == 0, "weights",
           fmt::format("{} times {} bytes", copies, floats * sizeof(float)), in.left());
  in.layers(state.mlp.layers, "weights");
  if (has_velocity == 1) {
    state.velocity = make_gradient(state.mlp);
    in.layers(state.velocity.layers, "velocities");
  }
  if (best_epoch > 0) {
    state.best = make_zero_mlp(layer_sizes(state.mlp));
    in.layers(state.best.layers, "the best weights");
    transpose_weights(state.best);
  }
  transpose_weights(state.mlp);
  return state;
}

void check_start(Bytes bytes, const std::string& name) {
  if (!starts_checkpoint(bytes)) {
    throw Error(fmt::format(
        "{}: expected a checkpoint, which begins with {}, found another file; hint: --resume takes "
        "what --checkpoint has written",
        name, kMagic));
  }
  if (bytes.size() < kHeaderBytes + kDigestBytes) {
    throw Error(fmt::format("{}: expected at least {} bytes, found {}; {}", name,
                            kHeaderBytes + kDigestBytes, bytes.size(), kDamagedHint));
  }
  const auto version = little_endian<std::uint32_t>(&bytes[kMagic.size()]);
  if (version != kVersion) {
    throw Error(fmt::format(
        "{}: expected version {} of the format at byte {}, found {}; hint: resume with the program "
        "that wrote it, or copy the file again",
        name, kVersion, kMagic.size(), version));
  }
}

}  // namespace

std::vector<std::uint8_t> encode_checkpoint(const Checkpoint& checkpoint) {
  Writer body;
  for (const std::string* text :
       {&checkpoint.version, &checkpoint.simd, &checkpoint.identity.options,
        &checkpoint.identity.train_data, &checkpoint.identity.test_data})
    body.text(*text);
  write_state(checkpoint.state, body);

  Writer file;
  file.bytes.reserve(kHeaderBytes + body.bytes.size() + kDigestBytes);
  file.bytes.assign(kMagic.begin(), kMagic.end());
  file.number(kVersion);
  file.number(static_cast<std::uint64_t>(body.bytes.size()));
  file.bytes.insert(file.bytes.end(), body.bytes.begin(), body.bytes.end());
  file.bytes.resize(file.bytes.size() + kDigestBytes);
  seal_checkpoint(file.bytes);
  return std::move(file.bytes);
}

Checkpoint decode_checkpoint(std::span<const std::uint8_t> bytes, const std::string& name) {
  check_start(bytes, name);
  const std::size_t body_bytes = bytes.size() - kHeaderBytes - kDigestBytes;
  const auto length = little_endian<std::uint64_t>(&bytes[kMagic.size() + sizeof kVersion]);
  if (length != body_bytes) {
    throw Error(fmt::format(
        "{}: expected {} bytes between header and digest, as the header says, found {}; {}", name,
        length, body_bytes, kDamagedHint));
  }
  const Bytes digest = bytes.last(kDigestBytes);
  const std::string named(digest.begin(), digest.end());
  const std::string found = digest_of(bytes.first(bytes.size() - kDigestBytes));
  if (found != named) {
    throw Error(fmt::format("{}: expected the digest {} that the file names, found {}; {}", name,
                            quoted(named), found, kDamagedHint));
  }
  Reader in(bytes.subspan(kHeaderBytes, body_bytes), name);
  Checkpoint checkpoint;
  checkpoint.version = in.text("version");
  checkpoint.simd = in.text("instruction set");
  checkpoint.identity.options = in.text("options");
  checkpoint.identity.train_data = in.text("digest of the training data");
  checkpoint.identity.test_data = in.text("digest of the test data");
  checkpoint.state = read_state(in);
  return checkpoint;
}

void seal_checkpoint(std::span<std::uint8_t> bytes) {
  const std::string digest = digest_of(bytes.first(bytes.size() - kDigestBytes));
  std::ranges::copy(digest, bytes.last(kDigestBytes).begin());
}

bool starts_checkpoint(std::span<const std::uint8_t> start) {
  return start.size() >= kMagic.size() && std::equal(kMagic.begin(), kMagic.end(), start.begin());
}

}  // namespace trp
