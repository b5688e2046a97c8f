#pragma once

#include <cstdint>
#include <type_traits>

#include <unsupported/Eigen/CXX11/Tensor>

namespace trp {

using Index = Eigen::Index;

/// The floats of a cache line, which are also those of the widest SIMD vector that the kernels use.
/// Rows start at multiples of it, and columns are divided among callers only at multiples of it.
inline constexpr Index kLineFloats = 16;

/// Returns the next multiple from n on.
constexpr Index round_up(Index n, Index multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

using RowMajorMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A view is a matrix of numbers that belong to somebody else; row r starts at data + r · stride.
/// It is copied and assigned like a pointer. `Scalar` is a float or a byte, const or not.
template <class Scalar>
class BasicTensorView {
 public:
  BasicTensorView() = default;
  BasicTensorView(Scalar* data, Index rows, Index cols, Index stride)
      : data_(data), rows_(rows), cols_(cols), stride_(stride) {}
  template <class Other>
  requires std::is_same_v<const Other, Scalar> BasicTensorView(
      const BasicTensorView<Other>& other)  // NOLINT: converts, as pointers do
      : BasicTensorView(other.data(), other.rows(), other.cols(), other.stride()) {}

  Scalar* data() const { return data_; }
  Index rows() const { return rows_; }
  Index cols() const { return cols_; }
  Index stride() const { return stride_; }
  Scalar* row(Index r) const { return data_ + r * stride_; }

  /// Returns a view of rows begin to end − 1.
  BasicTensorView view_rows(Index begin, Index end) const {
    return {row(begin), end - begin, cols_, stride_};
  }
  /// Returns a view of columns begin to end − 1.
  BasicTensorView view_cols(Index begin, Index end) const {
    return {data_ + begin, rows_, end - begin, stride_};
  }

  /// Returns the same floats for Eigen's own arithmetic.
  auto matrix() const {
    static_assert(std::is_same_v<std::remove_const_t<Scalar>, float>);
    using Matrix =
        std::conditional_t<std::is_const_v<Scalar>, const RowMajorMatrix, RowMajorMatrix>;
    return Eigen::Map<Matrix, Eigen::Unaligned, Eigen::OuterStride<>>(
        data_, rows_, cols_, Eigen::OuterStride<>(stride_));
  }

 private:
  Scalar* data_ = nullptr;
  Index rows_ = 0;
  Index cols_ = 0;
  Index stride_ = 0;
};

using TensorView = BasicTensorView<float>;
using ConstTensorView = BasicTensorView<const float>;
using ConstByteTensorView = BasicTensorView<const std::uint8_t>;

/// A tensor is a row-major matrix that owns its numbers, zero at first. Each row is padded to whole
/// cache lines. The kernels may write the padding but never read it into an element that counts.
///
/// A row takes an odd number of cache lines: with a power of two the rows of a column of tiles
/// would fall into the same few cache sets and push one another out.
template <class Scalar>
class BasicTensor {
 public:
  BasicTensor() = default;
  BasicTensor(Index rows, Index cols) : storage_(rows, padded_stride(cols)), cols_(cols) {
    storage_.setZero();
  }

  Index rows() const { return storage_.dimension(0); }
  Index cols() const { return cols_; }
  Index stride() const { return storage_.dimension(1); }

  Scalar* row(Index r) { return storage_.data() + r * stride(); }
  const Scalar* row(Index r) const { return storage_.data() + r * stride(); }
  Scalar& operator()(Index r, Index c) { return row(r)[c]; }
  Scalar operator()(Index r, Index c) const { return row(r)[c]; }

  BasicTensorView<Scalar> view() { return {row(0), rows(), cols_, stride()}; }
  BasicTensorView<const Scalar> view() const { return {row(0), rows(), cols_, stride()}; }
  /// Returns a view of rows begin to end − 1.
  BasicTensorView<Scalar> view_rows(Index begin, Index end) { return view().view_rows(begin, end); }
  BasicTensorView<const Scalar> view_rows(Index begin, Index end) const {
    return view().view_rows(begin, end);
  }

 private:
  static constexpr Index padded_stride(Index cols) {
    constexpr Index kLine = kLineFloats * static_cast<Index>(sizeof(float) / sizeof(Scalar));
    return (round_up(cols, kLine) / kLine | 1) * kLine;
  }

  Eigen::Tensor<Scalar, 2, Eigen::RowMajor> storage_;
  Index cols_ = 0;
};

using Tensor = BasicTensor<float>;
using ByteTensor = BasicTensor<std::uint8_t>;

}  // namespace trp
