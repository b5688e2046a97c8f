#include <exception>

#include "trp/cli/commands.h"
#include "trp/cli/options.h"

int main(int argument_count, char** arguments) {
  try {
    trp::secure_standard_streams();
    return trp::run(
        trp::parse_command_line({arguments + (argument_count > 0), arguments + argument_count}));
  } catch (const std::exception& error) {
    return trp::report_error(error);
  }
}
