#include "report/environment.h"

#include <unistd.h>

#include <array>
#include <ctime>

#include <fmt/chrono.h>

#include "nn/kernels.h"
#include "report/numbers.h"
#include "system/cpu.h"

namespace trp {
namespace {

std::string host_name() {
  std::array<char, 256> name = {};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace

Build this_build() {
#if defined(__clang__)
  constexpr std::string_view kCompiler = __VERSION__;
#else
  constexpr std::string_view kCompiler = "GCC " __VERSION__;
#endif
  return {.version = TRP_VERSION,
          .commit = TRP_COMMIT,
          .date = TRP_COMMIT_DATE,
          .compiler = std::string(kCompiler),
          .type = TRP_BUILD_TYPE,
          .simd = simd_target_name(),
          .fma = simd_target_is_fused()};
}

Environment this_environment() {
  return {.time = fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr))),
          .host = host_name(),
          .cpu = cpu_model(),
          .cpus = available_cpus(),
          .build = this_build()};
}

std::string_view fma_note() {
  return simd_target_is_fused() ? "" : ", digest of a processor without FMA";
}

std::string machine_text(const Environment& environment) {
  std::string text = fmt::format("{}, {}, {}", environment.cpu, count_of(environment.cpus, "CPU"),
                                 environment.build.simd);
  if (environment.round_trip_ns)
    text += fmt::format(", {:.0f} ns to another CPU and back", *environment.round_trip_ns);
  return text;
}

std::vector<Cells> environment_facts(const std::string& command, const Environment& environment) {
  const Build& build = environment.build;
  return {{"command", command},
          {"machine", fmt::format("{}: {}", environment.host, machine_text(environment))},
          {"build", fmt::format("{}, {}, {}", build.version, build.compiler, build.type)},
          {"time", environment.time}};
}

Json document_of(std::string_view event, const Environment& environment) {
  const Build& build = environment.build;
  return {{"event", event},
          {"schema", kSchema},
          {"time", environment.time},
          {"host", environment.host},
          {"cpu", environment.cpu},
          {"cpus", environment.cpus},
          {"build",
           {{"version", build.version},
            {"commit", build.commit},
            {"compiler", build.compiler},
            {"type", build.type},
            {"simd", build.simd},
            {"fma", build.fma}}}};
}

}  // namespace trp
