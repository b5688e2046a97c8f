#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/json.h"
#include "report/table.h"

namespace trp {

/// How this program was built, and the instruction set that it uses here.
struct Build {
  std::string version;
  std::string commit = {};  // empty outside of a repository
  std::string date = {};    // of the commit, ISO 8601: 2026-11-24
  std::string compiler;
  std::string type;  // as CMake calls it, "Release"; may be empty
  std::string simd;
  bool fma = true;  // whether that instruction set has fused multiply-add
};

/// When and where a result was measured, and with which build.
struct Environment {
  std::string time;  // UTC, ISO 8601: 2026-11-24T09:15:52Z
  std::string host;
  std::string cpu;  // its model
  int cpus = 1;     // that this process may use
  Build build;
  std::optional<double> round_trip_ns = {};  // of a cache line, where that was measured
  std::optional<double> peak_gflops = {};    // of a core, likewise
  std::optional<double> load = {};           // runnable threads in the last minute, likewise
};

Build this_build();

/// The environment at the time of the call.
Environment this_environment();

/// What is to stand next to the digests of this processor: nothing if it has fused multiply-add.
std::string_view fma_note();

/// "AMD EPYC, 2 CPUs, AVX2", and ", 83 ns to another CPU and back" where that was measured
std::string machine_text(const Environment& environment);

/// What every page tells of how it was made, names and texts: the command, the machine, the build.
std::vector<Cells> environment_facts(const std::string& command, const Environment& environment);

/// The fields that every document begins with: event, schema, and the environment.
Json document_of(std::string_view event, const Environment& environment);

}  // namespace trp
