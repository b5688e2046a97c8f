#pragma once

#include <string>

namespace trp {

enum class FileKind { kIdx, kModel, kCheckpoint, kReadOnce };

/// By the first bytes, unless the file is standard input or a pipe, which can be read but once.
FileKind kind_of(const std::string& path);

}  // namespace trp
