#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/train.h"

namespace trp {

/// Makes the app of a program whose commands are not added yet: the way it formats help and says
/// what is wrong, and that of an option given twice the last counts.
std::unique_ptr<CLI::App> make_app();

/// Parses the arguments of the program, without its name, with commands that were added to the app.
/// Returns the text that was asked for instead of a run (help, version, configuration), or nothing.
/// Throws UsageError for misuse, Error if a configuration file cannot be read.
std::string parse(CLI::App& app, std::vector<std::string> arguments);

/// Makes sure that a write to a reader that has gone fails instead of ending the program, and that
/// descriptors 0 to 2 are not handed out to files: a closed standard input or error becomes
/// /dev/null. Throws Error if standard output is closed, where results would be lost.
void secure_standard_streams();

/// Does what the arguments of the program ask for and returns the exit code.
int run_program(const std::vector<std::string>& arguments);

/// Writes the error to standard error and returns the exit code that goes with it.
int report_error(const std::exception& error);

}  // namespace trp
