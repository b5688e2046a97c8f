#include "formats/byte_source.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>
#include <span>

#include <fmt/format.h>

#include "core/fail.h"
#include "formats/bytes.h"

namespace trp {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{64} << 10;
constexpr std::uint64_t kMinGzipBytes = 18;  // header and trailer
constexpr std::string_view kFetchAgain = "hint: fetch or copy the file again";

bool starts_gzip(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

/// zlib's own words are for programmers.
std::string_view in_plain_words(std::string_view reason) {
  if (reason == "incorrect data check") return "the checksum does not agree with the data";
  if (reason == "incorrect length check") return "the length does not agree with the data";
  if (reason == "unknown header flags set") return "the header has reserved flags";
  return reason;
}

}  // namespace

ByteSource::ByteSource(const std::string& path) : file_(path) {
  if (!starts_gzip(file_.peek(2))) return;
  auto stream = std::make_unique<z_stream>();
  constexpr int kGzipOnly = 15 + 16;
  if (inflateInit2(stream.get(), kGzipOnly) != Z_OK) throw std::bad_alloc();
  inflater_.reset(stream.release());
  compressed_.resize(kBufferBytes);
}

void ByteSource::InflateEnd::operator()(z_stream_s* stream) const {
  inflateEnd(stream);
  delete stream;
}

void ByteSource::refill() {
  const std::size_t got = file_.read(compressed_.data(), compressed_.size());
  inflater_->next_in = compressed_.data();
  inflater_->avail_in = static_cast<uInt>(got);
}

std::size_t ByteSource::read(std::uint8_t* into, std::size_t count) {
  std::size_t done = 0;
  while (done < count) {
    const std::size_t got =
        is_gzip() ? inflate_some(into + done, count - done) : file_.read(into + done, count - done);
    if (got == 0) break;
    done += got;
    offset_ += got;
  }
  return done;
}

/// At least one byte, or none at the end of the member.
std::size_t ByteSource::inflate_some(std::uint8_t* into, std::size_t count) {
  const auto room =
      static_cast<uInt>(std::min<std::size_t>(count, std::numeric_limits<uInt>::max()));
  inflater_->next_out = into;
  inflater_->avail_out = room;
  while (!member_ended_ && inflater_->avail_out == room) {
    if (inflater_->avail_in == 0) refill();
    const int result = inflate(inflater_.get(), Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      member_ended_ = true;
    } else if (result == Z_BUF_ERROR && inflater_->avail_in == 0) {
      fail("{}: the gzip data are cut short: the file ends at byte {} in the middle of them; {}",
           name(), file_.offset(), kFetchAgain);
    } else if (result == Z_MEM_ERROR) {
      throw std::bad_alloc();
    } else if (result != Z_OK) {
      throw_damaged(inflater_->msg != nullptr ? inflater_->msg : "not deflate data");
    }
  }
  return room - inflater_->avail_out;
}

void ByteSource::throw_damaged(std::string_view reason) const {
  fail("{}: the gzip data are damaged at or before byte {} of the file: {}; {}", name(),
       file_.offset() - inflater_->avail_in, in_plain_words(reason), kFetchAgain);
}

void ByteSource::expect_end() {
  const std::uint64_t expected = offset_;
  std::uint8_t extra = 0;
  if (read(&extra, 1) != 0) {
    fail(
        "{}: data go on after {}, where the header says that they end; hint: the header is wrong, "
        "or something was appended",
        name(), byte_name(expected));
  }
  if (!is_gzip()) return;
  if (inflater_->avail_in == 0) refill();
  if (inflater_->avail_in == 0) return;
  const std::uint64_t end = file_.offset() - inflater_->avail_in;
  // The buffer may have been cut between the two bytes; then only "other data" is said.
  const bool second_member = starts_gzip({inflater_->next_in, inflater_->avail_in});
  fail("{}: expected the end of the file at byte {}, found {}; hint: {}", name(), end,
       second_member ? "a second gzip member" : "other data after the gzip data",
       second_member ? "unpack it with gunzip and check what was joined"
                     : "the file was damaged or something was appended: fetch it again");
}

std::optional<ByteSource::SizeBound> ByteSource::size_bound() const {
  const auto size = file_.size();
  if (!size) return std::nullopt;
  SizeBound bound{.file_bytes = *size, .max_bytes = *size, .gzip_trailer = {}};
  if (!is_gzip()) return bound;
  if (__builtin_mul_overflow(*size, kDeflateRatio, &bound.max_bytes)) {
    bound.max_bytes = std::numeric_limits<std::uint64_t>::max();
  }
  if (*size >= kMinGzipBytes) {
    bound.gzip_trailer = load<std::uint32_t>(file_.last_bytes().data(), std::endian::little);
  }
  return bound;
}

std::string ByteSource::byte_name(std::uint64_t offset) const {
  return fmt::format("{}byte {}", is_gzip() ? "uncompressed " : "", offset);
}

}  // namespace trp
