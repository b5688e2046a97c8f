#include "cli/version.h"

#include <fmt/format.h>
#include <hwy/highway.h>
#include <Eigen/Core>

#include "nn/kernels.h"

namespace trp {

std::string_view program_version() { return TRP_VERSION; }

std::string version_text(std::string_view cli11_version) {
#if defined(__clang__)
  const std::string_view compiler = __VERSION__;
#else
  const std::string_view compiler = "GCC " __VERSION__;
#endif
  const std::string_view build_type = TRP_BUILD_TYPE;
  return fmt::format(
      "tensor_relu_parallel {}\n"
      "compiler   {}, {}\n"
      "SIMD       {}\n"
      "libraries  Eigen {}.{}.{}, Highway {}.{}.{}, fmt {}.{}.{}, CLI11 {}\n",
      program_version(), compiler, build_type.empty() ? "no build type" : build_type,
      simd_target_name(), EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION, HWY_MAJOR,
      HWY_MINOR, HWY_PATCH, FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100,
      cli11_version);
}

}  // namespace trp
