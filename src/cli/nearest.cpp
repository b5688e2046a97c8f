#include "cli/nearest.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include <fmt/format.h>

namespace trp {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Three rows of the table of distances between the beginnings of a and b.
  std::vector<std::size_t> two_before(b.size() + 1), before(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(two_before, before);
    std::swap(before, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = before[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({before[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], two_before[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  constexpr std::size_t kMaxWordLength = 64;  // nothing that long is a slip of the finger
  constexpr std::size_t kMinBeginning = 5;
  if (word.size() > kMaxWordLength) return std::nullopt;
  std::string lower(word);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const bool is_beginning = lower.size() >= kMinBeginning && candidate.starts_with(lower);
    const std::size_t distance = is_beginning ? 1 : edit_distance(lower, candidate);
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = candidate;
  }
  return best;
}

std::string suggestion(std::string_view word, std::span<const std::string> candidates) {
  const auto best = nearest(word, candidates);
  return best ? fmt::format("; did you mean {}?", *best) : std::string();
}

}  // namespace trp
