#include <optional>

#include "formats/bytes.h"
#include "fuzz/array_round_trip.h"
#include "train/checkpoint.h"
#include "trp/error.h"

namespace trp {
namespace {

std::optional<Checkpoint> decode_as_checkpoint(std::span<const std::uint8_t> bytes) {
  try {
    return decode_checkpoint(bytes, "fuzz");
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// The arrays and metadata, if they are any, as a sealed checkpoint, since mutations never hit the
/// digest. A checkpoint that is accepted must be the same when it is written and read again.
void checkpoint_and_back(std::span<const std::uint8_t> bytes) {
  auto decoded = decode(bytes);
  if (!decoded) return;
  ArrayFile& file = decoded->content;
  std::erase_if(file.metadata, [](const auto& entry) { return entry.first == kKindKey; });
  file.metadata.emplace(file.metadata.begin(), kKindKey, kCheckpointKind);
  std::optional<Checkpoint> checkpoint;
  try {
    checkpoint = decode_as_checkpoint(encode_array_file(file, ArrayFormat::kSafetensors));
  } catch (const Error&) {  // the format cannot hold it
  }
  if (!checkpoint) return;
  const auto written = encode_checkpoint(*checkpoint);
  const auto again = decode_as_checkpoint(written);
  require(again.has_value(), "what was written can be read");
  require(encode_checkpoint(*again) == written, "it comes back with the same bits");
}

}  // namespace
}  // namespace trp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trp;
  const std::span<const std::uint8_t> bytes(data, size);
  decode_and_write_again(bytes);
  checkpoint_and_back(bytes);
  // Once more as header and data of their right lengths, which mutations seldom hit: the data are
  // as many zeros as the first byte says.
  if (bytes.empty()) return 0;
  std::vector<std::uint8_t> file;
  append_numbers(file, static_cast<std::uint64_t>(size - 1));
  file.insert(file.end(), bytes.begin() + 1, bytes.end());
  file.resize(file.size() + bytes[0]);
  decode_and_write_again(file);
  checkpoint_and_back(file);
  return 0;
}
