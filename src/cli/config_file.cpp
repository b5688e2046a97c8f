#include "cli/config_file.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "cli/nearest.h"
#include "cli/values.h"
#include "core/fail.h"
#include "core/text.h"
#include "trp/error.h"

namespace trp {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;
constexpr std::string_view kSpace = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool is_nothing_or_comment(std::string_view text) {
  const std::string_view rest = trimmed(text);
  return rest.empty() || rest.front() == '#';
}

char escaped(char c) {
  if (c == 'n') return '\n';
  if (c == 't') return '\t';
  if (c == '"' || c == '\\') return c;
  fail_usage("expected \\\", \\\\, \\n or \\t, found {}", in_quotes(std::string{'\\', c}));
}

/// Reads a text that begins with a quote.
std::string parse_quoted(std::string_view text) {
  const char quote = text.front();
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) {
      const std::string_view rest = text.substr(i + 1);
      if (is_nothing_or_comment(rest)) return value;
      throw_unexpected("nothing after the closing quote", trimmed(rest));
    }
    const bool is_escape = quote == '"' && text[i] == '\\' && i + 1 < text.size();
    value += is_escape ? escaped(text[++i]) : text[i];
  }
  throw_unexpected("a closing quote", text);
}

std::string parse_value(std::string_view text) {
  const std::string_view value = trimmed(text);
  if (value.starts_with('"') || value.starts_with('\'')) return parse_quoted(value);
  const std::string_view bare = trimmed(value.substr(0, value.find('#')));
  if (bare.empty()) throw_unexpected("a value", text);
  if (bare.find_first_of("\"'") != std::string_view::npos)
    throw_unexpected("a value that is in quotes or has none", bare);
  return std::string(bare);
}

bool is_flag(const CLI::Option& option) { return option.get_expected_min() == 0; }

std::string default_of(const CLI::Option& option) {
  return is_flag(option) ? "false" : option.get_default_str();
}

std::string value_of(const CLI::Option& option) {
  return option.count() > 0 ? option.reduced_results().back() : default_of(option);
}

std::vector<const CLI::Option*> configurable_options(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return option->get_configurable(); });
}

/// Whether the command line gives the option, or one that contradicts it.
bool is_given(const CLI::Option& option) {
  return option.count() > 0 || std::ranges::any_of(option.get_excludes(), [](const auto* other) {
           return other->count() > 0;
         });
}

std::string read_all(std::istream& input, const std::string& path) {
  std::string content(kMaxBytes + 1, '\0');
  input.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(input.gcount()));
  if (content.size() <= kMaxBytes) return content;
  fail("--config: {} has more than {} bytes: not a configuration", path, kMaxBytes);
}

}  // namespace

std::string toml_value(const std::string& value) {
  double number = 0;
  if (value == "true" || value == "false" || read_whole(value, number)) return value;
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

CLI::ConfigItem ConfigFile::parse_line(std::string_view line) const {
  const std::size_t equals = line.find('=');
  const std::string name(trimmed(line.substr(0, equals)));
  if (name.starts_with('['))
    fail_usage("expected \"name = value\", found {}; hint: there are no sections",
               in_quotes(trimmed(line)));
  if (equals == std::string_view::npos) throw_unexpected("\"name = value\"", trimmed(line));
  const CLI::Option* option = app_.get_option_no_throw("--" + name);
  if (name.empty() || option == nullptr || !option->get_configurable()) {
    std::vector<std::string> names;
    for (const CLI::Option* one : configurable_options(app_)) {
      names.push_back(one->get_lnames()[0]);
      if (one->check_sname(name)) fail_usage("expected {} for {}", names.back(), in_quotes(name));
    }
    fail_usage("unknown name {}{}", in_quotes(name), suggestion(name, names));
  }
  try {
    return {.name = name, .inputs = {parse_value(line.substr(equals + 1))}};
  } catch (const UsageError& error) {
    fail_usage("{}: {}", name, error.what());
  }
}

std::vector<CLI::ConfigItem> ConfigFile::from_config(std::istream& input) const {
  const std::string path = app_.get_config_ptr()->results().back();
  const std::string content = read_all(input, path);
  std::vector<CLI::ConfigItem> given;
  std::set<const CLI::Option*> seen;
  std::string_view rest = content;
  for (int number = 1; !rest.empty(); ++number) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (is_nothing_or_comment(line)) continue;
    const std::string where = fmt::format("{}:{}", path, number);
    CLI::ConfigItem item;
    try {
      item = parse_line(line);
    } catch (const UsageError& error) {
      throw CLI::ConfigError(fmt::format("{}: {}", where, error.what()));
    }
    const CLI::Option& option = *app_.get_option_no_throw("--" + item.name);
    if (!seen.insert(&option).second)
      throw CLI::ConfigError(fmt::format("{}: expected each name once, found {} again", where,
                                         option.get_lnames()[0]));
    // What stays as it is needs no other option and contradicts none.
    const std::string unchanged = default_of(option);
    if (is_given(option) || (!unchanged.empty() && item.inputs[0] == unchanged)) continue;
    origins_[option.get_name()] = fmt::format("{}: {}", where, item.name);
    given.push_back(std::move(item));
  }
  return given;
}

std::string ConfigFile::to_config(const CLI::App* app, bool /*default_also*/,
                                  bool /*write_description*/, std::string /*prefix*/) const {
  std::string text, group;
  for (const std::string& title : app->get_groups()) {
    for (const CLI::Option* option : configurable_options(*app)) {
      if (option->get_group() != title) continue;
      if (group != title) text += fmt::format("{}# {}\n", text.empty() ? "" : "\n", title);
      group = title;
      const std::string& name = option->get_lnames()[0];
      const std::string value = value_of(*option);
      const bool is_set = !value.empty() || option->count() > 0;
      text += is_set ? fmt::format("{} = {}\n", name, toml_value(value))
                     : fmt::format("# {} =\n", name);
    }
  }
  return text;
}

std::string ConfigFile::origin(const std::string& option) const {
  const auto found = origins_.find(option);
  return found == origins_.end() ? option : found->second;
}

}  // namespace trp
