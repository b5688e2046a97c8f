#include "report/picture.h"

#include <string>
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

using Lines = std::vector<std::string>;

TEST_CASE("the pictures of the two schedules") {
  CHECK(pipeline_picture(make_pipeline_schedule(PipelineScheduleKind::kGpipe, 3, 4), 100) ==
        Lines{"stage 1  F1 F2 F3 F4 .  .  .  .  B1 B2 B3 B4",
              "stage 2  .  F1 F2 F3 F4 .  .  B1 B2 B3 B4 .",
              "stage 3  .  .  F1 F2 F3 F4 B1 B2 B3 B4 .  ."});
  CHECK(pipeline_picture(make_pipeline_schedule(PipelineScheduleKind::k1f1b, 3, 4), 100) ==
        Lines{"stage 1  F1 F2 F3 .  .  B1 F4 B2 .  B3 .  B4",
              "stage 2  .  F1 F2 .  B1 F3 B2 F4 B3 .  B4 .",
              "stage 3  .  .  F1 B1 F2 B2 F3 B3 F4 B4 .  ."});
}

TEST_CASE("the guide's different layers on different devices: one micro-batch") {
  CHECK(pipeline_picture(make_pipeline_schedule(PipelineScheduleKind::k1f1b, 2, 1), 100) ==
        Lines{"stage 1  F1 .  .  B1", "stage 2  .  F1 B1 ."});
}

TEST_CASE("columns are as wide as the longest name, and a long picture is cut off") {
  const Lines lines =
      pipeline_picture(make_pipeline_schedule(PipelineScheduleKind::kGpipe, 2, 10), 3);
  CHECK(lines == Lines{"stage 1  F1  F2  F3 ...", "stage 2  .   F1  F2 ..."});
}

}  // namespace
}  // namespace trp
