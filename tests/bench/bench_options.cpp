#include "bench/bench_options.h"

#include <ctime>
#include <fstream>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "nn/kernels.h"
#include "system/cpu.h"

namespace trp {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(": ") + 2);
  return "unnamed processor";
}

}  // namespace

std::optional<int> read_bench_options(int argc, char** argv, const std::string& purpose,
                                      SpeedOptions& options) {
  CLI::App app(purpose);
  app.add_option("-d,--data", options.data,
                 "folder of a data set to train on [what the program itself would take; the "
                 "products of matrices need none]");
  app.add_option("--rounds", options.rounds, "measurements of each contender, in turn")
      ->check(CLI::Range(1, 100000));
  app.add_option("--hidden", options.hidden, "widths of one network [several networks]")
      ->delimiter(',')
      ->check(CLI::Range(1, 65536));
  app.add_option("-b,--batch-size", options.batch_sizes, "sizes of batches [several]")
      ->delimiter(',')
      ->check(CLI::Range(1, 65536));
  app.add_option("--samples", options.sample_count, "samples of an epoch, of training [by size]")
      ->check(CLI::Range(1, 1'000'000'000));
  app.add_flag("--quick", options.quick, "few rounds and few samples: to see whether it runs");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return std::nullopt;
}

std::string describe_machine() {
  return fmt::format("{:%F}; {}; {} CPUs; {}", fmt::gmtime(std::time(nullptr)), processor_name(),
                     available_cpus(), simd_target_name());
}

}  // namespace trp
