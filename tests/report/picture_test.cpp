#include "report/picture.h"

#include <vector>

#include "catch.h"

namespace trp {
namespace {

std::string drawn(const std::vector<float>& values, const std::vector<Index>& shape, float low = 0,
                  float high = 9) {
  return picture_text(values, shape, low, high);
}

TEST_CASE("an image is drawn row by row, the brighter the denser") {
  CHECK(drawn({0, 9, 9, 0}, {2, 2}) == "  @@\n@@\n");
  CHECK(drawn({1, 2, 3, 4, 5, 6, 7, 8}, {1, 8}) == "..::--==++**##%%\n");
  CHECK(drawn({-100, 100}, {1, 2}) == "  @@\n");
}

TEST_CASE("samples of one dimension are a row, of three have the mean of each pixel") {
  CHECK(drawn({9, 0, 9}, {3}) == "@@  @@\n");
  CHECK(drawn({9, 9, 0, 9, 0, 0}, {1, 2, 3}) == "**--\n");
}

TEST_CASE("an image without contrast is blank") { CHECK(drawn({5, 5}, {1, 2}, 5, 5) == "\n"); }

}  // namespace
}  // namespace trp
