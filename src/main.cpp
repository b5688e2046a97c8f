#include <exception>
#include <string>
#include <vector>

#include "cli/app.h"

int main(int argument_count, char** arguments) {
  try {
    trp::secure_standard_streams();
    return trp::run_program({arguments + (argument_count > 0), arguments + argument_count});
  } catch (const std::exception& error) {
    return trp::report_error(error);
  }
}
