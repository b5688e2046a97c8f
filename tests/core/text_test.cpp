#include "core/text.h"

#include "catch.h"

namespace trp {
namespace {

TEST_CASE("quotes show what cannot be printed and cut what is long") {
  CHECK(quoted("a b") == "\"a b\"");
  CHECK(quoted("a\x1b[31m\n") == "\"a\\x1b[31m\\n\"");
  CHECK(quoted("→") == "\"→\"");
  CHECK(quoted("\xff\xc2\x9b") == "\"\\xff\\x9b\"");
  CHECK(quoted("\"\\") == "\"\\\"\\\\\"");
  CHECK(quoted(std::string(1000, 'x')).size() < 100);
}

}  // namespace
}  // namespace trp
