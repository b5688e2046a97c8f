#include "system/line_writer.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

#include "catch.h"
#include "report/sample_run.h"
#include "system/outputs.h"
#include "trp/error.h"

namespace trp {
namespace {

TEST_CASE("a line is there as soon as it is written") {
  CapturedLines lines;
  lines.writer().write_line("one");
  CHECK(lines.text() == "one\n");
  lines.writer().write_line("");
  CHECK(lines.text() == "one\n\n");
}

TEST_CASE("room is made before each line") {
  CapturedLines lines;
  int calls = 0;
  lines.writer().before_line = [&] { ++calls; };
  lines.writer().write_line("one");
  lines.writer().write_line("two");
  CHECK(calls == 2);
}

TEST_CASE("a full disk is an error, and ignored only where asked") {
  const int full = open("/dev/full", O_WRONLY);
  LineWriter strict(full, "output");
  CHECK_THROWS_AS(strict.write_line("lost"), Error);
  LineWriter lenient(full, "talk", LineWriter::OnError::kIgnore);
  CHECK_NOTHROW(lenient.write_line("lost"));
  close(full);
}

TEST_CASE("a reader that has gone is told apart from other errors") {
  const auto previous = signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  close(ends[0]);
  LineWriter writer(ends[1], "output");
  CHECK_THROWS_AS(writer.write_line("unheard"), OutputClosed);
  close(ends[1]);
  signal(SIGPIPE, previous);
}

TEST_CASE("a slow reader of a pipe that does not block gets everything") {
  std::array<int, 2> ends{};
  REQUIRE(pipe2(ends.data(), O_NONBLOCK) == 0);
  std::size_t received = 0;
  std::thread reader([&] {
    std::array<char, 4096> buffer;
    for (ssize_t count = -1; count != 0; count = read(ends[0], buffer.data(), buffer.size())) {
      if (count > 0) received += static_cast<std::size_t>(count);
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  });
  const std::string line(99'999, 'x');
  LineWriter writer(ends[1], "output");
  for (int i = 0; i < 5; ++i) writer.write_line(line);
  close(ends[1]);
  reader.join();
  close(ends[0]);
  CHECK(received == 500'000);
}

TEST_CASE("a file is emptied by its first line") {
  const TemporaryFolder folder;
  const auto path = folder.write("file", "what a longer run has written");
  OutputFile file(path.string());
  LineWriter writer(file);
  CHECK(std::filesystem::file_size(path) == 29);
  writer.write_line("new");
  writer.close();
  CHECK(std::filesystem::file_size(path) == 4);
}

}  // namespace
}  // namespace trp
