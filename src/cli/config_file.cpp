#include "cli/config_file.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <set>
#include <system_error>

#include <fmt/format.h>

#include "cli/nearest.h"
#include "cli/values.h"
#include "core/text.h"
#include "trp/error.h"

namespace trp {
namespace {

constexpr std::string_view kSpace = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool nothing_or_comment(std::string_view text) {
  const std::string_view rest = trimmed(text);
  return rest.empty() || rest.front() == '#';
}

char escaped(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case '"':
    case '\\':
      return c;
    default:
      break;
  }
  throw UsageError(
      fmt::format("expected \\\", \\\\, \\n or \\t, found {}", in_quotes(std::string{'\\', c})));
}

/// `text` begins with a quote.
std::string parse_quoted(std::string_view text) {
  const char quote = text.front();
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) {
      if (!nothing_or_comment(text.substr(i + 1))) {
        throw_unexpected("nothing after the closing quote", trimmed(text.substr(i + 1)));
      }
      return value;
    }
    const bool escape = quote == '"' && text[i] == '\\' && i + 1 < text.size();
    value += escape ? escaped(text[++i]) : text[i];
  }
  throw_unexpected("a closing quote", text);
}

std::string parse_value(std::string_view text) {
  const std::string_view value = trimmed(text);
  if (!value.empty() && (value.front() == '"' || value.front() == '\'')) return parse_quoted(value);
  const std::string_view bare = trimmed(value.substr(0, value.find('#')));
  if (bare.empty()) throw_unexpected("a value", text);
  if (bare.find_first_of("\"'") != std::string_view::npos) {
    throw_unexpected("a value that is in quotes or has none", bare);
  }
  return std::string(bare);
}

/// The names that a file may use.
std::vector<std::string> configurable_names(std::span<const OptionGroup> groups) {
  std::vector<std::string> names;
  for (const OptionGroup& group : groups) {
    for (const Option& option : group.options) {
      if (option.get) names.push_back(option.name);
    }
  }
  return names;
}

Assignment parse_line(std::string_view line, const std::string& where,
                      std::span<const OptionGroup> groups) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) {
    throw UsageError(
        fmt::format("{}: expected \"name = value\", found {}", where, in_quotes(trimmed(line))));
  }
  const std::string name(trimmed(line.substr(0, equals)));
  const Option* option = find_option(groups, name);
  if (option == nullptr || !option->get) {
    throw UsageError(fmt::format("{}: unknown name {}{}", where, in_quotes(name),
                                 suggestion(name, configurable_names(groups))));
  }
  try {
    return {option->name, parse_value(line.substr(equals + 1)), fmt::format("{}: {}", where, name)};
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("{}: {}: {}", where, name, error.what()));
  }
}

[[noreturn]] void throw_unreadable(const std::string& path) {
  throw Error(
      fmt::format("--config: cannot read {}: {}", path, std::generic_category().message(errno)));
}

std::string read_small_file(const std::string& path) {
  constexpr std::size_t kLargest = 1 << 20;
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "re"), close);
  if (!file) throw_unreadable(path);
  std::string content(kLargest + 1, '\0');
  errno = 0;
  content.resize(std::fread(content.data(), 1, content.size(), file.get()));
  if (std::ferror(file.get())) throw_unreadable(path);
  if (content.size() > kLargest) {
    throw Error(
        fmt::format("--config: {} has more than {} bytes: not a configuration", path, kLargest));
  }
  return content;
}

bool bare_in_toml(const std::string& value) {
  double number = 0;
  return value == "true" || value == "false" || read_whole(value, number);
}

std::string toml_value(const std::string& value) {
  if (bare_in_toml(value)) return value;
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text + '"';
}

}  // namespace

std::vector<Assignment> parse_config(std::string_view content, const std::string& path,
                                     std::span<const OptionGroup> groups) {
  std::vector<Assignment> assignments;
  std::set<std::string> seen;
  for (int number = 1; !content.empty(); ++number) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    const std::string_view line = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    if (nothing_or_comment(line)) continue;
    const std::string where = fmt::format("{}:{}", path, number);
    assignments.push_back(parse_line(line, where, groups));
    if (!seen.insert(assignments.back().name).second) {
      throw UsageError(fmt::format("{}: expected each name once, found {} again", where,
                                   assignments.back().name));
    }
  }
  return assignments;
}

std::vector<Assignment> read_config_file(const std::string& path,
                                         std::span<const OptionGroup> groups) {
  return parse_config(read_small_file(path), path, groups);
}

std::string config_text(std::span<const OptionGroup> groups) {
  std::string text;
  for (const OptionGroup& group : groups) {
    text += fmt::format("{}# {}\n", text.empty() ? "" : "\n", group.title);
    for (const Option& option : group.options) {
      if (!option.get) continue;
      const std::optional<std::string> value = option.get();
      text += value ? fmt::format("{} = {}\n", option.name, toml_value(*value))
                    : fmt::format("# {} =\n", option.name);
    }
  }
  return text;
}

}  // namespace trp
