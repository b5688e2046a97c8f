#include "report/environment.h"

#include <regex>

#include "catch.h"
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
  CHECK(to_text(document_of("bench", sample_environment())) ==
        R"({"event":"bench","schema":2,"time":"2026-11-24T09:15:52Z","host":"box",)"
        R"("cpu":"Some CPU","cpus":2,"build":{"version":"1.2.3","compiler":"GCC 12",)"
        R"("type":"Release","simd":"AVX2"}})");
  CHECK(machine_text(sample_environment()) == "Some CPU, 2 CPUs, AVX2");
}

}  // namespace
}  // namespace trp
