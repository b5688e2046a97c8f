#include "core/text.h"

#include "catch.h"

namespace trp {
namespace {

TEST_CASE("quotes show what cannot be printed and cut what is long") {
  CHECK(in_quotes("a b") == "\"a b\"");
  CHECK(in_quotes("a\x1b[31m\n") == "\"a\\x1b[31m\\n\"");
  CHECK(in_quotes("→") == "\"→\"");
  CHECK(in_quotes("\xff\xc2\x9b") == "\"\\xff\\x9b\"");
  CHECK(in_quotes("\"\\") == "\"\\\"\\\\\"");
  CHECK(in_quotes(std::string(1000, 'x')).size() < 100);
}

}  // namespace
}  // namespace trp
