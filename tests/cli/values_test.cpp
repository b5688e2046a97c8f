#include "cli/values.h"

#include <functional>
#include <limits>

#include <fmt/format.h>

#include "catch.h"

namespace trp {
namespace {

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("whole numbers are read whole and in their range") {
  CHECK(parse_whole_number<int>("1", 1, 8) == 1);
  CHECK(parse_whole_number<int>("8", 1, 8) == 8);
  CHECK(parse_whole_number<int>("-3", -5, 8) == -3);
  CHECK(parse_whole_number<std::uint64_t>("18446744073709551615", 0,
                                          std::numeric_limits<std::uint64_t>::max()) ==
        std::numeric_limits<std::uint64_t>::max());
  for (const char* text : {"", " ", "0", "9", "8x", "x8", " 8", "8 ", "+8", "0x8", "8.0", "1e0",
                           "nan", "99999999999999999999"}) {
    CHECK(message_of([&] { parse_whole_number<int>(text, 1, 8); }) ==
          fmt::format("expected a whole number from 1 to 8, found \"{}\"", text));
  }
}

TEST_CASE("numbers are read whole, finite and in their range") {
  CHECK(parse_number("0.1", 0, 1) == 0.1);
  CHECK(parse_number("1e-3", 0, 1) == 1e-3);
  CHECK(parse_number("1", 0, 1) == 1);
  CHECK(parse_number("0", 0, 1, UpperEnd::kExcluded) == 0);
  for (const char* text :
       {"", "nan", "inf", "-inf", "1.1", "-0.1", "0,5", "0.5f", "0x1", "1e999"}) {
    CHECK(message_of([&] { parse_number(text, 0, 1); }) ==
          fmt::format("expected a number from 0 to 1, found \"{}\"", text));
  }
  CHECK(message_of([&] { parse_number("1.0", 0, 1, UpperEnd::kExcluded); }) ==
        "expected a number from 0 to less than 1, found \"1.0\"");
}

TEST_CASE("words are matched exactly") {
  CHECK(parse_word<MergeKind>("ordered", kMergeWords) == MergeKind::kOrdered);
  CHECK(message_of([] { parse_word<MergeKind>("Ordered", kMergeWords); }) ==
        "expected one of factored, ordered, arrival, found \"Ordered\"; did you mean ordered?");
}

TEST_CASE("widths are whole numbers with commas between") {
  CHECK(parse_widths("128,64") == std::vector<Index>{128, 64});
  CHECK(parse_widths("65536") == std::vector<Index>{65536});
  CHECK(parse_widths("none").empty());
  CHECK(parse_widths("").empty());
  for (const char* text : {"0", "-1", ",", "1,", ",1", "1,,2", "1, 2", "65537", "a", "None"}) {
    CHECK_THROWS_AS(parse_widths(text), UsageError);
  }
  std::string most = "1";
  for (int i = 1; i < 64; ++i) most += ",1";
  CHECK(parse_widths(most).size() == 64);
  CHECK_THROWS_AS(parse_widths(most + ",1"), UsageError);
  CHECK(widths_text({128, 64}) == "128,64");
  CHECK(widths_text({}) == "none");
}

/// The value that an option of the app gets.
template <class Value>
Value given(CLI::Validator validator, const std::string& text) {
  CLI::App app;
  Value value{};
  app.add_option("--value", value)->transform(validator);
  app.parse("--value=" + text);
  return value;
}

TEST_CASE("numbers reach their variables as they were written") {
  CHECK(given<int>(whole_number<int>(0, 20), "010") == 10);  // not octal
  CHECK(given<double>(number(0, 1), "0.1") == 0.1);
  // Decimals that a long double would round to another double, among others.
  for (int i = 1; i < 20'000; ++i) {
    const std::string text = fmt::format("0.{:07}", i * 499);
    if (given<double>(number(0, 1), text) != parse_number(text, 0, 1)) FAIL(text);
  }
  CHECK_THROWS_AS(given<int>(whole_number<int>(0, 20), "21"), CLI::ValidationError);
  CHECK_THROWS_AS(given<double>(number(0, 1), "nan"), CLI::ValidationError);
}

TEST_CASE("names of files and folders are not empty and no forgotten options") {
  CHECK(given<std::string>(any_path(), "-") == "-");
  CHECK(given<std::string>(file_path(), "./-x") == "./-x");
  CHECK_THROWS_AS(given<std::string>(any_path(), "--epochs"), CLI::ValidationError);
  CHECK_THROWS_AS(given<std::string>(file_path(), "-"), CLI::ValidationError);
  CHECK_THROWS_AS(given<std::string>(model_path(), "m.pt"), CLI::ValidationError);
}

TEST_CASE("quotes show what cannot be printed and cut what is long") {
  CHECK(in_quotes("a b") == "\"a b\"");
  CHECK(in_quotes("a\x1b[31m\n") == "\"a\\x1b[31m\\x0a\"");
  CHECK(in_quotes("→") == "\"→\"");
  CHECK(in_quotes(std::string(1000, 'x')).size() < 100);
}

}  // namespace
}  // namespace trp
