#include "report/table.h"

#include "catch.h"

namespace trp {

TEST_CASE("columns are as wide as their widest cell, however many bytes its letters take") {
  CHECK(table_lines({{"a", "bb", "c"}, {"long", "±1", ""}}) ==
        std::vector<std::string>{"a     bb  c", "long  ±1"});
  CHECK(table_lines({}).empty());
}

TEST_CASE("the first row of a Markdown table is its header") {
  CHECK(markdown_table({{"a", "b"}, {"1", "2"}}) == "| a | b |\n|:--|--:|\n| 1 | 2 |\n");
}

}  // namespace trp
