// Compiled once for each instruction set; which one runs is chosen at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/random_normal.cpp"

#include <algorithm>
#include <array>
#include <numbers>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/elementary-inl.h"
#include "core/random.h"

#ifndef TRP_CORE_RANDOM_NORMAL_ONCE
#define TRP_CORE_RANDOM_NORMAL_ONCE
namespace trp {

/// A group is made from 16 counters: value 16 j + i comes from word j of counter i, on any machine.
inline constexpr std::uint32_t kGroupCounters = 16;
inline constexpr std::size_t kGroupValues = RandomStream::kGroupWords;

}  // namespace trp
#endif

HWY_BEFORE_NAMESPACE();
namespace trp {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, kGroupCounters>;
using Words = hn::RebindToUnsigned<Floats>;
using Integers = hn::RebindToSigned<Floats>;
using Products = hn::Repartition<std::uint64_t, Words>;
using FloatVector = hn::Vec<Floats>;
using WordVector = hn::Vec<Words>;
using ProductVector = hn::Vec<Products>;

constexpr std::uint32_t kLanes = static_cast<std::uint32_t>(hn::MaxLanes(Floats()));

/// The lower halves of the lanes are what counts; the upper ones hold leftovers, which MulEven does
/// not read.
struct Counters {
  ProductVector word[4];
};

ProductVector multiply(ProductVector words, std::uint32_t factor) {
  const Words d;
  return hn::MulEven(hn::BitCast(d, words), hn::Set(d, factor));
}

/// Philox4x32-10, as in Random123, for as many counters as there are lanes.
void encrypt(std::uint64_t seed, Counters& c) {
  const Products d;
  auto key0 = static_cast<std::uint32_t>(seed);
  auto key1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const auto product0 = multiply(c.word[0], 0xD2511F53U);
    const auto product1 = multiply(c.word[2], 0xCD9E8D57U);
    c.word[0] = hn::Xor(hn::Xor(hn::ShiftRight<32>(product1), c.word[1]), hn::Set(d, key0));
    c.word[2] = hn::Xor(hn::Xor(hn::ShiftRight<32>(product0), c.word[3]), hn::Set(d, key1));
    c.word[1] = product1;
    c.word[3] = product0;
    key0 += 0x9E3779B9U;
    key1 += 0xBB67AE85U;
  }
}

/// Words of counters that take turns: even lanes from the first, odd ones from the second.
WordVector interleave(ProductVector even, ProductVector odd) {
  const Products d;
  const auto lower_half = hn::And(even, hn::Set(d, 0xFFFFFFFFULL));
  return hn::BitCast(Words(), hn::Or(lower_half, hn::ShiftLeft<32>(odd)));
}

/// ln x for normal x < √2, to about one unit in the last place (polynomial of Cephes' logf).
FloatVector natural_logarithm(FloatVector x) {
  static constexpr float kTerms[] = {7.0376836292e-2F,  -1.1514610310e-1F, 1.1676998740e-1F,
                                     -1.2420140846e-1F, 1.4249322787e-1F,  -1.6668057665e-1F,
                                     2.0000714765e-1F,  -2.4999993993e-1F, 3.3333331174e-1F};
  const Floats d;
  const Integers di;
  // x = 2^e · (1 + f) with 1 + f from √½ to √2.
  const auto bits = hn::BitCast(di, x);
  const auto e = hn::ShiftRight<23>(hn::Sub(bits, hn::Set(di, 0x3F3504F3)));
  const auto f = hn::Sub(hn::BitCast(d, hn::Sub(bits, hn::ShiftLeft<23>(e))), hn::Set(d, 1.0F));
  const auto exponent = hn::ConvertTo(d, e);
  const auto square = hn::Mul(f, f);
  auto tail = hn::Mul(hn::Mul(square, f), polynomial(d, f, kTerms));
  tail = hn::MulAdd(exponent, hn::Set(d, -2.12194440e-4F), tail);
  tail = hn::MulAdd(square, hn::Set(d, -0.5F), tail);
  return hn::MulAdd(exponent, hn::Set(d, 0.693359375F), hn::Add(f, tail));
}

/// Two words to two normal numbers: the first is the radius, the second the direction.
void box_muller(WordVector a, WordVector b, FloatVector& x, FloatVector& y) {
  static constexpr float kSine[] = {-1.9515295891e-4F, 8.3321608736e-3F, -1.6666654611e-1F};
  static constexpr float kCosine[] = {2.443315711809948e-5F, -1.388731625493765e-3F,
                                      4.166664568298827e-2F};
  static constexpr auto kAngleUnit = static_cast<float>(std::numbers::pi / 4 / 0x1p23);
  const Floats d;
  const Integers di;
  // Strictly between 0 and 1: (k + ½) / 2²³ is a float.
  const auto k = hn::ConvertTo(d, hn::BitCast(di, hn::ShiftRight<9>(a)));
  const auto uniform = hn::Mul(hn::Add(k, hn::Set(d, 0.5F)), hn::Set(d, 0x1p-23F));
  const auto radius = hn::Sqrt(hn::Mul(natural_logarithm(uniform), hn::Set(d, -2.0F)));

  // 24 bits are an angle from −π/4 to π/4, two others which of the four quarters it lies in.
  const auto signed_bits = hn::ShiftRight<8>(hn::BitCast(di, b));
  const auto angle = hn::Mul(hn::ConvertTo(d, signed_bits), hn::Set(d, kAngleUnit));
  const auto square = hn::Mul(angle, angle);
  const auto sine = hn::MulAdd(hn::Mul(angle, square), polynomial(d, square, kSine), angle);
  auto cosine = hn::MulAdd(hn::Mul(square, square), polynomial(d, square, kCosine),
                           hn::MulAdd(square, hn::Set(d, -0.5F), hn::Set(d, 1.0F)));
  cosine = hn::Xor(cosine, hn::BitCast(d, hn::ShiftLeft<31>(b)));
  const Words dw;
  const auto swap = hn::RebindMask(d, hn::TestBit(b, hn::Set(dw, 2U)));
  x = hn::Mul(radius, hn::IfThenElse(swap, sine, cosine));
  y = hn::Mul(radius, hn::IfThenElse(swap, cosine, sine));
}

/// Consecutive counters, in pairs: half of them in the even, half in the odd words.
Counters make_counters(const std::array<std::uint32_t, 4>& counter, std::uint32_t offset) {
  const Products d;
  const auto first = hn::Set(d, std::uint64_t{counter[0]} + offset);
  const auto steps = hn::ShiftLeft<1>(hn::Iota(d, 0U));
  return {{hn::Add(first, steps), hn::Set(d, counter[1]), hn::Set(d, counter[2]),
           hn::Set(d, counter[3])}};
}

/// The four words of each of the lanes' counters, the first of which is number i of the group.
struct GroupWords {
  WordVector word[4];
};

GroupWords words_of_counters(std::uint64_t seed, const std::array<std::uint32_t, 4>& counter,
                             std::uint32_t i) {
  Counters even = make_counters(counter, i);
  Counters odd = make_counters(counter, i + 1);
  encrypt(seed, even);
  encrypt(seed, odd);
  GroupWords words;
  for (std::size_t j = 0; j < 4; ++j) words.word[j] = interleave(even.word[j], odd.word[j]);
  return words;
}

void normal_group_to(std::uint64_t seed, const std::array<std::uint32_t, 4>& counter,
                     float* values) {
  const Floats d;
  for (std::uint32_t i = 0; i < kGroupCounters; i += kLanes) {
    const GroupWords words = words_of_counters(seed, counter, i);
    for (std::size_t j = 0; j < 4; j += 2) {
      FloatVector x;
      FloatVector y;
      box_muller(words.word[j], words.word[j + 1], x, y);
      hn::StoreU(x, d, values + kGroupCounters * j + i);
      hn::StoreU(y, d, values + kGroupCounters * (j + 1) + i);
    }
  }
}

void word_group_to(std::uint64_t seed, const std::array<std::uint32_t, 4>& counter,
                   std::uint32_t* values) {
  const Words d;
  for (std::uint32_t i = 0; i < kGroupCounters; i += kLanes) {
    const GroupWords words = words_of_counters(seed, counter, i);
    for (std::size_t j = 0; j < 4; ++j)
      hn::StoreU(words.word[j], d, values + kGroupCounters * j + i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace trp
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace trp {

HWY_EXPORT(normal_group_to);
HWY_EXPORT(word_group_to);

void RandomStream::fill_words(std::span<std::uint32_t, kGroupWords> words) {
  used_ = static_cast<unsigned>(numbers_.size());
  HWY_DYNAMIC_DISPATCH(word_group_to)(seed_, counter_, words.data());
  counter_[0] += kGroupCounters;
}

void RandomStream::fill_normal(std::span<float> values) {
  used_ = static_cast<unsigned>(numbers_.size());
  const auto make_group = [this](float* group) {
    HWY_DYNAMIC_DISPATCH(normal_group_to)(seed_, counter_, group);
    counter_[0] += kGroupCounters;
  };
  for (; values.size() >= kGroupValues; values = values.subspan(kGroupValues))
    make_group(values.data());
  if (values.empty()) return;
  std::array<float, kGroupValues> group;
  make_group(group.data());
  std::copy_n(group.begin(), values.size(), values.begin());
}

}  // namespace trp
#endif
