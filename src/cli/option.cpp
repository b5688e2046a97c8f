#include "cli/option.h"

#include <fmt/format.h>

#include "trp/error.h"

namespace trp {

const Option* find_option(std::span<const OptionGroup> groups, std::string_view name) {
  for (const OptionGroup& group : groups) {
    for (const Option& option : group.options) {
      if (option.name == name || (!option.alias.empty() && option.alias == name)) return &option;
    }
  }
  return nullptr;
}

void assign(std::span<const OptionGroup> groups, std::span<const Assignment> assignments) {
  for (const Assignment& assignment : assignments) {
    try {
      find_option(groups, assignment.name)->set(assignment.value);
    } catch (const UsageError& error) {
      throw UsageError(fmt::format("{}: {}", assignment.where, error.what()));
    }
  }
}

}  // namespace trp
