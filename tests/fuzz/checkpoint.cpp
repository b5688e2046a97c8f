#include "train/checkpoint.h"

#include <optional>

#include "formats/little_endian.h"
#include "fuzz/fuzz.h"
#include "trp/error.h"

namespace trp {
namespace {

std::optional<Checkpoint> decode(std::span<const std::uint8_t> bytes) {
  try {
    return decode_checkpoint(bytes, "fuzz");
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// The same body with the right length and digest, which mutations never hit.
std::vector<std::uint8_t> sealed(std::span<const std::uint8_t> body) {
  constexpr std::string_view kMagic = "trp-ckpt";
  constexpr std::uint32_t kVersion = 1;
  constexpr std::size_t kDigestBytes = 39;
  std::vector<std::uint8_t> bytes(kMagic.begin(), kMagic.end());
  append_little_endian(bytes, kVersion);
  append_little_endian(bytes, static_cast<std::uint64_t>(body.size()));
  bytes.insert(bytes.end(), body.begin(), body.end());
  bytes.resize(bytes.size() + kDigestBytes);
  seal_checkpoint(bytes);
  return bytes;
}

/// What is accepted must be the same when it is written and read again.
void round_trip(std::span<const std::uint8_t> bytes) {
  const auto checkpoint = decode(bytes);
  if (!checkpoint) return;
  const std::vector<std::uint8_t> written = encode_checkpoint(*checkpoint);
  require(written.size() == bytes.size(), "every byte has a place");
  const auto again = decode(written);
  require(again.has_value(), "what was written can be read");
  require(encode_checkpoint(*again) == written, "it comes back with the same bits");
}

}  // namespace
}  // namespace trp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  trp::round_trip({data, size});
  trp::round_trip(trp::sealed({data, size}));
  return 0;
}
