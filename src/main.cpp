#include <exception>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/options.h"

int main(int argument_count, char** argument_list) {
  std::vector<std::string> arguments;
  try {
    arguments.assign(argument_list + (argument_count > 0), argument_list + argument_count);
    trp::secure_standard_streams();
    return trp::run(trp::parse_command_line(arguments));
  } catch (const std::exception& error) {
    return trp::report_error(error, arguments);
  }
}
