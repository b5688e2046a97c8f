#include "data/loader.h"

#include <set>
#include <stdexcept>
#include <thread>

#include "catch.h"
#include "data/synthetic.h"

using namespace trp;

namespace {

Dataset image_data() {
  Dataset dataset = synthetic_dataset(50, 30, 5, 1);
  dataset.sample_shape = {5, 6};
  return dataset;
}

bool same_rows(const Batch& a, const Batch& b, Index count) {
  const auto features = static_cast<std::size_t>(std::max(a.floats.cols(), a.bytes.cols()));
  const auto same_row = [&](Index row) {
    return a.bytes.rows() == 0
               ? std::equal(a.floats.row(row), a.floats.row(row) + features, b.floats.row(row))
               : std::equal(a.bytes.row(row), a.bytes.row(row) + features, b.bytes.row(row));
  };
  for (Index row = 0; row < count; ++row)
    if (!same_row(row)) return false;
  return std::equal(a.labels.begin(), a.labels.begin() + count, b.labels.begin());
}

}  // namespace

TEST_CASE("loaders give the batches of gather, in order, however many they are") {
  const Dataset dataset = image_data();
  const Sampler sampler = make_sampler(50, 0.1, 7, true);  // 45 to train on
  for (const BatchElements elements : {BatchElements::kFloats, BatchElements::kBytes})
    for (const Index batch_size : {1, 16, 45})
      for (const int threads : {0, 1, 2, 3, 8})
        for (const int queue_size : {1, 4, 4096}) {
          const BatchPlan plan = {.form = {batch_size, elements},
                                  .samples_per_epoch = 45,
                                  .epochs = 3,
                                  .augment = {elements == BatchElements::kFloats, true}};
          Loader loader(dataset, sampler, plan, threads, queue_size);
          REQUIRE(loader.thread_count() == threads);
          Batch expected({batch_size, elements}, 30);
          std::vector<std::uint32_t> order;
          for (int epoch = 1; epoch <= 3; ++epoch) {
            epoch_order(sampler, epoch, order);
            for (Index done = 0; done < 45; done += batch_size) {
              const Index count = std::min(batch_size, 45 - done);
              gather(dataset, std::span(order).subspan(static_cast<std::size_t>(done)), {0, count},
                     expected, {plan.augment, 7, epoch});
              REQUIRE(same_rows(loader.next(), expected, count));
            }
          }
          REQUIRE_THROWS_AS(loader.next(), std::out_of_range);
        }
}

TEST_CASE("batches are ready up to the length of the queue, that in hand not among them") {
  const Dataset dataset = image_data();
  const Sampler sampler = make_sampler(50, 0, 1, true);
  Loader loader(dataset, sampler, {.form = {25}, .samples_per_epoch = 50, .epochs = 2}, 1, 3);
  const auto wait_until_ready = [&](int count) {
    while (loader.ready_count() < count) std::this_thread::yield();
    CHECK(loader.ready_count() == count);
  };
  wait_until_ready(3);
  for (const int left : {2, 2, 1, 0}) {  // four batches in three places, one of them in hand
    loader.next();
    wait_until_ready(left);
  }
}

TEST_CASE("batches lie in as many buffers as the queue is long, through all epochs") {
  const Dataset dataset = image_data();
  const Sampler sampler = make_sampler(50, 0, 1, true);
  Loader loader(dataset, sampler, {.form = {5}, .samples_per_epoch = 50, .epochs = 20}, 3, 4);
  std::set<const float*> rows;
  std::set<const std::uint8_t*> labels;
  for (int batch = 0; batch < 200; ++batch) {
    const Batch& next = loader.next();
    rows.insert(next.floats.row(0));
    labels.insert(next.labels.data());
  }
  CHECK(rows.size() == 4);
  CHECK(labels.size() == 4);
}

TEST_CASE("what a loader throws is thrown by next in its turn, and again") {
  Dataset dataset = image_data();
  dataset.labels.resize(30);
  const Sampler sampler = make_sampler(50, 0, 1, false);
  for (const int threads : {0, 1, 3})
    for (const int queue_size : {1, 4}) {
      Loader loader(dataset, sampler, {.form = {4}, .samples_per_epoch = 50, .epochs = 2}, threads,
                    queue_size);
      for (int batch = 0; batch < 7; ++batch) loader.next();
      CHECK_THROWS_WITH(loader.next(), "gather: sample 30 of a data set with 30 samples");
      CHECK_THROWS_AS(loader.next(), std::out_of_range);
    }
}

TEST_CASE("loaders can be stopped at any time") {
  const Dataset dataset = image_data();
  const Sampler sampler = make_sampler(50, 0, 1, true);
  const BatchPlan plan = {
      .form = {7}, .samples_per_epoch = 50, .epochs = 1000, .augment = {true, true}};
  for (int round = 0; round < 300; ++round) {
    Loader loader(dataset, sampler, plan, round % 4, 1 + round % 5);
    for (int batch = 0; batch < round % 23; ++batch) loader.next();
  }
}
