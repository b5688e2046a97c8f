// Writes every bad IDX file into a folder, for tests that run the program itself, and beside them
// list.tsv: the file's name, "images" or "labels", and the words that the message must hold.

#include <fstream>
#include <iostream>

#include <fmt/ranges.h>

#include "data/bad_idx_files.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: write_bad_idx_files FOLDER\n";
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  std::ofstream list(folder / "list.tsv");
  for (const auto& file : trp::test::bad_idx_files()) {
    std::ofstream out(folder / file.name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(file.bytes.data()),
              static_cast<std::streamsize>(file.bytes.size()));
    list << fmt::format("{}\t{}\t{}\n", file.name, file.labels ? "labels" : "images",
                        fmt::join(file.expected, "\t"));
    if (!out.flush()) return 1;
  }
  return list.flush() ? 0 : 1;
}
