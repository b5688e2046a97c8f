#include "core/random.h"

#include <utility>

#include <Random123/philox.h>

namespace trp {

RandomStream::RandomStream(std::uint64_t seed, RandomPurpose purpose, std::uint32_t epoch,
                           std::uint32_t item)
    : seed_(seed), counter_{0, static_cast<std::uint32_t>(purpose), epoch, item} {}

void RandomStream::skip_to(std::uint64_t position) {
  counter_[0] = static_cast<std::uint32_t>(position / numbers_.size());
  used_ = 4;
}

std::uint32_t RandomStream::next() {
  if (used_ == numbers_.size()) {
    const r123::Philox4x32::ctr_type counter = {
        {counter_[0], counter_[1], counter_[2], counter_[3]}};
    const r123::Philox4x32::key_type key = {
        {static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)}};
    const auto numbers = r123::Philox4x32()(counter, key);
    for (unsigned i = 0; i < numbers_.size(); ++i) numbers_[i] = numbers[i];
    ++counter_[0];
    used_ = 0;
  }
  return numbers_[used_++];
}

float RandomStream::uniform() { return static_cast<float>(next() >> 8) * 0x1p-24F; }

std::uint32_t RandomStream::below(std::uint32_t n) {
  std::uint64_t product = std::uint64_t{next()} * n;
  if (static_cast<std::uint32_t>(product) < n) {
    const std::uint32_t threshold = -n % n;
    while (static_cast<std::uint32_t>(product) < threshold) product = std::uint64_t{next()} * n;
  }
  return static_cast<std::uint32_t>(product >> 32);
}

void shuffle(std::span<std::uint32_t> items, RandomStream& random) {
  for (std::size_t i = items.size(); i > 1; --i)
    std::swap(items[i - 1], items[random.below(static_cast<std::uint32_t>(i))]);
}

}  // namespace trp
