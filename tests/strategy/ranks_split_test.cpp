#include "strategy/ranks_split.h"

#include <vector>

#include "catch.h"

using namespace trp;

namespace {

const std::vector<Index> kDefault = {784, 128, 64, 10};

TEST_CASE("outputs take one gather of the wide layer's, gradients travel twice") {
  CHECK(bytes_of_step(RanksSplit::kOutputs, kDefault, 64, 4) == 64 * 512 * 3 / 4);
  const Index parameters = 785 * 128 + 129 * 64 + 65 * 16;  // the last rows are padded
  CHECK(bytes_of_step(RanksSplit::kRows, kDefault, 64, 4) ==
        (2 * 3 * 4 * parameters + 3 * 16 * 64) / 4);
}

TEST_CASE("between two wide layers gradients with respect to the outputs travel as well") {
  const std::vector<Index> wide = {784, 1024, 1024, 1024, 10};
  CHECK(bytes_of_step(RanksSplit::kOutputs, wide, 64, 2) == 64 * 4096 * 4 / 2);
}

TEST_CASE("of two splits the one is taken of which fewer bytes travel, unless one is given") {
  for (const int ranks : {2, 4, 64}) {
    const Plan plan = {.ranks = ranks};
    CHECK(choose_split(plan, kDefault, 64) == RanksSplit::kOutputs);
    CHECK(choose_split(plan, kDefault, 1600) == RanksSplit::kOutputs);
    CHECK(choose_split(plan, kDefault, 1900) == RanksSplit::kRows);
  }
  CHECK(choose_split({.ranks = 2, .ranks_split = RanksSplit::kRows}, kDefault, 64) ==
        RanksSplit::kRows);
}

}  // namespace
