#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <string_view>

#include <fmt/ranges.h>

#include "core/fail.h"
#include "core/random.h"
#include "core/text.h"
#include "data/foreign_data.h"
#include "trp/dataset.h"

namespace trp {
namespace {

using Names = std::vector<std::string>;
using Selection = std::vector<std::size_t>;

template <class Elements>
Elements selected(const Elements& elements, const Selection& samples, std::size_t size) {
  Elements result;
  for (const std::size_t sample : samples) {
    const auto begin = elements.begin() + static_cast<std::ptrdiff_t>(sample * size);
    result.insert(result.end(), begin, begin + static_cast<std::ptrdiff_t>(size));
  }
  return result;
}

LabelledSamples selected(const LabelledSamples& all, const Selection& samples) {
  LabelledSamples result{
      .name = all.name, .images = {}, .labels = selected(all.labels, samples, 1)};
  const auto& [type, shape, bytes, values] = all.images;
  result.images = {type, shape, selected(bytes, samples, bytes.size() / all.labels.size()),
                   selected(values, samples, values.size() / all.labels.size())};
  result.images.shape[0] = std::ssize(samples);
  return result;
}

/// Takes a share of the samples, chosen at random but always alike, as test set.
void split(ForeignData& data, double share) {
  const auto count = static_cast<double>(data.train.labels.size());
  const auto test_count = static_cast<std::size_t>(std::lround(share * count));
  if (test_count < 1 || test_count >= data.train.labels.size()) {
    fail(
        "{}: expected a test set, or a share of the {} samples for it that leaves some for each, "
        "found neither; hint: choose a share, as 0.2",
        data.train.name, count);
  }
  std::vector<std::uint32_t> order(data.train.labels.size());
  std::iota(order.begin(), order.end(), 0U);
  RandomStream random(1, RandomPurpose::kTestSplit);
  shuffle(order, random);
  const auto end_of_test = order.begin() + static_cast<std::ptrdiff_t>(test_count);
  Selection test(order.begin(), end_of_test), train(end_of_test, order.end());
  std::ranges::sort(test);
  std::ranges::sort(train);
  data.test = selected(data.train, test);
  data.train = selected(data.train, train);
}

/// Returns the names of the classes, in natural order; none if classes have numbers.
Names names_of_classes(const LabelledSamples& samples) {
  Index ignored = 0;
  if (read_whole(samples.labels.front(), ignored)) return {};
  Names names = samples.labels;
  std::ranges::sort(names, natural_less);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names.size() > kMaxClasses) {
    fail("{}: expected at most {} classes, found {}, {}, …; hint: are these the labels?",
         samples.name, kMaxClasses, in_quotes(names[0]), in_quotes(names[1]));
  }
  for (const std::string& name : names) {
    if (name.find_first_of("\r\n") != std::string::npos)
      fail("{}: expected a name of one line, found {}; hint: name the class otherwise",
           samples.name, in_quotes(name));
  }
  return names;
}

IdxArray number_labels(const LabelledSamples& samples, const Names& names, int offset) {
  IdxArray array{.shape = {std::ssize(samples.labels)}, .bytes = {}, .values = {}};
  const int first = names.empty() ? offset : 0;
  const Index count = names.empty() ? kMaxClasses : std::ssize(names);
  for (const std::string& label : samples.labels) {
    Index number = std::ranges::find(names, label) - names.begin();
    const bool is_read = !names.empty() || read_whole(label, number);
    number -= first;
    if (!is_read || number < 0 || number >= count) {
      fail("{}: label {} is {}, expected {}; hint: {}", samples.name, array.bytes.size(),
           in_quotes(label),
           names.empty() ? fmt::format("a whole number from {} to {}", first, first + count - 1)
                         : fmt::format("one of {}", fmt::join(names, ", ")),
           names.empty() ? "are these the labels, and is that the number of the first class?"
                         : "there are no samples of this class to train on");
    }
    array.bytes.push_back(static_cast<std::uint8_t>(number));
  }
  return array;
}

template <class Elements>
void transpose(Elements& elements, std::size_t rows, std::size_t cols) {
  const Elements before = elements;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const std::size_t pixel = i % (rows * cols);
    elements[i - pixel + pixel % cols * rows + pixel / cols] = before[i];
  }
}

void transpose(LabelledSamples& samples) {
  std::vector<Index>& shape = samples.images.shape;
  if (shape.size() != 3) {
    fail("{}: expected images of rows and columns to transpose, found {}; hint: do without",
         samples.name, fmt::join(shape, " x "));
  }
  const auto rows = static_cast<std::size_t>(shape[1]), cols = static_cast<std::size_t>(shape[2]);
  transpose(samples.images.bytes, rows, cols);
  transpose(samples.images.values, rows, cols);
  std::swap(shape[1], shape[2]);
}

void make_alike(LabelledSamples& train, LabelledSamples& test) {
  const std::span<const Index> expected(train.images.shape), found(test.images.shape);
  if (!std::ranges::equal(expected.subspan(1), found.subspan(1))) {
    fail("{}: expected samples of {}, as in {}, found {}; hint: they must be of one data set",
         test.name, fmt::join(expected.subspan(1), " x "), train.name,
         fmt::join(found.subspan(1), " x "));
  }
  if (train.images.type == IdxType::kUnsignedByte && test.images.type == train.images.type) return;
  make_floats(train.images);
  make_floats(test.images);
}

}  // namespace

bool natural_less(const std::string& a, const std::string& b) {
  // Digits, without zeros before them, stand behind their count.
  const auto key = [](std::string_view text) {
    constexpr std::string_view kDigits = "0123456789";
    std::string result;
    while (!text.empty()) {
      const std::size_t digits = std::min(text.find_first_not_of(kDigits), text.size());
      const std::size_t zeros = std::min(text.find_first_not_of('0'), digits);
      if (digits > 0) result += fmt::format("0{:03}", digits - zeros);
      const std::size_t end = std::min(text.find_first_of(kDigits, digits), text.size());
      result += text.substr(zeros, end - zeros);
      text.remove_prefix(end);
    }
    return result;
  };
  return std::pair(key(a), a) < std::pair(key(b), b);
}

ConvertedData convert(ForeignData data, const ConvertOptions& options) {
  if (data.test && options.test_share > 0) {
    fail("{}: expected no share for a test set, since there is one; hint: leave it out",
         data.test->name);
  }
  const Names names = names_of_classes(data.train);
  if (!data.test) split(data, options.test_share);
  make_alike(data.train, *data.test);
  for (LabelledSamples* samples : {&data.train, &*data.test})
    if (options.transpose) transpose(*samples);
  return {.train_images = std::move(data.train.images),
          .train_labels = number_labels(data.train, names, options.label_offset),
          .test_images = std::move(data.test->images),
          .test_labels = number_labels(*data.test, names, options.label_offset),
          .class_names = names};
}

}  // namespace trp
