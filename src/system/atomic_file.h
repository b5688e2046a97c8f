#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "system/posix.h"

namespace trp {

/// Returns the text as bytes.
inline std::span<const std::uint8_t> to_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// What becomes of the file that is replaced.
enum class OldFile { kRemove, kKeepAsPrevious };

/// Takes a piece of what a file will hold. Throws Error if it cannot be written.
using Sink = std::function<void(std::span<const std::uint8_t>)>;

/// Gives the file what `write` hands to its sink, all of it or nothing: it goes to a temporary file
/// in the same folder, which is flushed to the disk and renamed, and the folder is flushed. At
/// every moment, a crash or a loss of power included, the file is either what it was or complete.
/// Links are followed, and the permissions of a file that is replaced are kept. With
/// kKeepAsPrevious the old file becomes previous_file(path), in place of what that was.
///
/// `locked`, if given, is the file itself, which nothing else may have replaced. It becomes the new
/// file, locked with lock_file(), as soon as that has its name, even if Error is thrown after that.
///
/// Throws Error if anything fails; the temporary file is then removed, and the file is still whole:
/// the old one, or the new one if all but its permissions and the flushing of the folder is done.
void write_file_atomically(const std::string& path, const std::function<void(const Sink&)>& write,
                           OldFile old_file = OldFile::kRemove, Descriptor* locked = nullptr);

/// Removes the temporary files that killed programs have left beside the file: those of which name,
/// lock and permissions prove that they are such.
void remove_stale_files(const std::string& path);

/// Writes all of the bytes to an open file. Throws Error, which names it by `path`.
void write_all(const std::string& path, int descriptor, std::span<const std::uint8_t> bytes);

/// Returns FILE.previous beside the file; beside the file itself if the path is a link.
std::string previous_file(const std::string& path);

/// Returns the path of the file itself behind a link, which need not exist yet. Throws Error if
/// links lead round in a circle.
std::string follow_links(const std::string& path);

/// Locks the file until its descriptor is closed, which the kernel does if nothing else does.
/// Returns 0, also where the file system knows no locks, or the error: EWOULDBLOCK if somebody else
/// has it locked.
int lock_file(int descriptor);

/// Throws Error: PATH: cannot be written: …, with a hint at what to do.
[[noreturn]] void throw_cannot_write(const std::string& path, int error);

/// What the umask leaves of reading and writing, but both for the owner always: what a program has
/// written it must be able to write again.
mode_t writable_mode(mode_t mode);

}  // namespace trp
