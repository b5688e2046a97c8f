#include "cli/config_file.h"

#include <memory>
#include <optional>

#include "catch.h"
#include "cli/app.h"
#include "temporary_folder.h"
#include "trp/error.h"

namespace trp {
namespace {

/// Options a to d that keep the text they are given; e is for the command line alone.
struct Sample {
  std::unique_ptr<CLI::App> app = make_app();
  std::vector<std::optional<std::string>> values = std::vector<std::optional<std::string>>(4);
  TemporaryFolder folder;

  Sample() {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::string name(1, static_cast<char>('a' + i));
      app->add_option_function<std::string>(
             "--" + name, [this, i](const std::string& text) { values[i] = text; })
          ->group("Group");
    }
    app->add_option("--e")->configurable(false);
    app->config_formatter(std::make_shared<ConfigFile>(*app));
    app->set_config("--config");
  }

  void read(const std::string& text) {
    parse(*app, {"--config", folder.write("file", text).string()});
  }

  std::string error_of(const std::string& text) {
    try {
      read(text);
    } catch (const UsageError& error) {
      const std::string message = error.what();
      return message.substr(folder.path().string().size() + 1);
    }
    return "no error";
  }
};

TEST_CASE("a configuration is lines of names and values, comments and spaces") {
  Sample sample;
  sample.read(
      "# a comment\n\n"
      "a=1\n"
      "  b\t =  two words  # and more\r\n"
      "c = \"quoted # \\\"text\\\" \\\\ \\n\"  # yes\n"
      "d = 'C:\\new # \"folder\"'");
  CHECK(sample.values[0] == "1");
  CHECK(sample.values[1] == "two words");
  CHECK(sample.values[2] == "quoted # \"text\" \\ \n");
  CHECK(sample.values[3] == "C:\\new # \"folder\"");
}

TEST_CASE("an empty text in quotes is a value") {
  Sample sample;
  sample.read("a = \"\"\nb = ''\n");
  CHECK(sample.values[0] == "");
  CHECK(sample.values[1] == "");
}

TEST_CASE("lines that make no sense are refused with their number") {
  Sample sample;
  CHECK(sample.error_of("a = 1\n\nb\n") == "file:3: expected \"name = value\", found \"b\"");
  CHECK(sample.error_of("x = 1") == "file:1: unknown name \"x\"; did you mean a?");
  CHECK(sample.error_of("e = 1").starts_with("file:1: unknown name \"e\""));
  CHECK(sample.error_of("= 1").starts_with("file:1: unknown name \"\""));
  CHECK(sample.error_of("a =\n") == "file:1: a: expected a value, found \"\"");
  CHECK(sample.error_of("a = # none\n").starts_with("file:1: a: expected a value"));
  CHECK(sample.error_of("a = \"open\n").starts_with("file:1: a: expected a closing quote"));
  CHECK(sample.error_of("a = 'x' y\n") ==
        "file:1: a: expected nothing after the closing quote, found \"y\"");
  CHECK(sample.error_of("a = x\"y\"\n").starts_with("file:1: a: expected a value that is in quo"));
  CHECK(sample.error_of("a = \"\\q\"\n").starts_with("file:1: a: expected \\\""));
  CHECK(sample.error_of("a = 1\na = 2\n") == "file:2: expected each name once, found a again");
}

TEST_CASE("what is written reads back the same") {
  for (const std::string text : {"plain", "1", "1e-5", "true", "", " leading and trailing ", "#",
                                 "\"", "'", "\\", "\\n", "line\nfeed", "tab\there", "→", "\xff"}) {
    Sample written, read;
    parse(*written.app, {"--c", text});
    const std::string config = written.app->config_to_str();
    CAPTURE(config);
    read.read(config);
    CHECK(read.values == written.values);
  }
}

TEST_CASE("numbers and switches are bare, other text is quoted, what is not set is a comment") {
  Sample sample;
  parse(*sample.app, {"--a", "0.5", "--b", "true", "--c", "128,64"});
  CHECK(sample.app->config_to_str() == "# Group\na = 0.5\nb = true\nc = \"128,64\"\n# d =\n");
}

}  // namespace
}  // namespace trp
