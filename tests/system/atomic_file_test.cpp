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
#include "system/outputs.h"
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

void write_bytes(const std::string& path, std::span<const std::uint8_t> bytes,
                 OldFile old_file = OldFile::kRemove) {
  write_file_atomically(
      path, [&](const Sink& sink) { sink(bytes); }, old_file);
}

std::string failure(const fs::path& path, std::string_view content) {
  return message_of<Error>([&] { write_bytes(path.string(), bytes_of(content)); });
}

std::string check_failure(const fs::path& path) {
  return message_of<Error>([&] { OutputFile(path.string()); });
}

/// A temporary file as a program leaves it that is killed while it writes.
fs::path write_stale(const TemporaryFolder& folder, const std::string& name) {
  const fs::path path = folder.write(name, "half of a file");
  fs::permissions(path, fs::perms(01600));
  return path;
}

TEST_CASE("a file gets its bytes, and nothing else is left beside it") {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "file";
  for (const std::string& content :
       {std::string("first"), std::string(3'000'000, 'x'), std::string("shorter"), std::string()}) {
    write_bytes(file.string(), bytes_of(content));
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
    write_bytes(path.string(), bytes_of(content), OldFile::kKeepAsPrevious);
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
  CHECK_CONTAINS(message_of<Error>([&] {
                   write_bytes(file.string(), bytes_of("new"), OldFile::kKeepAsPrevious);
                 }),
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
  write_bytes(old_file.string(), bytes_of("y"));
  CHECK(mode_of(old_file) == 0640);
  fs::permissions(old_file, fs::perms(01600));  // as a program leaves it that is killed in the end
  write_bytes(old_file.string(), bytes_of("z"));
  CHECK(mode_of(old_file) == 0600);
  const mode_t previous = umask(027);
  write_bytes((folder.path() / "new").string(), bytes_of("y"));
  CHECK(mode_of(folder.path() / "new") == 0640);
  // What its owner has written its owner can write again.
  umask(0777);
  for (const char* name : {"again", "output"})
    for (int i = 0; i < 2; ++i) {
      const std::string path = (folder.path() / name).string();
      if (name == std::string_view("again"))
        write_bytes(path, bytes_of("y"));
      else
        OutputFile(path).replace(bytes_of("y"));
      CHECK(mode_of(path) == 0600);
    }
  umask(previous);
}

TEST_CASE("links are followed, also to a file that is not there yet") {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "far");
  fs::create_symlink("far/file", folder.path() / "link");
  fs::create_symlink(folder.path() / "link", folder.path() / "second");
  for (const std::string content : {"new", "again"}) {
    write_bytes((folder.path() / "second").string(), bytes_of(content));
    CHECK(fs::is_symlink(folder.path() / "link"));
    CHECK(content_of(folder.path() / "far" / "file") == content);
  }
  fs::create_symlink("loop", folder.path() / "loop");
  CHECK_CONTAINS(failure(folder.path() / "loop", "x"), "cannot be written: Too many levels");
}

TEST_CASE("what cannot be written is told before, and nothing is changed") {
  const TemporaryFolder folder;
  const fs::path kept = folder.write("kept", "precious");
  fs::create_symlink("nowhere/file", folder.path() / "dangling");
  { const OutputFile old_one(kept.string()), new_one((folder.path() / "new").string()); }
  CHECK(content_of(kept) == "precious");
  CHECK(entry_count(folder.path()) == 2);

  const std::vector<std::pair<fs::path, std::string>> bad = {
      {folder.path() / "no" / "such" / "file", "No such file or directory; hint: make its folder"},
      {kept / "below", "Not a directory; hint: make its folder"},
      {folder.path() / "dangling", "No such file or directory; hint: make its folder"},
      {folder.path() / std::string(300, 'n'), "File name too long"},
      {"", "No such file or directory"}};
  for (const auto& [path, words] : bad) {
    INFO(path);
    CHECK_CONTAINS(check_failure(path), words);
    CHECK_CONTAINS(failure(path, "x"), words);
  }
  CHECK_CONTAINS(check_failure(folder.path()), "is a folder, expected a file");
  CHECK_CONTAINS(failure(folder.path(), "x"), "cannot be written");
  CHECK(content_of(kept) == "precious");
  CHECK(entry_count(folder.path()) == 2);
}

TEST_CASE("a device or a FIFO is written to as it is") {
  const TemporaryFolder folder;
  const std::string fifo = (folder.path() / "fifo").string();
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  std::string got;
  std::jthread reader([&] { got = content_of(fifo); });
  OutputFile(fifo).replace(bytes_of("through the pipe"));
  reader.join();
  CHECK(got == "through the pipe");
  OutputFile("/dev/null").replace(bytes_of("x"));
  fs::create_symlink("/dev/full", folder.path() / "device");
  CHECK_CONTAINS(message_of<Error>([&] {
                   OutputFile((folder.path() / "device").string()).replace(bytes_of("x"));
                 }),
                 "cannot be written: No space left on device");
}

TEST_CASE("what a killed program left behind is removed, and nothing else of such a name") {
  const TemporaryFolder folder;
  const fs::path file = folder.write("file", "old");
  const fs::path stale = write_stale(folder, "trp-123-0.tmp");
  // Everything that is not provably ours.
  const fs::path other = folder.write("trp-124-0.tmp", "somebody's");
  const fs::path linked = write_stale(folder, "trp-125-0.tmp");
  fs::create_hard_link(linked, folder.path() / "its other name");
  fs::create_symlink(other, folder.path() / "trp-126-0.tmp");
  fs::create_directory(folder.path() / "trp-127-0.tmp");
  REQUIRE(mkfifo((folder.path() / "trp-128-0.tmp").c_str(), 0600) == 0);
  const fs::path held = write_stale(folder, "trp-129-0.tmp");
  const int holder = open(held.c_str(), O_RDWR);
  REQUIRE(flock(holder, LOCK_EX) == 0);
  const fs::path named = write_stale(folder, "file.trp-tmp");
  const std::size_t before = entry_count(folder.path());

  { const OutputFile claimed(file.string()); }
  CHECK(entry_count(folder.path()) == before);  // nothing is removed before there is a need
  OutputFile(file.string()).replace(bytes_of("new"));
  CHECK(content_of(file) == "new");
  CHECK_FALSE(fs::exists(stale));
  CHECK(entry_count(folder.path()) == before - 1);
  close(holder);
  OutputFile(file.string()).replace(bytes_of("newer"));
  CHECK_FALSE(fs::exists(held));
  CHECK(content_of(other) == "somebody's");
}

TEST_CASE("another program that writes the same file is not disturbed") {
  const TemporaryFolder folder;
  const fs::path file = folder.write("file", "old");
  const int other = open(file.c_str(), O_RDWR);
  REQUIRE(flock(other, LOCK_EX) == 0);
  CHECK_CONTAINS(check_failure(file), "another program is writing this file, process " +
                                          std::to_string(getpid()) + "; hint: wait for it");
  CHECK(content_of(file) == "old");
  // One that lets go within a moment is waited for.
  std::jthread letting_go([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    close(other);
  });
  OutputFile output(file.string());
  output.replace(bytes_of("new"));
  CHECK(content_of(file) == "new");
  // The lock is that of the new file, too.
  CHECK_CONTAINS(check_failure(file), "another program is writing this file");
}

TEST_CASE("what stands where a temporary file should be is left alone") {
  const TemporaryFolder folder;
  const fs::path file = folder.write("file", "old");
  const fs::path victim = folder.write("victim", "untouched");
  const auto temporary = [&](int number) {
    return folder.path() /
           ("trp-" + std::to_string(getpid()) + "-" + std::to_string(number) + ".tmp");
  };
  fs::create_symlink(victim, temporary(0));
  fs::create_hard_link(victim, temporary(1));
  fs::create_directory(temporary(2));
  write_bytes(file.string(), bytes_of("new"));
  CHECK(content_of(victim) == "untouched");
  CHECK(content_of(file) == "new");
  CHECK(entry_count(folder.path()) == 5);
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
