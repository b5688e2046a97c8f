#include "cli/file_kind.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>

#include "formats/array_file.h"
#include "system/input_file.h"

namespace trp {

FileKind kind_of(const std::string& path) {
  // A pipe can be read but once.
  if (path == "-" || !std::filesystem::is_regular_file(path)) return FileKind::kIdx;
  InputFile file(path);
  std::array<std::uint8_t, kStartBytes> bytes = {};
  const auto start = std::span(bytes).first(file.read(bytes.data(), bytes.size()));
  if (starts_checkpoint(start) || starts_old_checkpoint(start)) return FileKind::kCheckpoint;
  return starts_array_file(start) ? FileKind::kModel : FileKind::kIdx;
}

}  // namespace trp
