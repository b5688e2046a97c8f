#pragma once

#include <string>

namespace trp {

enum class FileKind { kIdx, kModel, kCheckpoint };

/// By the first bytes. What is no regular file can be read but once, and is taken for IDX.
FileKind kind_of(const std::string& path);

}  // namespace trp
