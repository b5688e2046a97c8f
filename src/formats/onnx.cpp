#include "formats/onnx.h"

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/fail.h"
#include "formats/bytes.h"
#include "system/atomic_file.h"

namespace trp {
namespace {

constexpr std::uint64_t kIrVersion = 7;
constexpr std::uint64_t kOperatorsVersion = 13;
constexpr std::uint64_t kFloat = 1;         // TensorProto.DataType
constexpr std::uint64_t kIntAttribute = 2;  // AttributeProto.AttributeType
constexpr std::uint64_t kMaxBytes = 0x7fffffff;
constexpr std::string_view kInput = "images";
constexpr std::string_view kOutput = "logits";

/// A protobuf message: fields of a number and a value (https://protobuf.dev/programming-guides/
/// encoding). The numbers are those of onnx.proto.
class Message {
 public:
  Message& number(int field, std::uint64_t value) {
    append_varint(static_cast<std::uint64_t>(field) << 3);
    append_varint(value);
    return *this;
  }
  Message& bytes(int field, std::span<const std::uint8_t> value) {
    append_varint(static_cast<std::uint64_t>(field) << 3 | kLengthDelimited);
    append_varint(value.size());
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
  }
  Message& text(int field, std::string_view value) { return bytes(field, to_bytes(value)); }
  Message& message(int field, const Message& value) { return bytes(field, value.bytes_); }

  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  static constexpr std::uint64_t kLengthDelimited = 2;

  void append_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<std::uint8_t>(value | 0x80));
    bytes_.push_back(static_cast<std::uint8_t>(value));
  }

  std::vector<std::uint8_t> bytes_;
};

Message tensor(const NamedArray& array) {  // TensorProto
  Message message;
  for (const Index size : array.shape) message.number(1, static_cast<std::uint64_t>(size));
  std::vector<std::uint8_t> data;
  append_floats(data, array.values);
  return message.number(2, kFloat).text(8, array.name).bytes(9, data);
}

/// [N, size]
Message value_info(std::string_view name, Index size, std::string_view description) {
  Message shape;  // TensorShapeProto
  shape.message(1, Message().text(2, "N"));
  shape.message(1, Message().number(1, static_cast<std::uint64_t>(size)));
  Message type;  // TypeProto
  type.message(1, Message().number(1, kFloat).message(2, shape));
  return Message().text(1, name).message(2, type).text(3, description);
}

Message gemm(std::string_view input, const NamedArray& weight, const NamedArray& bias,
             std::string_view output) {  // NodeProto
  Message node;
  node.text(1, input).text(1, weight.name).text(1, bias.name).text(2, output).text(4, "Gemm");
  return node.message(5, Message().text(1, "transB").number(3, 1).number(20, kIntAttribute));
}

Message graph_of(const std::vector<NamedArray>& arrays) {  // GraphProto
  Message graph;
  std::string input(kInput);
  for (std::size_t i = 0; i + 1 < arrays.size(); i += 2) {
    const bool last = i + 2 == arrays.size();
    const std::string layer = fmt::format("fc{}", i / 2 + 1);
    const std::string output = last ? std::string(kOutput) : layer;
    graph.message(1, gemm(input, arrays[i], arrays[i + 1], output));
    if (last) break;
    input = fmt::format("relu{}", i / 2 + 1);
    graph.message(1, Message().text(1, output).text(2, input).text(4, "Relu"));
  }
  graph.text(2, "mlp");
  for (const NamedArray& array : arrays) graph.message(5, tensor(array));
  graph.message(11, value_info(kInput, arrays.front().shape[1],
                               "pixels from left to right and top to bottom, divided by 255"));
  return graph.message(12, value_info(kOutput, arrays.back().shape[0],
                                      "the largest one is at the label; softmax makes them "
                                      "probabilities"));
}

}  // namespace

std::vector<std::uint8_t> encode_onnx(const ArrayFile& network) {
  Message model;  // ModelProto
  model.number(1, kIrVersion).text(2, "tensor_relu_parallel");
  if (const std::string* version = find_metadata(network.metadata, "version")) {
    model.text(3, *version);
  }
  model.message(7, graph_of(network.arrays));
  model.message(8, Message().number(2, kOperatorsVersion));
  for (const auto& [name, text] : network.metadata) {
    model.message(14, Message().text(1, name).text(2, text));
  }
  std::vector<std::uint8_t> bytes = model.take();
  if (bytes.size() > kMaxBytes) {
    fail("an ONNX model holds less than 2 GiB, found {} bytes; hint: use .safetensors",
         bytes.size());
  }
  return bytes;
}

bool starts_onnx(std::span<const std::uint8_t> start) {
  // The IR version, then a text of ModelProto or the graph.
  constexpr std::uint8_t kLatestIr = 32;
  return start.size() >= 3 && start[0] == 0x08 && start[1] >= 1 && start[1] <= kLatestIr &&
         (start[2] & 7) == 2 && start[2] >> 3 >= 2 && start[2] >> 3 <= 8;
}

}  // namespace trp
