#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace trp {

/// Gives the file these bytes, all of them or none: they are written to a temporary file beside it,
/// flushed to the disk and renamed, and the folder is flushed. At every moment, a crash or a loss
/// of power included, the file is either what it was or complete. Links are followed, and the
/// permissions of a file that is replaced are kept.
///
/// What a killed program left of a temporary file is used again by the next one. Two programs that
/// write one file at the same time do not mix: the second one waits a moment, and then fails.
///
/// Throws Error if anything fails; the temporary file is then removed, and the file is still whole:
/// the new one if only the flushing of the folder failed, else the old one.
void write_file_atomically(const std::string& path, std::span<const std::uint8_t> bytes);

/// The same with text.
inline void write_file_atomically(const std::string& path, std::string_view text) {
  write_file_atomically(path,
                        std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

/// The same, but what the file was before becomes previous_file(path), in place of what that was.
void replace_file_atomically(const std::string& path, std::span<const std::uint8_t> bytes);

/// FILE.previous beside the file; beside the file itself if the path is a link.
std::string previous_file(const std::string& path);

/// Whether both paths, links followed, are of one file, which need not be there yet. Not if one of
/// them is empty.
bool is_same_file(const std::string& a, const std::string& b);

/// Throws Error if write_file_atomically() would fail by what can be known before there is
/// something to write: no such folder, no permission, not a regular file. Changes nothing.
void check_writable(const std::string& path);

}  // namespace trp
