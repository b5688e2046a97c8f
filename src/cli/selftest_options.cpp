#include "cli/selftest_options.h"

#include "cli/common_options.h"
#include "cli/option_makers.h"

namespace trp {

CommandSyntax selftest_syntax(SelftestCommandOptions& options) {
  return {.usage = {"selftest [OPTIONS]"},
          .summary =
              "Checks in a few seconds that this machine computes right: products against Eigen's, "
              "gradients\n"
              "against central differences, the same bits from every schedule and instruction set, "
              "a training\n"
              "that learns, model files that come back. Needs no data.\n",
          .positionals = {},
          .groups = {{"Output",
                      {one_of({.name = "format", .value = "WORD", .help = "of standard output"},
                              options.format, kTextOrJson),
                       color_option(options.color)}},
                     {"About", {help_option(), version_option()}}},
          .closing = "\nExit codes: 0 all is well, 1 a check failed, 2 wrong usage\n"};
}

}  // namespace trp
