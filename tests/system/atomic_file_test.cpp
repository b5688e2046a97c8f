#include "system/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>
#include <vector>

#include "catch.h"
#include "data/check_contains.h"
#include "formats/idx_builder.h"
#include "temporary_folder.h"
#include "trp/error.h"

namespace trp {
namespace {

namespace fs = std::filesystem;
using test::bytes_of;
using test::message_of;

std::string content_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::size_t entry_count(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

std::string failure(const fs::path& path, std::string_view content) {
  return message_of<Error>([&] { write_file_atomically(path.string(), bytes_of(content)); });
}

std::string check_failure(const fs::path& path) {
  return message_of<Error>([&] { check_writable(path.string()); });
}

TEST_CASE("a file gets its bytes, and nothing else is left beside it") {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "file";
  for (const std::string& content :
       {std::string("first"), std::string(3'000'000, 'x'), std::string("shorter"), std::string()}) {
    write_file_atomically(file.string(), bytes_of(content));
    CHECK(content_of(file) == content);
    CHECK(entry_count(folder.path()) == 1);
  }
}

TEST_CASE("what a file was before is kept beside it") {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "file";
  const fs::path link = folder.path() / "link";
  const std::string previous = file.string() + ".previous";
  CHECK(previous_file(file.string()) == previous);
  const auto replace = [](const fs::path& path, std::string_view content) {
    replace_file_atomically(path.string(), bytes_of(content));
  };
  replace(file, "1");
  CHECK(content_of(file) == "1");
  CHECK(entry_count(folder.path()) == 1);
  replace(file, "2");
  replace(file, "3");
  CHECK(content_of(file) == "3");
  CHECK(content_of(previous) == "2");
  CHECK(entry_count(folder.path()) == 2);
  fs::create_symlink(file, link);
  CHECK(previous_file(link.string()) == previous);
  replace(link, "4");
  CHECK(fs::is_symlink(link));
  CHECK(content_of(file) == "4");
  CHECK(content_of(previous) == "3");
  CHECK(entry_count(folder.path()) == 3);
}

TEST_CASE("a file stays as it is when what it was before cannot be kept") {
  const TemporaryFolder folder;
  const fs::path file = folder.write("file", "old");
  folder.write("file.previous/in the way", "");
  CHECK_CONTAINS(
      message_of<Error>([&] { replace_file_atomically(file.string(), bytes_of("new")); }),
      "cannot be written");
  CHECK(content_of(file) == "old");
  CHECK(entry_count(folder.path()) == 2);
}

TEST_CASE("the permissions of a file are kept, and the mask of new ones is obeyed") {
  const TemporaryFolder folder;
  const auto mode_of = [](const fs::path& path) {
    struct stat status = {};
    REQUIRE(stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777;
  };
  const fs::path old_file = folder.write("old", "x");
  fs::permissions(old_file, fs::perms(0640));
  write_file_atomically(old_file.string(), bytes_of("y"));
  CHECK(mode_of(old_file) == 0640);
  const mode_t previous = umask(027);
  write_file_atomically((folder.path() / "new").string(), bytes_of("y"));
  umask(previous);
  CHECK(mode_of(folder.path() / "new") == 0640);
}

TEST_CASE("links are followed, also to a file that is not there yet") {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "far");
  fs::create_symlink("far/file", folder.path() / "link");
  fs::create_symlink(folder.path() / "link", folder.path() / "second");
  for (const std::string content : {"new", "again"}) {
    write_file_atomically((folder.path() / "second").string(), bytes_of(content));
    CHECK(fs::is_symlink(folder.path() / "link"));
    CHECK(content_of(folder.path() / "far" / "file") == content);
  }
  fs::create_symlink("loop", folder.path() / "loop");
  CHECK_CONTAINS(failure(folder.path() / "loop", "x"), "cannot be written: Too many levels");
}

TEST_CASE("what cannot be written is told before, and nothing is changed") {
  const TemporaryFolder folder;
  const fs::path kept = folder.write("kept", "precious");
  fs::create_symlink("/dev/full", folder.path() / "device");
  fs::create_symlink("nowhere/file", folder.path() / "dangling");
  check_writable(kept.string());
  check_writable((folder.path() / "new").string());
  CHECK(content_of(kept) == "precious");
  CHECK(entry_count(folder.path()) == 3);

  const std::vector<std::pair<fs::path, std::string>> bad = {
      {folder.path() / "no" / "such" / "file", "No such file or directory; hint: make its folder"},
      {kept / "below", "Not a directory; hint: make its folder"},
      {folder.path() / "dangling", "No such file or directory; hint: make its folder"},
      {folder.path(), "is a folder, expected a file"},
      {folder.path() / "device", "is no regular file"},
      {folder.path() / std::string(300, 'n'), "File name too long"},
      {"", "No such file or directory"}};
  for (const auto& [path, words] : bad) {
    INFO(path);
    CHECK_CONTAINS(check_failure(path), words);
    CHECK_CONTAINS(failure(path, "x"), words);
  }
  CHECK(content_of(kept) == "precious");
  CHECK(entry_count(folder.path()) == 3);
}

TEST_CASE("what a killed program left behind is used again") {
  const TemporaryFolder folder;
  folder.write("file.trp-tmp", std::string(100, 'z'));
  const fs::path file = folder.write("file", "old");
  check_writable(file.string());
  CHECK(entry_count(folder.path()) == 1);
  folder.write("file.trp-tmp", std::string(100, 'z'));
  write_file_atomically(file.string(), bytes_of("new"));
  CHECK(content_of(file) == "new");
  CHECK(entry_count(folder.path()) == 1);
}

TEST_CASE("another program that writes the same file is not disturbed") {
  const TemporaryFolder folder;
  const fs::path file = folder.write("file", "old");
  const fs::path temporary = folder.write("file.trp-tmp", "half of what the other one ");
  const int other = open(temporary.c_str(), O_RDWR);
  REQUIRE(flock(other, LOCK_EX) == 0);
  CHECK_CONTAINS(failure(file, "new"), "another program is writing this file");
  CHECK(content_of(temporary) == "half of what the other one ");
  CHECK(content_of(file) == "old");
  // One that lets go within a moment is waited for.
  std::jthread letting_go([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    close(other);
  });
  write_file_atomically(file.string(), bytes_of("new"));
  CHECK(content_of(file) == "new");
}

TEST_CASE("what stands where the temporary file should be is left alone") {
  const TemporaryFolder folder;
  const fs::path file = folder.write("file", "old");
  const fs::path victim = folder.write("victim", "untouched");
  fs::create_symlink(victim, folder.path() / "file.trp-tmp");
  CHECK_CONTAINS(failure(file, "new"), "cannot be written");
  CHECK(content_of(victim) == "untouched");
  fs::remove(folder.path() / "file.trp-tmp");
  fs::create_directory(folder.path() / "file.trp-tmp");
  CHECK_CONTAINS(failure(file, "new"), "cannot be written");
  CHECK(content_of(file) == "old");
}

TEST_CASE("a write that fails half way leaves the old file and no temporary one") {
  const TemporaryFolder folder;
  const fs::path file = folder.write("file", "old");
  rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 1000;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string message = failure(file, std::string(5000, 'x'));
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK_CONTAINS(message, "file: cannot be written: File too large");
  CHECK(content_of(file) == "old");
  CHECK(entry_count(folder.path()) == 1);
}

}  // namespace
}  // namespace trp
