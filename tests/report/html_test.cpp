#include "report/html.h"

#include "catch.h"
#include "data/check_contains.h"

namespace trp {
namespace {

std::string base64_of(std::string_view text) {
  return base64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

TEST_CASE("base64 is that of RFC 4648") {
  CHECK(base64_of("").empty());
  CHECK(base64_of("f") == "Zg==");
  CHECK(base64_of("fo") == "Zm8=");
  CHECK(base64_of("foo") == "Zm9v");
  CHECK(base64_of("foob") == "Zm9vYg==");
  CHECK(base64_of("fooba") == "Zm9vYmE=");
  CHECK(base64_of("foobar") == "Zm9vYmFy");
  CHECK(base64_of("\xff\xfe\xfd") == "//79");
}

TEST_CASE("no text is markup or leaves its attribute") {
  CHECK(escaped("a & b") == "a &#38; b");
  CHECK(escaped("<script>'\"") == "&#60;script&#62;&#39;&#34;");
  CHECK(escaped("grün → é") == "grün → é");
  CHECK(escaped("a\x1b[31m\n\xff").find_first_of("\x1b\n\xff") == std::string::npos);
}

TEST_CASE("a page escapes all its texts and forbids all that is not in it") {
  const std::string evil = "</title></style><img src=x onerror=alert(1)>";
  const std::string figure = svg_figure(evil, evil, 1, "", {{evil}, {evil}});
  const std::string page =
      html_page({evil, evil, {{evil, evil}}, {{evil, evil}}}, page_section(evil, evil, figure));
  CHECK(page.starts_with(kPageStart));
  CHECK(page.find("<img") == std::string::npos);
  CHECK(page.find("alert(1)>") == std::string::npos);
  CHECK_CONTAINS(page, "content=\"default-src 'none'; style-src 'sha256-");
  CHECK_CONTAINS(page, "; script-src 'sha256-");
  CHECK_CONTAINS(page, "; img-src data:; base-uri 'none'; form-action 'none'\"");
  CHECK(page.find(" style=") == std::string::npos);  // the policy would not obey it
}

TEST_CASE("a table has a header and its rows have heads") {
  CHECK(html_table({{"class", "F1"}, {"0", "1.00"}}) ==
        "<div class=\"scroll\" tabindex=\"0\"><table>\n"
        "<thead><tr><th scope=\"col\">class</th><th scope=\"col\">F1</th></tr></thead><tbody>\n"
        "<tr><th scope=\"row\">0</th><td>1.00</td></tr>\n"
        "</tbody></table></div>\n");
}

}  // namespace
}  // namespace trp
