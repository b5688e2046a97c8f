#include "formats/foreign_format.h"

#include <algorithm>

#include "formats/array_file.h"
#include "formats/bytes.h"
#include "formats/onnx.h"
#include "formats/safetensors.h"

namespace trp {
namespace {

using namespace std::string_view_literals;

/// How files of a format start, and what to do with one in place of data or of a model; nothing
/// that is of use where a hint is empty.
struct Format {
  std::string_view start;
  std::string_view data_hint;
  std::string_view model_hint = {};
};

constexpr Format kFormats[] = {
    {"\x1f\x8b"sv, "this is gzip inside gzip: unpack it once with gunzip",
     "this is compressed with gzip, as data may be and models are not: are model and data "
     "exchanged?"},
    {"PK\x03\x04"sv,
     "this is a zip archive (.zip, .npz): unpack the IDX files from it; a model is named, not "
     "piped"},
    {"BZh"sv, "this is compressed with bzip2: unpack it with bunzip2"},
    {"\xfd\x37zXZ"sv, "this is compressed with xz: unpack it with unxz"},
    {"\x28\xb5\x2f\xfd"sv, "this is compressed with zstd: unpack it with unzstd"},
    {"\x80"sv, {}, "this is a Python pickle: save the model as .safetensors"},
    {"\x93NUMPY"sv, "this is a NumPy array: convert it into IDX files",
     "this is one NumPy array: numpy.savez puts all into one file"},
    {"\x89PNG"sv, "this is one PNG picture: an IDX file holds all the images"},
    {"\xff\xd8\xff"sv, "this is one JPEG picture: an IDX file holds all the images"},
    {"\x89HDF"sv, "this is an HDF5 file: write it as an IDX file",
     "this is an HDF5 file: save the model as .safetensors or .npz"},
    {"PAR1"sv, "this is a Parquet file: write it as an IDX file"},
    {"version https://git-lfs"sv, "this is a Git LFS pointer: fetch the file with git lfs pull",
     "this is a Git LFS pointer: use git lfs pull"},
    {kOldCheckpointStart, kOldCheckpointHint, kOldCheckpointHint},
};

std::string_view hint_of(std::string_view text, std::string_view Format::*hint) {
  for (const Format& format : kFormats)
    if (text.starts_with(format.start) && !(format.*hint).empty()) return format.*hint;
  return {};
}

bool is_text(std::uint8_t byte) {
  return (byte >= 0x20 && byte != 0x7f) || (byte >= '\t' && byte <= '\r');
}

bool starts_web_page(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf"sv)) text.remove_prefix(3);
  const auto first = text.find_first_not_of(" \t\r\n"sv);
  return first != std::string_view::npos && text[first] == '<';
}

bool is_byte_swapped(std::span<const std::uint8_t> head) {
  return head.size() >= 4 && head[0] >= 1 && head[0] <= 4 && head[1] >= 0x08 && head[1] <= 0x0e &&
         head[2] == 0 && head[3] == 0;
}

}  // namespace

std::string_view foreign_format_hint(std::span<const std::uint8_t> head) {
  const std::string_view text = text_of(head);
  if (const auto hint = hint_of(text, &Format::data_hint); !hint.empty()) return hint;
  if (starts_checkpoint(head)) return "this is a checkpoint, which is named, not piped";
  if (starts_safetensors(head)) {
    return "this is a safetensors model: are model and data exchanged? A model is named, not piped";
  }
  if (starts_onnx(head)) return "this is an ONNX model, a format that is written but not read";
  if (starts_web_page(text)) {
    return "this is a web page, not data: the download failed, fetch the file again";
  }
  if (is_byte_swapped(head)) {
    return "the bytes are in reverse order (little-endian): IDX numbers start with the highest "
           "byte";
  }
  if (std::ranges::all_of(head, [](std::uint8_t byte) { return byte == 0; })) {
    return "there are only zeros: a download or copy that did not finish, or the wrong file";
  }
  if (head.size() >= 2 && head[0] == 0 && head[1] == 0) {
    return "the third byte, the element type, is 0x08 for unsigned bytes; "
           "0x09, 0x0b, 0x0c, 0x0d and 0x0e can be read as well";
  }
  if (std::ranges::all_of(head, is_text)) {
    return kTextHint;
  }
  return "is it the right file? IDX files start with two zero bytes";
}

std::string_view foreign_model_hint(std::span<const std::uint8_t> head) {
  const std::string_view text = text_of(head);
  if (const auto hint = hint_of(text, &Format::model_hint); !hint.empty()) return hint;
  if (starts_onnx(head)) {
    return "this is an ONNX model, a format that is written but not read: use the model as "
           ".safetensors or .npz, from which it can be made again with export";
  }
  if (starts_web_page(text)) {
    return "this is a web page: the download failed, fetch the file again";
  }
  return "is it the right file, and whole?";
}

}  // namespace trp
