#include "data/loader.h"

#include <algorithm>
#include <exception>
#include <stdexcept>

#include "system/cpu.h"

namespace trp {
namespace {

std::vector<Batch> make_batches(const Dataset& dataset, const BatchPlan& plan, int queue_size) {
  const auto count = std::clamp<std::int64_t>(plan.batch_count(), 1, queue_size);
  std::vector<Batch> batches;
  batches.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) batches.emplace_back(plan.form, dataset.feature_count);
  return batches;
}

}  // namespace

Loader::Loader(const Dataset& dataset, const Sampler& sampler, const BatchPlan& plan,
               int thread_count, int queue_size)
    : dataset_(dataset),
      sampler_(sampler),
      plan_(plan),
      queue_(make_batches(dataset, plan, queue_size), plan.batch_count()) {
  start_threads(thread_count);
}

Loader::~Loader() {
  queue_.cancel();
  for (std::thread& thread : threads_) thread.join();
}

void Loader::start_threads(int thread_count) {
  threads_.reserve(static_cast<std::size_t>(thread_count));
  for (int i = 0; i < thread_count; ++i) {
    try {
      threads_.emplace_back([this] {
        untie_thread();  // the thread that makes loaders may be a worker with a CPU of its own
        EpochOrder order;
        while (prepare_one(order)) {
        }
      });
    } catch (const std::exception&) {  // no thread to be had, or no memory for one
      break;  // fewer threads load the same batches; thread_count() tells how many there are
    }
  }
}

int Loader::ready_count() {
  return static_cast<int>(queue_.finished_count()) - (holds_batch_ ? 1 : 0);
}

const Batch& Loader::next() {
  if (holds_batch_) queue_.release();
  holds_batch_ = false;
  if (threads_.empty()) prepare_one(own_order_);
  const Batch* batch = queue_.next();
  if (!batch) throw std::out_of_range("Loader: there are no more batches");
  holds_batch_ = true;
  return *batch;
}

bool Loader::prepare_one(EpochOrder& order) {
  return queue_.produce(
      [&](std::int64_t number, Batch& batch) { fill(plan_.first_batch + number, order, batch); });
}

void Loader::fill(std::int64_t number, EpochOrder& order, Batch& batch) const {
  const auto epoch = static_cast<int>(number / plan_.batches_per_epoch()) + 1;
  if (order.epoch != epoch) {
    epoch_order(sampler_, epoch, order.samples);
    order.epoch = epoch;
  }
  const Index begin = number % plan_.batches_per_epoch() * plan_.form.capacity;
  const Index count = std::min(plan_.form.capacity, plan_.samples_per_epoch - begin);
  const auto samples =
      std::span(order.samples)
          .subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count));
  gather(dataset_, samples, {0, count}, batch,
         {.options = plan_.augment, .seed = sampler_.seed, .epoch = epoch});
}

}  // namespace trp
