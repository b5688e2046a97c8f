#include "formats/array_file.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "core/digest.h"
#include "core/fail.h"
#include "core/text.h"
#include "formats/bytes.h"
#include "formats/foreign_format.h"
#include "formats/npz.h"
#include "formats/safetensors.h"
#include "formats/zip.h"
#include "system/input_file.h"

namespace trp {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::string_view kProgramKey = "program";
constexpr std::string_view kProgram = "tensor_relu_parallel";
constexpr std::string_view kDigestKey = "digest";
constexpr std::string_view kDigestPrefix = "xxh128:";
constexpr std::size_t kDigestDigits = 32;
constexpr std::string_view kBeforeDigits = "\"digest\":\"xxh128:";

/// Of all bytes, with zeros in place of the digits.
std::string digest_of(Bytes bytes, std::size_t digits) {
  const std::string zeros(kDigestDigits, '0');
  Digest digest;
  digest.update(bytes.data(), digits);
  digest.update(zeros.data(), zeros.size());
  const Bytes rest = bytes.subspan(digits + kDigestDigits);
  digest.update(rest.data(), rest.size());
  return digest.to_string();
}

/// Where the digits of the digest are, if there are any. Inside a text the quotes of kBeforeDigits
/// would be escaped, so it is found only where it is meant: in the header, before all data, or in
/// the comment, after them.
std::optional<std::size_t> find_digits(Bytes bytes, ArrayFormat format) {
  const std::string_view text = text_of(bytes);
  const std::size_t found =
      format == ArrayFormat::kNpz ? text.rfind(kBeforeDigits) : text.find(kBeforeDigits);
  if (found == std::string_view::npos) return std::nullopt;
  const std::size_t digits = found + kBeforeDigits.size();
  return text.size() - digits < kDigestDigits ? std::nullopt : std::optional(digits);
}

void remove_seal(Metadata& metadata) {
  std::erase_if(metadata, [](const auto& entry) {
    return entry.first == kProgramKey || entry.first == kDigestKey;
  });
}

/// A file that says who wrote it or has a digest must do both, so that damage to either shows.
/// Returns the content without them.
DecodedArrayFile checked(ArrayFile content, ArrayFormat format, Bytes bytes,
                         const std::string& name) {
  const std::string* program = find_metadata(content.metadata, kProgramKey);
  const std::string* digest = find_metadata(content.metadata, kDigestKey);
  const bool is_sealed = program != nullptr || digest != nullptr;
  const auto digits = digest ? find_digits(bytes, format) : std::nullopt;
  if (is_sealed && (program == nullptr || *program != kProgram || !digits)) {
    fail(
        "{}: expected \"program\" {} with a \"digest\" in the metadata, or neither of them; hint: "
        "the file was damaged or changed, fetch it again or remove both",
        name, kProgram);
  }
  const std::string found = is_sealed ? digest_of(bytes, *digits) : "";
  if (is_sealed && found != *digest) {
    fail(
        "{}: expected the digest {} that the file names, found {}; hint: the file was damaged or "
        "changed, fetch or copy it again",
        name, in_quotes(*digest), found);
  }
  remove_seal(content.metadata);
  return {std::move(content), format, is_sealed};
}

[[noreturn]] void throw_not_array_file(Bytes start, const std::string& name) {
  if (start.empty()) {
    fail("{}: the file is empty, expected a model; hint: fetch or copy the file again", name);
  }
  const bool is_idx = start.size() >= 4 && start[0] == 0 && start[1] == 0 && start[2] >= 0x08 &&
                      start[2] <= 0x0e && start[3] >= 1 && start[3] <= 4;
  fail("{}: expected a model, a .safetensors or .npz file; found {}", name,
       is_idx ? "an IDX file; hint: are model and data exchanged?"
              : fmt::format("neither at byte 0; hint: {}", foreign_model_hint(start)));
}

}  // namespace

std::string_view array_format_name(ArrayFormat format) {
  return format == ArrayFormat::kNpz ? "npz" : "safetensors";
}

std::optional<ArrayFormat> array_format_of_name(std::string_view path) {
  if (path.ends_with(".safetensors")) return ArrayFormat::kSafetensors;
  if (path.ends_with(".npz")) return ArrayFormat::kNpz;
  return std::nullopt;
}

const std::string* find_metadata(const Metadata& metadata, std::string_view name) {
  const auto found = std::ranges::find(metadata, name, &Metadata::value_type::first);
  return found == metadata.end() ? nullptr : &found->second;
}

void check_data_size(std::span<const Index> shape, std::uint64_t bytes, const std::string& array,
                     const std::string& file) {
  std::uint64_t needed = sizeof(float);
  bool overflow = false;
  for (const Index size : shape) {
    overflow |= __builtin_mul_overflow(needed, static_cast<std::uint64_t>(size), &needed);
  }
  if (!overflow && needed == bytes) return;
  throw damaged(
      fmt::format("{}: {}", file, in_quotes(array)),
      fmt::format("{} bytes of data for a shape of [{}]",
                  overflow ? "more than 2^64" : fmt::format("{}", needed), fmt::join(shape, ", ")),
      fmt::format("{}", bytes));
}

std::vector<std::uint8_t> encode_array_file(const ArrayFile& file, ArrayFormat format) {
  Metadata metadata = file.metadata;
  remove_seal(metadata);
  metadata.emplace(metadata.begin(), kProgramKey, kProgram);
  metadata.emplace_back(kDigestKey, std::string(kDigestPrefix) + std::string(kDigestDigits, '0'));
  std::vector<std::uint8_t> bytes = format == ArrayFormat::kNpz
                                        ? encode_npz(file.arrays, metadata)
                                        : encode_safetensors(file.arrays, metadata);
  const std::size_t digits = *find_digits(bytes, format);
  const std::string digest = digest_of(bytes, digits);
  std::ranges::copy(digest.substr(kDigestPrefix.size()),
                    bytes.begin() + static_cast<std::ptrdiff_t>(digits));
  return bytes;
}

DecodedArrayFile decode_array_file(std::span<const std::uint8_t> bytes, const std::string& name) {
  if (starts_zip(bytes)) return checked(parse_npz(bytes, name), ArrayFormat::kNpz, bytes, name);
  if (!starts_safetensors(bytes)) throw_not_array_file(bytes, name);
  return checked(take_arrays(parse_safetensors_header(bytes, bytes.size(), name), bytes),
                 ArrayFormat::kSafetensors, bytes, name);
}

DecodedArrayFile read_array_file(InputFile& file) {
  const std::string& name = file.name();
  const Bytes start = file.peek(kStartBytes);
  if (!starts_array_file(start)) throw_not_array_file(start, name);
  const auto size = file.size();
  if (!size || starts_zip(start)) return decode_array_file(file.read_all("model"), name);
  SafetensorsHeader header = parse_safetensors_header(
      file.peek(safetensors_header_bytes(start, *size, name)), *size, name);
  const std::vector<std::uint8_t> bytes = file.read_all("model");
  if (bytes.size() != *size)
    fail("{}: changed while it was read; hint: try again when it is complete", name);
  return checked(take_arrays(std::move(header), bytes), ArrayFormat::kSafetensors, bytes, name);
}

DecodedArrayFile read_array_file(const std::string& path) {
  InputFile file(path);
  return read_array_file(file);
}

bool starts_own_file(std::span<const std::uint8_t> start, std::string_view kind) {
  constexpr std::size_t kLengthBytes = 8;
  const std::string own = fmt::format(R"({{"__metadata__":{{"{}":"{}",)", kProgramKey, kProgram);
  const std::string mark = fmt::format(R"("{}":"{})", kKindKey, kind);
  const std::string_view text = text_of(start.subspan(std::min(start.size(), kLengthBytes)));
  return text.starts_with(own) && text.substr(own.size()).starts_with(mark) != kind.empty();
}

bool starts_checkpoint(std::span<const std::uint8_t> start) {
  return starts_own_file(start, kCheckpointKind);
}

bool starts_old_checkpoint(std::span<const std::uint8_t> start) {
  return text_of(start).starts_with(kOldCheckpointStart);
}

bool starts_array_file(std::span<const std::uint8_t> start) {
  return starts_zip(start) || starts_safetensors(start);
}

}  // namespace trp
