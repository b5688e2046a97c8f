#include "cli/model_input.h"

#include <fmt/ranges.h>

#include "core/fail.h"
#include "system/cpu.h"
#include "system/input_file.h"

namespace trp {

ThreadPool make_pool(int workers) {
  const int cpus = available_cpus();
  return {workers > 0 ? workers : cpus, cpus};
}

void check_fits(const std::string& model_name, const Mlp& mlp, const std::string& images_name,
                std::span<const Index> shape) {
  Index values = 1;
  for (const Index size : shape) values *= size;
  if (values == mlp.input_size()) return;
  fail(
      "{}: expected images of {} values each, as {} takes them, found {} ({}); hint: was the model "
      "trained on other data?",
      input_name(images_name), mlp.input_size(), model_name, values, fmt::join(shape, " x "));
}

void check_standard_input(const std::string& model, const std::string& other,
                          std::string_view other_name) {
  if (model != "-" || other != "-") return;
  fail_usage("MODEL and {} are both -, but standard input can be only one file", other_name);
}

}  // namespace trp
