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

TEST_CASE("what is printable stays as it is, and all else is escaped") {
  for (const char* text : {"", "a b", "\"quotes\" and \\", "→ … 漢 é", "C:\\new"})
    CHECK(printable(text) == text);
  CHECK(printable("a\x1b[31m\r\n\t\x7f\"") == "a\\x1b[31m\\r\\n\\t\\x7f\"");
  CHECK(printable("\xe2\x80\xae\xe2\x81\xa6\xe2\x80\x8e\xd8\x9c\xe2\x80\xa8") ==
        "\\u202e\\u2066\\u200e\\u061c\\u2028");
  CHECK(printable("\xc2\x9b \xff") == "\\x9b \\xff");
}

}  // namespace
}  // namespace trp
