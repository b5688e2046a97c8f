#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace trp {

/// What random numbers are for. It is part of their key, so that no two uses share numbers. The
/// values are written into nothing, but changing one changes every trained model.
enum class RandomPurpose : std::uint32_t {
  kWeights = 1,
  kShuffle = 2,
  kValidationSplit = 3,
  kAugmentation = 4,
  kDropout = 5,
  kSearch = 6,
  kTestSplit = 7,
  kBootstrap = 8,
};

/// Random numbers that are a pure function of (seed, purpose, epoch, item, position): Philox4x32-10
/// (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). No state is shared, so
/// neither threads nor loaders can change what is drawn. One object belongs to one thread.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, RandomPurpose purpose, std::uint32_t epoch = 0,
               std::uint32_t item = 0);

  /// Goes on with number `position` of next(), at most 2³⁴, a multiple of 4.
  void skip_to(std::uint64_t position);

  /// Returns 32 random bits.
  std::uint32_t next();

  /// Returns a number uniform in [0, 1), a multiple of 2⁻²⁴.
  float uniform();

  /// Returns a number uniform in 0 … n − 1 without bias, n ≥ 1 (Lemire, "Fast random integer
  /// generation in an interval", TOMACS 2019).
  std::uint32_t below(std::uint32_t n);

  /// Draws as many words of 32 random bits at once, faster than next(), whose next so many numbers
  /// they are in another order.
  static constexpr std::size_t kGroupWords = 64;
  void fill_words(std::span<std::uint32_t, kGroupWords> words);

  /// Draws normal numbers of mean 0 and deviation 1, none beyond ±5.8 (Box & Muller, 1958, with 23
  /// bits of radius and 26 of angle), the same bits on all machines with fused multiply-add. Whole
  /// groups of 64 numbers are used up, and what next() had left of its last four is passed over.
  void fill_normal(std::span<float> values);

 private:
  std::uint64_t seed_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> numbers_{};
  unsigned used_ = 4;
};

/// Puts the items in random order (Fisher–Yates).
void shuffle(std::span<std::uint32_t> items, RandomStream& random);

}  // namespace trp
