#pragma once

#include <string>
#include <utility>
#include <vector>

#include "formats/array_builder.h"
#include "formats/idx_builder.h"
#include "formats/png_builder.h"

namespace trp::test {

/// What `convert` must refuse with a message in which all of `expected` occur.
struct BadSource {
  std::string name;
  std::vector<std::pair<std::string, Bytes>> files;  // in a folder, and what they hold
  std::string source;                                // in that folder; empty: the folder itself
  std::vector<std::string> expected;
  std::vector<std::string> options = {};
};

inline std::vector<BadSource> bad_tables() {
  const auto table = [](std::string name, std::string_view text, std::vector<std::string> expected,
                        std::vector<std::string> options = {"--test-share", "0.5"}) {
    return BadSource{std::move(name),
                     {{"t.csv", bytes_of(text)}},
                     "t.csv",
                     std::move(expected),
                     std::move(options)};
  };
  const std::string head = "label,a,b\n";
  std::string many;
  for (int i = 0; i < 257; ++i) many += fmt::format("name{},1,2\n", i);
  const Bytes packed = gzip(bytes_of(head + "1,2,3\n2,3,4\n"));
  return {
      table("csv-empty", "", {"t.csv", "empty file"}),
      table("csv-header-only", head, {"expected samples, found a header"}),
      table("csv-one-column", "label\n1\n2\n", {"line 1", "commas, semicolons or tabs"}),
      table("csv-no-header", "1,2,3\n2,3,4\n", {"line 1", "names of the columns", "no header"}),
      table("csv-missing-value", head + "1,2,\n2,3,4\n",
            {"line 2, column 2", "found \"\"", "missing"}),
      table("csv-word", head + "1,2,3\n2,x,4\n",
            {"line 3, column 1", "expected a number", "\"x\""}),
      table("csv-nan", head + "1,2,nan\n2,3,4\n", {"line 2, column 2", "\"nan\""}),
      table("csv-infinite", head + "1,2,inf\n2,3,4\n", {"line 2, column 2", "\"inf\""}),
      table("csv-too-large", head + "1,2,1e39\n2,3,4\n", {"line 2, column 2", "1e39"}),
      table("csv-hexadecimal", head + "1,2,0x1f\n2,3,4\n", {"0x1f"}),
      table("csv-decimal-comma", "label;a;b\n1;2;3,5\n2;3;4\n", {"line 2, column 2", "3,5"}),
      table("csv-short-line", head + "1,2,3\n2,3\n", {"line 3", "expected 3 columns", "found 2"}),
      table("csv-long-line", head + "1,2,3,4\n2,3,4\n",
            {"line 2", "expected 3 columns", "found 4"}),
      table("csv-empty-line", head + "1,2,3\n\n2,3,4\n", {"line 3", "an empty line", "remove it"}),
      table("csv-no-label", head + ",2,3\n2,3,4\n", {"line 2, column 0", "expected a label"}),
      table("csv-open-quote", head + "\"1,2,3\n2,3,4\n", {"line 2, column 0", "double quotes"}),
      table("csv-half-quoted", head + "\"1\"x,2,3\n2,3,4\n", {"line 2, column 0", "double quotes"}),
      table("csv-no-such-column", head + "1,2,3\n2,3,4\n",
            {"line 1", "column \"c\"", "columns 0 to 2"},
            {"--label-column", "c", "--test-share", "0.5"}),
      table("csv-column-beyond", head + "1,2,3\n2,3,4\n", {"column \"3\"", "columns 0 to 2"},
            {"--label-column", "3", "--test-share", "0.5"}),
      table("csv-name-without-header", "1,2,3\n2,3,4\n", {"column \"a\"", "without names"},
            {"--label-column", "a", "--no-header", "--test-share", "0.5"}),
      table("csv-mixed-labels", head + "1,2,3\nx,3,4\n",
            {"label", "\"x\"", "a whole number from 0 to 255"}),
      table("csv-label-fraction", head + "1,2,3\n1.5,3,4\n", {"\"1.5\"", "a whole number"}),
      table("csv-label-256", head + "1,2,3\n256,3,4\n", {"\"256\"", "from 0 to 255"}),
      table("csv-label-negative", head + "1,2,3\n-1,3,4\n", {"\"-1\"", "from 0 to 255"}),
      table("csv-label-below-offset", head + "1,2,3\n0,3,4\n", {"\"0\"", "from 1 to 256"},
            {"--label-offset", "1", "--test-share", "0.5"}),
      table("csv-too-many-names", many, {"at most 256 classes"},
            {"--no-header", "--test-share", "0.5"}),
      table("csv-no-test-set", head + "1,2,3\n2,3,4\n", {"expected a test set", "choose a share"},
            {}),
      table("csv-share-too-small", head + "1,2,3\n2,3,4\n", {"expected a test set"},
            {"--test-share", "0.01"}),
      table("csv-share-too-large", head + "1,2,3\n2,3,4\n", {"expected a test set"},
            {"--test-share", "0.99"}),
      table("csv-transposed", head + "1,2,3\n2,3,4\n", {"rows and columns to transpose"},
            {"--transpose", "--test-share", "0.5"}),
      table("web-page", "<!DOCTYPE html>\n<html>,</html>\n", {"web page", "fetch the file again"}),
      {"csv-gzip-cut", {{"t.csv.gz", without_last(packed, 5)}}, "t.csv.gz", {"cut short"}, {}},
      {"csv-gzip-garbage",
       {{"t.csv.gz", join({packed, {1}})}},
       "t.csv.gz",
       {"expected the end of the file"},
       {}},
      {"csv-gzip-of-noise", {{"t.csv.gz", gzip(noise(99))}}, "t.csv.gz", {"line 1"}, {}},
      {"csv-other-columns",
       {{"train.csv", bytes_of(head + "1,2,3\n")}, {"test.csv", bytes_of("label,b,a\n1,2,3\n")}},
       "",
       {"test.csv: expected the columns of", "found others"},
       {}},
      {"csv-other-width",
       {{"train.csv", bytes_of("1,2,3\n")}, {"test.csv", bytes_of("1,2\n")}},
       "",
       {"test.csv", "expected samples of 2", "found 1"},
       {"--no-header"}},
      {"csv-new-class",
       {{"train.csv", bytes_of(head + "x,2,3\ny,2,3\n")}, {"test.csv", bytes_of(head + "z,2,3\n")}},
       "",
       {"\"z\"", "expected one of x, y", "no samples of this class"},
       {}},
      {"csv-share-and-test-set",
       {{"train.csv", bytes_of(head + "1,2,3\n")}, {"test.csv", bytes_of(head + "1,2,3\n")}},
       "",
       {"expected no share"},
       {"--test-share", "0.5"}},
  };
}

inline ZipMember bytes_member(std::string_view name, std::string_view shape, const Bytes& elements,
                              std::string_view type = "|u1") {
  return {fmt::format("{}.npy", name), npy_file(npy_header(shape, type), elements)};
}

inline std::vector<BadSource> bad_arrays() {
  const ZipMember x = bytes_member("x_train", "(2, 2, 2)", noise(8));
  const ZipMember y = bytes_member("y_train", "(2,)", {0, 1});
  const ZipMember tx = bytes_member("x_test", "(1, 2, 2)", noise(4));
  const ZipMember ty = bytes_member("y_test", "(1,)", {1});
  const auto npz = [](std::string name, const std::vector<ZipMember>& members,
                      std::vector<std::string> expected) {
    return BadSource{std::move(name), {{"a.npz", zip_file(members)}}, "a.npz", std::move(expected)};
  };
  const auto train = [&](std::string name, const ZipMember& images, const ZipMember& labels,
                         std::vector<std::string> expected) {
    return npz(std::move(name), {images, labels, tx, ty}, std::move(expected));
  };
  const Bytes good = zip_file({x, y, tx, ty});
  return {
      {"npz-cut",
       {{"a.npz", without_last(good, 30)}},
       "a.npz",
       {"a.npz", "zip archive", "cut short"}},
      {"npz-damaged", {{"a.npz", with_byte(good, 120, 77)}}, "a.npz", {"checksum does not agree"}},
      npz("npz-nothing", {}, {"x_train and y_train", "none of them"}),
      npz("npz-no-labels", {x, tx, ty}, {"expected arrays x_train and y_train", "no labels"}),
      npz("npz-no-images", {y, tx, ty}, {"x_train", "no images"}),
      npz("npz-no-test-labels", {x, y, tx}, {"x_test and y_test", "no labels"}),
      npz("npz-no-test-set", {x, y}, {"expected a test set"}),
      npz("npz-more", {x, y, tx, ty, bytes_member("z", "(1,)", {1})},
          {"\"z.npy\"", "leave it out"}),
      npz("npz-twice", {x, x, y, tx, ty}, {"each array once"}),
      npz("npz-a-model", small_members(), {"x_train"}),
      npz("npz-no-array", {{"x_train.npy", bytes_of("hello")}, y, tx, ty},
          {"a.npz: x_train", "NumPy array of version"}),
      train("npz-objects", bytes_member("x_train", "(2, 2, 2)", noise(64), "|O"), y,
            {"type \"|O\"", "astype"}),
      train("npz-halves", bytes_member("x_train", "(2, 2, 2)", noise(16), "<f2"), y,
            {"type \"<f2\"", "astype"}),
      train("npz-no-type", bytes_member("x_train", "(2, 2, 2)", noise(16), ""), y,
            {"expected the header"}),
      train("npz-fortran",
            {"x_train.npy", npy_file(npy_header("(2, 2, 2)", "|u1", "True"), noise(8))}, y,
            {"Fortran"}),
      train("npz-short", bytes_member("x_train", "(2, 2, 2)", noise(7)), y,
            {"2 x 2 x 2 elements of 1 bytes", "7 bytes"}),
      train("npz-long", bytes_member("x_train", "(2, 2, 2)", noise(9)), y, {"9 bytes of data"}),
      train("npz-no-samples", bytes_member("x_train", "(0, 2, 2)", {}), y, {"at least 1"}),
      train("npz-overflow", bytes_member("x_train", "(4294967296, 4294967296, 2)", {}, "<f8"), y,
            {"4294967296"}),
      train(
          "npz-nan",
          bytes_member("x_train", "(2, 1, 1)", join({float_bytes({1}), {0, 0, 0xc0, 0x7f}}), "<f4"),
          y, {"element 1 is nan", "mend or remove"}),
      train("npz-rank-1", bytes_member("x_train", "(2,)", {1, 2}), y,
            {"rank 2 to 4", "found 2 labels and 2;"}),
      train("npz-rank-5", bytes_member("x_train", "(2, 1, 1, 1, 1)", {1, 2}), y, {"rank 2 to 4"}),
      train("npz-scalar", bytes_member("x_train", "()", {1}), y, {"x_train"}),
      train("npz-fewer-labels", x, bytes_member("y_train", "(1,)", {1}),
            {"a.npz: y_train", "found 1 labels and 2 x 2 x 2"}),
      train("npz-one-hot", x, bytes_member("y_train", "(2, 3)", noise(6)),
            {"labels in one column", "found 2 x 3"}),
      train("npz-label-fraction", x, bytes_member("y_train", "(2,)", float_bytes({0, 0.5}), "<f4"),
            {"label 1 is \"0.5\""}),
      train("npz-label-256", x, bytes_member("y_train", "(2,)", {0, 0, 0, 1}, "<i2"),
            {"label 1 is \"256\""}),
      npz("npz-other-shape", {x, y, bytes_member("x_test", "(1, 2, 3)", noise(6)), ty},
          {"y_test", "expected samples of 2 x 2", "found 2 x 3"}),
      {"npy-no-labels", {{"x_train.npy", x.content}}, "", {"x_train and y_train", "no labels"}},
      {"npy-cut",
       {{"x_train.npy", without_last(x.content, 1)}, {"y_train.npy", y.content}},
       "",
       {"x_train.npy: expected"}},
      {"npy-alone",
       {{"x.npy", x.content}},
       "x.npy",
       {"NumPy array", "expected a .npz or CSV file"}},
  };
}

inline std::vector<BadSource> bad_idx_sources() {
  const Bytes images = idx_bytes({2, 3, 3}), labels = idx_labels({0, 1});
  const std::string i = "-images-idx3-ubyte", l = "-labels-idx1-ubyte";
  return {
      {"idx-no-labels", {{"train" + i, images}}, "", {"files of images and of labels", "only"}},
      {"idx-no-test-images",
       {{"train" + i, images}, {"train" + l, labels}, {"t10k" + l, labels}},
       "",
       {"t10k-labels", "only"}},
      {"idx-two-sets",
       {{"a-train" + i, images}, {"b-train" + i, images}},
       "",
       {"a-train", "b-train", "one file of train-images"}},
      {"idx-other-prefix", {{"a-train" + i, images}}, "c", {"/c"}},
      {"idx-cut",
       {{"train" + i, without_last(images, 1)}, {"train" + l, labels}},
       "",
       {"1 byte missing"}},
      {"idx-columns",
       {{"train" + i, images},
        {"train-labels-idx2-int", join({idx_header(0x0c, {2, 2}), Bytes(16)})}},
       "",
       {"labels in one column", "found 2 x 2", "0 of QMNIST"}},
      {"idx-label-letters",
       {{"train" + i, images}, {"train" + l, idx_labels({0, 26})}},
       "",
       {"label", "\"0\"", "from 1 to 256"},
       {"--label-offset", "1", "--test-share", "0.5"}},
      {"idx-as-source",
       {{"train" + i, images}},
       "train" + i,
       {"expected a .npz or CSV file, or a folder"}},
  };
}

inline std::vector<BadSource> bad_pictures() {
  const Bytes good = png(2, 2, {1, 2, 3, 4});
  const auto picture = [&](std::string name, const Bytes& bytes, std::vector<std::string> expected,
                           std::vector<std::string> options = {"--test-share", "0.5"}) {
    return BadSource{std::move(name),
                     {{"0/0.png", good}, {"1/1.png", bytes}},
                     "",
                     std::move(expected),
                     std::move(options)};
  };
  const Bytes header = png_header(2, 2), data = png_data({0, 1, 2, 0, 3, 4});
  return {
      picture("png-empty", {}, {"1.png", "the file is empty"}),
      picture("png-signature-only", first(good, 8), {"1.png", "found that of the file, at byte 8"}),
      picture("png-cut", without_last(good, 1), {"1.png", "found that of the file"}),
      picture("png-without-end", without_last(good, 12), {"1.png", "found that of the file"}),
      picture("png-more", join({good, {0}}), {"end of the file at byte", "1 bytes more"}),
      picture("png-checksum", with_byte(good, 30, 7), {"chunk at byte 8", "checksum"}),
      picture("png-data-checksum", with_byte(good, 45, 7), {"chunk at byte 33", "checksum"}),
      picture("png-huge-chunk", with_byte(good, 33, 0xff), {"found that of the file"}),
      picture("png-no-header", png_of({data}), {"the header of a picture"}),
      picture("png-two-headers", png_of({header, header, data}), {"is damaged"}),
      picture("png-no-data", png_of({header}), {"is damaged"}),
      picture("png-too-little-data", png_of({header, png_data({0, 1, 2})}), {"is damaged"}),
      picture("png-bad-deflate", png_of({header, png_chunk("IDAT", noise(20))}), {"is damaged"}),
      picture("png-no-palette", png_of({png_header(2, 2, PngColor::kPalette), data}),
              {"is damaged"}),
      picture("png-depth", png_of({png_header(2, 2, PngColor::kGrey, 5), data}), {"is damaged"}),
      picture("png-no-pixels", png_of({png_header(0, 2), data}), {"pixels, found 0 x 2"}),
      picture("png-huge", png_of({png_header(0xffffffff, 0xffffffff), data}),
              {"4294967295 x 4294967295"}),
      picture("png-unknown-critical", png_of({header, png_chunk("ABCD", {}), data}),
              {"is damaged"}),
      picture("png-jpeg", bytes_of("\xff\xd8\xff\xe0"), {"expected a PNG picture", "mogrify"}),
      picture("png-other-size", png(2, 3, noise(6)),
              {"2 x 2", "2 x 3", "1.png", "choose one size"}),
      {"png-no-class",
       {{"0.png", good}},
       "",
       {"a folder of PNG pictures for each class", "\"0.png\""}},
      {"png-alone", {{"0.png", good}}, "0.png", {"PNG"}},
      {"png-no-test-set", {{"0/0.png", good}, {"1/1.png", good}}, "", {"expected a test set"}},
      {"png-new-class",
       {{"train/a/0.png", good}, {"test/b/0.png", good}},
       "",
       {"\"b\"", "expected one of a"}},
      {"png-class-of-two-lines",
       {{"train/a\nb/0.png", good}, {"test/a\nb/0.png", good}},
       "",
       {"one line", "\\n"}},
      {"folder-of-nothing", {{".hidden", {}}}, "", {"an empty folder"}},
      {"folder-without-data", {{"README", {}}}, "", {"README", "Take it out"}},
      {"nothing-there", {}, "missing", {"missing"}},
  };
}

inline std::vector<BadSource> bad_sources() {
  std::vector<BadSource> all;
  for (auto& list : {bad_tables(), bad_arrays(), bad_idx_sources(), bad_pictures()})
    all.insert(all.end(), list.begin(), list.end());
  return all;
}

}  // namespace trp::test
