#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "system/atomic_file.h"
#include "system/posix.h"

namespace trp {

/// How a file comes by its content.
enum class Writing { kReplaced, kInPlace };

/// A file that no other run of this program writes for as long as the object lives. What is no
/// regular file, such as a device or a FIFO, is just written to.
class OutputFile {
 public:
  /// Opens the file or makes an empty one, and locks it. Throws Error, before there is anything to
  /// write, if writing would fail by what can be known now, or if another program has the file
  /// locked for more than a moment: then the message names its process.
  explicit OutputFile(const std::string& path, Writing writing = Writing::kReplaced);

  /// Removes the file if it was made here and nothing has been written to it.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// Replaces the file as write_file_atomically() does, whatever a link leads to by now. Throws
  /// Error, too, if another file has taken its name.
  void replace(const std::function<void(const Sink&)>& write, OldFile old_file = OldFile::kRemove);
  void replace(std::span<const std::uint8_t> bytes, OldFile old_file = OldFile::kRemove);
  void replace(std::string_view text);

  /// Closes a file that was written to in place, through descriptor(). Throws Error if its content
  /// could not be kept.
  void close();

  /// Returns whether there was no such file and nothing has been written yet.
  bool is_made() const { return is_made_; }
  int descriptor() const { return file_.get(); }
  const std::string& path() const { return path_; }

 private:
  void open();
  void check_replaceable() const;

  std::string path_;    // for messages
  std::string target_;  // behind links
  Descriptor file_;
  struct stat status_ = {};  // when it was opened
  bool is_made_ = false;     // by us, and still empty
  bool is_swept_ = false;    // of stale temporary files, its folder
};

/// A file as the user named it; "-" is standard input.
struct NamedFile {
  std::string_view option;
  std::string path;
};

/// A file that is to be written; nothing is asked for if the path is empty.
struct OutputRequest {
  std::string_view option;
  std::string path;
  bool (*is_own_kind)(std::span<const std::uint8_t> start) = nullptr;  // by its first kStartBytes
  Writing writing = Writing::kReplaced;
  bool keeps_previous = false;      // replaces previous_file(path), too
  std::string_view continues = "";  // the option of an input that it may be
};

/// Outputs by option.
using Outputs = std::map<std::string_view, OutputFile>;

/// Claims all outputs of a command for the whole run. This is the one place that keeps users' files
/// from being overwritten: an output is never one of the inputs, another output or the file that a
/// standard stream was redirected to, whatever links lead to it, and never a regular file that is
/// neither empty nor an earlier one of its kind, unless `force` is set. `--checkpoint` may be the
/// file of `--resume`.
///
/// Throws UsageError or Error before anything is written.
Outputs claim_outputs(const std::vector<NamedFile>& inputs,
                      const std::vector<OutputRequest>& requests, bool force);

}  // namespace trp
