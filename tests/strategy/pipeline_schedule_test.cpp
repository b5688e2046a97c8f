#include "strategy/pipeline_schedule.h"

#include <algorithm>
#include <limits>
#include <map>

#include "catch.h"
#include "core/random.h"

using namespace trp;

namespace {

using Work = PipelineSlot::Work;
constexpr auto kKinds = {PipelineScheduleKind::kGpipe, PipelineScheduleKind::k1f1b};

/// When each micro-batch has its slot; fails when it has two.
std::map<int, int> times_of(const std::vector<PipelineSlot>& slots, Work work) {
  std::map<int, int> times;
  for (std::size_t t = 0; t < slots.size(); ++t) {
    if (slots[t].work != work) continue;
    REQUIRE(times.emplace(slots[t].micro_batch, static_cast<int>(t)).second);
  }
  return times;
}

}  // namespace

TEST_CASE("in every schedule each micro-batch goes forward, then backward, through all stages") {
  for (const PipelineScheduleKind kind : kKinds)
    for (int p = 1; p <= 9; ++p)
      for (int m = 1; m <= 20; ++m) {
        INFO(p << " stages, " << m << " micro-batches");
        const PipelineSchedule schedule = make_pipeline_schedule(kind, p, m);
        REQUIRE(schedule.slots.size() == static_cast<std::size_t>(p));
        std::vector<std::map<int, int>> forward;
        std::vector<std::map<int, int>> backward;
        for (const auto& slots : schedule.slots) {
          // No stage takes longer than it must: the bubble is the predicted one, exactly.
          REQUIRE(slots.size() == static_cast<std::size_t>(2 * (m + p - 1)));
          forward.push_back(times_of(slots, Work::kForward));
          backward.push_back(times_of(slots, Work::kBackward));
          REQUIRE(forward.back().size() == static_cast<std::size_t>(m));
          REQUIRE(backward.back().size() == static_cast<std::size_t>(m));
        }
        for (std::size_t s = 0; s < schedule.slots.size(); ++s)
          for (int i = 0; i < m; ++i) {
            REQUIRE(backward[s][i] > forward[s][i]);
            if (i > 0) REQUIRE(forward[s][i] > forward[s][i - 1]);
            if (i > 0) REQUIRE(backward[s][i] > backward[s][i - 1]);
            if (s > 0) REQUIRE(forward[s][i] > forward[s - 1][i]);
            if (s > 0) REQUIRE(backward[s - 1][i] > backward[s][i]);
          }
      }
}

TEST_CASE("gpipe keeps all micro-batches alive, 1f1b no more than there are stages to come") {
  for (int p = 1; p <= 9; ++p)
    for (int m = 1; m <= 20; ++m)
      for (int stage = 0; stage < p; ++stage) {
        CHECK(max_live_micro_batches(make_pipeline_schedule(PipelineScheduleKind::kGpipe, p, m),
                                     stage) == m);
        CHECK(max_live_micro_batches(make_pipeline_schedule(PipelineScheduleKind::k1f1b, p, m),
                                     stage) == std::min(m, p - stage));
      }
}

TEST_CASE("the predicted bubble is the share of idle slots") {
  CHECK(predicted_bubble(1, 4) == 0);
  CHECK(predicted_bubble(2, 1) == 0.5);
  for (const PipelineScheduleKind kind : kKinds)
    for (int p = 1; p <= 6; ++p)
      for (int m = 1; m <= 10; ++m) {
        double idle = 0;
        double all = 0;
        for (const auto& slots : make_pipeline_schedule(kind, p, m).slots) {
          all += static_cast<double>(slots.size());
          idle += static_cast<double>(std::count(slots.begin(), slots.end(), PipelineSlot{}));
        }
        CHECK(idle / all == Approx(predicted_bubble(p, m)));
      }
}

TEST_CASE("layers are cut into stages so that the costliest costs least") {
  using Stages = std::vector<Range>;
  const std::vector<Index> default_network = {401408, 49152, 3840};
  CHECK(divide_into_stages(default_network, 1) == Stages{{0, 3}});
  CHECK(divide_into_stages(default_network, 2) == Stages{{0, 1}, {1, 3}});
  CHECK(divide_into_stages(default_network, 3) == Stages{{0, 1}, {1, 2}, {2, 3}});
  CHECK(divide_into_stages(std::vector<Index>{1, 1, 1, 1, 1, 1}, 3) ==
        Stages{{0, 2}, {2, 4}, {4, 6}});
  CHECK(divide_into_stages(std::vector<Index>{1, 9, 1}, 2) == Stages{{0, 1}, {1, 3}});
  CHECK(divide_into_stages(std::vector<Index>{1, 1, 1, 9}, 2) == Stages{{0, 3}, {3, 4}});
}

TEST_CASE("no other cut into stages has a cheaper costliest one") {
  RandomStream random(1, RandomPurpose::kShuffle);
  for (int round = 0; round < 300; ++round) {
    std::vector<Index> costs(1 + random.below(8));
    for (Index& cost : costs) cost = 1 + random.below(20);
    const auto layer_count = static_cast<int>(costs.size());
    const int stage_count =
        1 + static_cast<int>(random.below(static_cast<std::uint32_t>(layer_count)));

    // Every way to choose where stages begin, as the bits of a number.
    Index least = std::numeric_limits<Index>::max();
    for (std::uint32_t cuts = 0; cuts < 1U << (layer_count - 1); ++cuts) {
      if (__builtin_popcount(cuts) != stage_count - 1) continue;
      Index costliest = 0;
      Index sum = 0;
      for (int l = 0; l < layer_count; ++l) {
        if (l > 0 && (cuts >> (l - 1) & 1)) sum = 0;
        sum += costs[static_cast<std::size_t>(l)];
        costliest = std::max(costliest, sum);
      }
      least = std::min(least, costliest);
    }

    const std::vector<Range> stages = divide_into_stages(costs, stage_count);
    REQUIRE(stages.size() == static_cast<std::size_t>(stage_count));
    Index next = 0;
    Index costliest = 0;
    for (const Range& layers : stages) {
      REQUIRE(layers.begin == next);
      REQUIRE_FALSE(layers.empty());
      Index sum = 0;
      for (; next < layers.end; ++next) sum += costs[static_cast<std::size_t>(next)];
      costliest = std::max(costliest, sum);
    }
    REQUIRE(next == layer_count);
    REQUIRE(costliest == least);
  }
}
