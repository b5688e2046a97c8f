#include "data/foreign_data.h"

#include <algorithm>
#include <limits>

#include "catch.h"
#include "cli/commands.h"
#include "cli/parse.h"
#include "data/bad_sources.h"
#include "data/check_contains.h"
#include "formats/png.h"
#include "trp/error.h"

using namespace trp;
using namespace trp::test;

namespace {

using Names = std::vector<std::string>;

/// Converts a source in the words of the command line.
ConvertedData convert_source(const std::string& source, const Names& options = {},
                             int workers = 1) {
  Names arguments = {"convert", source, "unused"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const ConvertOptions form = parse_options(add_convert, arguments).form;
  ThreadPool pool(workers, workers);
  return convert(read_foreign_data(source, form, pool), form);
}

/// A table that trains on all but a share.
ConvertedData convert_table(const std::string& text, const Names& options = {}) {
  const TempFolder folder;
  Names all = {"--test-share", "0.25"};
  all.insert(all.end(), options.begin(), options.end());
  return convert_source(folder.write("t.csv", bytes_of(text)), all);
}

}  // namespace

TEST_CASE("every bad source is refused with a message of what, where, expected, found, to do") {
  const auto sources = bad_sources();
  CHECK(sources.size() >= 60);
  for (const BadSource& source : sources) {
    const TempFolder folder;
    for (const auto& [name, bytes] : source.files) folder.write(name, bytes);
    const std::string path = source.source.empty() ? folder.path() : folder.path(source.source);
    const std::string message = message_of<Error>([&] { convert_source(path, source.options, 2); });
    CAPTURE(source.name);
    CHECK_CONTAINS(message, folder.path());
    for (const std::string& words : source.expected) CHECK_CONTAINS(message, words);
  }
}

TEST_CASE("no truncation of a source goes unnoticed, and no wrong bit in a picture") {
  const TempFolder folder;
  const Bytes picture = png(3, 3, noise(9));
  const auto is_same = [&](const Bytes& bytes) {
    try {
      return decode_png(bytes, "p", 0).pixels == noise(9);
    } catch (const Error&) {
      return true;
    }
  };
  for (std::size_t size = 0; size < picture.size(); ++size)
    CHECK_THROWS_AS(decode_png(first(picture, size), "p", 0), Error);
  for (std::size_t bit = 0; bit < 8 * picture.size(); ++bit)
    CHECK(is_same(with_byte(picture, bit / 8, picture[bit / 8] ^ (1 << bit % 8))));
  const Bytes npz = zip_file({bytes_member("x_train", "(4, 2, 2)", noise(16)),
                              bytes_member("y_train", "(4,)", {0, 1, 2, 3})});
  CHECK_NOTHROW(convert_source(folder.write("a.npz", npz), {"--test-share", "0.5"}));
  for (std::size_t size = 0; size < npz.size(); ++size)
    CHECK_THROWS_AS(
        convert_source(folder.write("a.npz", first(npz, size)), {"--test-share", "0.5"}), Error);
}

TEST_CASE("a table's label column is found by name, by number, or is the one called label") {
  const std::string rows = "2,7,3\n5,8,6\n8,9,9\n1,7,3\n";
  const auto all_labels = [&](const std::string& header, const Names& options) {
    const auto data = convert_table(header + rows, options);
    Bytes labels = join({data.train_labels.bytes, data.test_labels.bytes});
    std::ranges::sort(labels);
    return labels;
  };
  CHECK(all_labels("a,label,b\n", {}) == Bytes{7, 7, 8, 9});
  CHECK(all_labels("", {"--no-header", "--label-column", "1"}) == Bytes{7, 7, 8, 9});
  CHECK(all_labels("a,x,b\n", {"--label-column", "b"}) == Bytes{3, 3, 6, 9});
  CHECK(all_labels("a,x,b\n", {"--label-column", "1"}) == Bytes{7, 7, 8, 9});
  CHECK(all_labels("a,x,b\n", {}) == Bytes{1, 2, 5, 8});
}

TEST_CASE("tables have separators, quotes, byte order marks and line ends of all kinds") {
  const auto expected = convert_table("label,a,b\n0,1,2\n1,3,4\n0,5,6\n1,7,8\n");
  CHECK(expected.train_images.type == IdxType::kUnsignedByte);
  for (const std::string text :
       {"label;a;b\n0;1;2\n1;3;4\n0;5;6\n1;7;8\n",
        "label\ta\tb\n0\t1\t2\n1\t3\t4\n0\t5\t6\n1\t7\t8",
        "\xef\xbb\xbflabel,a,b\r\n0,1,2\r\n1,3,4\r\n0,5,6\r\n1,7,8\r\n",
        "\"label\",\"a\",\"b\"\n\"0\",1,2\n1,\"3\",4\n0, 5, 6\n1,7 ,\"8\"\n"}) {
    CAPTURE(text);
    const auto found = convert_table(text);
    CHECK(found.train_images.bytes == expected.train_images.bytes);
    CHECK(found.test_images.bytes == expected.test_images.bytes);
    CHECK(found.train_labels.bytes == expected.train_labels.bytes);
  }
}

TEST_CASE("whole numbers that fit become bytes, others floats, for both sets alike") {
  CHECK(convert_table("l,a\n0,0\n1,255\n0,3\n1,4\n").test_images.bytes.size() == 1);
  for (const std::string value : {"256", "-1", "0.5"}) {
    const auto data = convert_table("l,a\n0,0\n1," + value + "\n0,3\n1,4\n");
    CHECK(data.train_images.type == IdxType::kFloat32);
    CHECK(data.train_images.values.size() == 3);
    CHECK(data.test_images.values.size() == 1);
  }
  CHECK(convert_table("l,a\n0,0\n1,1\n0,1\n1,0\n").train_images.type == IdxType::kFloat32);
  const TempFolder folder;
  folder.write("train.csv", bytes_of("l,a\n0,2\n"));
  folder.write("test.csv", bytes_of("l,a\n0,2.5\n"));
  const auto data = convert_source(folder.path());
  CHECK(data.train_images.values == std::vector<float>{2});
  CHECK(data.test_images.values == std::vector<float>{2.5});
}

TEST_CASE("classes with names are numbered in the order of the names, numbers in them by value") {
  const auto data = convert_table("l,a\nc10,5\nc9,2\nb,3\nb,4\n");
  CHECK(data.class_names == Names{"b", "c9", "c10"});
  CHECK(convert_table("l,a\n3,5\n0,2\n1,3\n2,4\n").class_names.empty());
  CHECK(natural_less("a2", "a10"));
  CHECK(natural_less("a02", "a3"));
  CHECK(!natural_less("a10", "a9"));
  CHECK(natural_less("a", "a0"));
  CHECK(natural_less("01", "1") != natural_less("1", "01"));
}

TEST_CASE("columns that are as many as the pixels of a square are an image") {
  std::string row;
  for (int i = 0; i < 64; ++i) row += ",7";
  const std::string rows = "0" + row + "\n1" + row + "\n";
  CHECK(convert_table(rows, {"--no-header", "--test-share", "0.5"}).train_images.shape ==
        std::vector<Index>{1, 8, 8});
}

TEST_CASE("arrays have every type of NumPy's that numbers have, in either order of bytes") {
  const auto labels_of = [](const Bytes& elements, std::string_view type) {
    const TempFolder folder;
    folder.write("x_train.npy", bytes_member("", "(2, 1, 1)", {5, 6}).content);
    folder.write("y_train.npy", bytes_member("", "(2, 1)", elements, type).content);
    const auto data = convert_source(folder.path(), {"--test-share", "0.5"});
    return join({data.train_labels.bytes, data.test_labels.bytes});
  };
  const auto sorted = [](Bytes bytes) {
    std::ranges::sort(bytes);
    return bytes;
  };
  const Bytes expected = {3, 200};
  CHECK(sorted(labels_of({3, 200}, "|u1")) == expected);
  CHECK(sorted(labels_of({3, 0, 200, 0}, "<i2")) == expected);
  CHECK(sorted(labels_of({0, 3, 0, 200}, ">u2")) == expected);
  CHECK(sorted(labels_of({3, 0, 0, 0, 200, 0, 0, 0}, "<i4")) == expected);
  CHECK(sorted(labels_of({0, 0, 0, 3, 0, 0, 0, 200}, ">u4")) == expected);
  CHECK(sorted(labels_of({3, 0, 0, 0, 0, 0, 0, 0, 200, 0, 0, 0, 0, 0, 0, 0}, "<i8")) == expected);
  CHECK(sorted(labels_of(float_bytes({3, 200}), "<f4")) == expected);
}

TEST_CASE("IDX files of EMNIST and QMNIST become those of MNIST") {
  const TempFolder folder;
  const Bytes images = join({idx_header(0x08, {2, 2, 3}), {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}});
  for (const std::string set : {"q-train", "q-test", "other-train"}) {
    folder.write(set + "-images-idx3-ubyte.gz", gzip(images));
    folder.write(
        set + "-labels-idx2-int",
        join({idx_header(0x0c, {2, 2}), {0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 2, 0, 0, 0, 8}}));
  }
  const auto data = convert_source(folder.path("q"),
                                   {"--label-column", "0", "--label-offset", "1", "--transpose"});
  CHECK(data.train_labels.bytes == Bytes{0, 1});
  CHECK(data.test_labels.bytes == Bytes{0, 1});
  CHECK(data.train_images.shape == std::vector<Index>{2, 3, 2});
  CHECK(data.train_images.bytes == Bytes{1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12});
  CHECK(encode_idx(data.test_labels) == idx_labels({0, 1}));
}

TEST_CASE("pictures of every kind become grey") {
  const auto grey = [](const Bytes& bytes, std::uint8_t background = 0) {
    return decode_png(bytes, "p", background).pixels;
  };
  CHECK(grey(png(2, 2, {0, 1, 128, 255})) == Bytes{0, 1, 128, 255});
  CHECK(grey(png(1, 3, {255, 0, 0, 0, 255, 0, 0, 0, 255}, PngColor::kRgb)) == Bytes{76, 150, 29});
  CHECK(grey(png(1, 2, {100, 255, 100, 0}, PngColor::kGreyAlpha), 255) == Bytes{100, 255});
  CHECK(grey(png(1, 2, {100, 255, 100, 0}, PngColor::kGreyAlpha)) == Bytes{100, 0});
  CHECK(grey(png(1, 1, {100, 100, 100, 51}, PngColor::kRgba), 200) == Bytes{180});
  CHECK(grey(png(1, 2, {0, 0, 255, 255}, PngColor::kGrey, 16)) == Bytes{0, 255});
  CHECK(grey(png(1, 8, {0xa0}, PngColor::kGrey, 1)) == Bytes{255, 0, 255, 0, 0, 0, 0, 0});
  const Bytes palette = png_chunk("PLTE", {10, 10, 10, 20, 20, 20});
  CHECK(grey(png_of({png_header(1, 2, PngColor::kPalette), palette, png_data({0, 1, 0})})) ==
        Bytes{20, 10});
  CHECK(grey(png_of({png_header(1, 2, PngColor::kPalette), palette, png_chunk("tRNS", {255, 0}),
                     png_data({0, 1, 0})}),
             7) == Bytes{7, 10});
  // What says how the shades are to be shown changes nothing.
  CHECK(grey(png_of({png_header(1, 2), png_chunk("gAMA", {0, 1, 0x86, 0xa0}),
                     png_chunk("iCCP", noise(9)), png_data({0, 50, 60})})) == Bytes{50, 60});
}

TEST_CASE("a picture's new pixels are the means of the areas that they cover") {
  const GreyPicture picture{.height = 2, .width = 4, .pixels = {0, 10, 20, 30, 40, 50, 60, 70}};
  CHECK(resize(picture, 2, 4).pixels == picture.pixels);
  CHECK(resize(picture, 1, 2).pixels == Bytes{25, 45});
  CHECK(resize(picture, 1, 1).pixels == Bytes{35});
  CHECK(resize(picture, 4, 4).pixels ==
        Bytes{0, 10, 20, 30, 0, 10, 20, 30, 40, 50, 60, 70, 40, 50, 60, 70});
  CHECK(resize({.height = 1, .width = 3, .pixels = {0, 30, 90}}, 1, 2).pixels == Bytes{10, 70});
}

TEST_CASE("pictures are in the order of their names, whatever their class and who decodes them") {
  const TempFolder folder;
  for (std::uint8_t i = 0; i < 60; ++i)
    folder.write(
        fmt::format("{}/{}/{}.png", i % 6 == 5 ? "test" : "train", i % 2 ? "odd" : "even", i),
        png(1, 2, {i, 0}));
  folder.write("train/.DS_Store", {});
  for (const int workers : {1, 2, 7}) {
    const auto data = convert_source(folder.path(), {}, workers);
    CHECK(data.class_names == Names{"even", "odd"});
    std::size_t sample = 0;
    for (std::uint8_t i = 0; i < 60; ++i) {
      if (i % 6 == 5) continue;
      CHECK(data.train_images.bytes.at(2 * sample) == i);
      CHECK(data.train_labels.bytes.at(sample++) == i % 2);
    }
    CHECK(data.test_images.shape == std::vector<Index>{10, 1, 2});
  }
  CHECK(convert_source(folder.path(), {"--resize", "3x3"}).test_images.shape ==
        std::vector<Index>{10, 3, 3});
}

TEST_CASE("the share to test with is always the same, of the size that was asked for") {
  std::string text = "l,a\n";
  for (int i = 0; i < 100; ++i) text += fmt::format("{},{}\n", i % 10, i + 2);
  const auto data = convert_table(text, {"--test-share", "0.2"});
  CHECK(data.test_labels.bytes.size() == 20);
  CHECK(data.test_images.bytes == convert_table(text, {"--test-share", "0.2"}).test_images.bytes);
  Bytes all = join({data.train_images.bytes, data.test_images.bytes});
  CHECK(!std::ranges::is_sorted(all));
  std::ranges::sort(all);
  for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i] == i + 2);
}
