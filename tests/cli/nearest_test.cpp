#include "cli/nearest.h"

#include <vector>

#include "catch.h"

namespace trp {
namespace {

TEST_CASE("the edit distance counts insertions, deletions, replacements and swaps") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("epochs", "epochs") == 0);
  CHECK(edit_distance("epoch", "epochs") == 1);
  CHECK(edit_distance("epocsh", "epochs") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("ca", "abc") == 3);
}

TEST_CASE("the nearest word is suggested only if it is near") {
  const std::vector<std::string> words = {"--epochs", "--workers", "--lr"};
  CHECK(nearest("--epoch", words) == "--epochs");
  CHECK(nearest("--wrokers", words) == "--workers");
  CHECK(nearest("--ls", words) == "--lr");
  CHECK(!nearest("--something", words));
  CHECK(!nearest("", words));
  CHECK(!nearest(std::string(100'000, '-'), words));
  CHECK(suggestion("--epoch", words) == "; did you mean --epochs?");
  CHECK(suggestion("--something", words).empty());
}

}  // namespace
}  // namespace trp
