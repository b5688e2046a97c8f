#include "system/line_writer.h"

#include <poll.h>
#include <unistd.h>

#include <utility>

#include "core/fail.h"
#include "system/outputs.h"
#include "system/posix.h"

namespace trp {

LineWriter::LineWriter(int descriptor, std::string name, OnError on_error)
    : descriptor_(descriptor), name_(std::move(name)), on_error_(on_error) {}

LineWriter::LineWriter(OutputFile& file)
    : descriptor_(file.descriptor()), name_(file.path()), file_(&file), to_be_emptied_(true) {}

void LineWriter::write_line(std::string_view text) {
  if (before_line) before_line();
  // Not before there is something to write; what is no regular file cannot be emptied.
  if (std::exchange(to_be_emptied_, false) && ftruncate(descriptor_, 0) != 0 && errno != EINVAL)
    throw_failure();
  std::string line;
  line.reserve(text.size() + 1);
  line.append(text).push_back('\n');
  for (std::string_view rest = line; !rest.empty();) {
    const ssize_t written = write(descriptor_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // non-blocking because whoever shares it wanted that
      pollfd polled{descriptor_, POLLOUT, 0};
      poll(&polled, 1, -1);
    } else if (errno != EINTR) {
      if (on_error_ == OnError::kIgnore) return;
      throw_failure();
    }
  }
}

void LineWriter::close() {
  if (file_) file_->close();
}

void LineWriter::throw_failure() const {
  if (errno == EPIPE && !file_) throw OutputClosed();
  fail("{}: cannot write: {}", name_, system_message(errno));
}

LineWriter standard_output() { return {STDOUT_FILENO, "standard output"}; }

LineWriter standard_error() {
  return {STDERR_FILENO, "standard error", LineWriter::OnError::kIgnore};
}

}  // namespace trp
