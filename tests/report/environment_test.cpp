#include "report/environment.h"

#include <regex>

#include "catch.h"
#include "nn/each_target.h"
#include "report/sample_run.h"

namespace trp {
namespace {

TEST_CASE("the environment tells when, where and with which build") {
  const Environment environment = this_environment();
  CHECK(std::regex_match(environment.time, std::regex(R"(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ)")));
  CHECK(!environment.host.empty());
  CHECK(!environment.cpu.empty());
  CHECK(environment.cpus >= 1);
  CHECK(!environment.build.version.empty());
  CHECK(!environment.build.compiler.empty());
  CHECK(!environment.build.simd.empty());
}

TEST_CASE("documents begin with event, schema and environment, which people read it in short") {
  CHECK(json_text(document_of("bench", sample_environment())) ==
        R"({"event":"bench","schema":2,"time":"2026-11-24T09:15:52Z","host":"box",)"
        R"("cpu":"Some CPU","cpus":2,"build":{"version":"1.2.3","commit":"","compiler":"GCC 12",)"
        R"("type":"Release","simd":"AVX2","fma":true}})");
  CHECK(machine_text(sample_environment()) == "Some CPU, 2 CPUs, AVX2");
  Environment measured = sample_environment();
  measured.round_trip_ns = 82.6;
  CHECK(machine_text(measured) == "Some CPU, 2 CPUs, AVX2, 83 ns to another CPU and back");
}

TEST_CASE("a processor without FMA is told wherever a digest is, and only that") {
  const std::string words = "digest of a processor without FMA";
  on_each_target([&] {
    Environment environment = sample_environment();
    environment.build = this_build();
    CHECK(environment.build.fma == simd_target_is_fused());
    CHECK(document_of("start", environment)["build"]["fma"] == simd_target_is_fused());
    CapturedLines summary;
    text_reporter(summary.writer(), {})(RunSummary{sample_result(), 1});
    CHECK(fma_note().empty() == simd_target_is_fused());
    CHECK((summary.text().find(words) == std::string::npos) == simd_target_is_fused());
  });
}

}  // namespace
}  // namespace trp
