#include "cli/manual.h"

#include <string_view>
#include <vector>

#include <fmt/ranges.h>

#include "cli/help.h"
#include "report/environment.h"

namespace trp {
namespace {

using Texts = std::vector<std::string>;

std::string replaced(std::string text, std::string_view old_part, std::string_view new_part) {
  for (std::size_t at = 0; (at = text.find(old_part, at)) != text.npos; at += new_part.size())
    text.replace(at, old_part.size(), new_part);
  return text;
}

/// An option as a manual and a shell see it.
struct Entry {
  Texts names;        // "-d", "--data"; none of an argument without a name
  std::string value;  // "DIR"; empty for a flag
  Texts words;        // that the value may be
  std::string help;
  std::string group;
};

/// A command, or the app itself, which is train.
struct Command {
  std::string name;
  std::string arguments;  // " MODEL [IMAGES]"
  std::string description;
  std::vector<Entry> entries;
};

Texts split(std::string_view text, std::string_view separator) {
  Texts parts;
  for (std::size_t end = 0; end != text.npos; text.remove_prefix(end + separator.size())) {
    end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == text.npos) break;
  }
  return parts;
}

/// What add_word() and add_list() say of the words that a value may be.
Texts words_of(const CLI::Option& option) {
  const std::string& help = option.get_description();
  if (option.get_type_name() == "LIST" && help.starts_with("of "))
    return split(std::string_view(help).substr(3), ", ");
  if (option.get_type_name().ends_with("|auto")) return {"auto"};
  const std::string words = help.substr(0, help.find(": "));
  return words.find('|') < words.find(' ') ? split(words, "|") : Texts{};
}

Command to_command(const CLI::App& app) {
  Command command{.name = app.get_parent() == nullptr ? "train" : app.get_name(),
                  .arguments = {},
                  .description = app.get_description(),
                  .entries = {}};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    Entry entry{.names = {},
                .value = value_name(*option),
                .words = words_of(*option),
                .help = option_help(*option),
                .group = option->get_group()};
    for (const std::string& name : option->get_snames()) entry.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) entry.names.push_back("--" + name);
    if (option->get_positional()) {
      const std::string dots = option->get_expected_max() > 1 ? "..." : "";
      command.arguments += option->get_required()
                               ? " " + option->get_name()
                               : fmt::format(" [{}]{}", option->get_name(), dots);
    }
    command.entries.push_back(entry);
  }
  return command;
}

std::vector<Command> commands_of(const CLI::App& app) {
  std::vector<Command> commands = {to_command(app)};
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    commands.push_back(to_command(*command));
  return commands;
}

std::string roff(const std::string& text) {
  const std::string escaped = replaced(replaced(text, "\\", "\\e"), "-", "\\-");
  return replaced(replaced("\n" + escaped, "\n.", "\n\\&."), "\n'", "\n\\&'").substr(1);
}

std::string man_options(const Command& command, bool with_groups) {
  std::string text, group;
  for (const Entry& entry : command.entries) {
    if (entry.names.empty()) continue;
    if (with_groups && std::exchange(group, entry.group) != entry.group)
      text += fmt::format(".SS {}\n", roff(group));
    const std::string names = fmt::format("{}", fmt::join(entry.names, ", "));
    text += fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", replaced(roff(names), ", ", "\\fR, \\fB"),
                        entry.value.empty() ? "" : fmt::format(" \\fI{}\\fR", roff(entry.value)),
                        roff(entry.help));
  }
  return text;
}

std::string man_page(const CLI::App& app) {
  const Build build = this_build();
  const std::vector<Command> commands = commands_of(app);
  std::string name = app.get_description();
  name = roff(name.substr(0, name.find('.')));
  std::string text = fmt::format(
      ".TH TENSOR_RELU_PARALLEL 1 \"{}\" \"tensor_relu_parallel {}\" \"User Commands\"\n"
      ".SH NAME\ntensor_relu_parallel \\- {}\n"
      ".SH SYNOPSIS\n\\fBtensor_relu_parallel\\fR [\\fBtrain\\fR] [\\fIOPTIONS\\fR]\n",
      build.date, build.version, name);
  for (const Command& command : commands)
    if (command.name != "train")
      text += fmt::format(".br\n\\fBtensor_relu_parallel {}\\fR{} [\\fIOPTIONS\\fR]\n",
                          command.name, roff(command.arguments));
  text += fmt::format(".SH DESCRIPTION\n{}\n.SH OPTIONS\n{}.SH COMMANDS\n",
                      roff(app.get_description()), man_options(commands[0], true));
  std::string examples = app.get_footer();
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    examples += command->get_footer();
  for (const Command& command : commands)
    if (command.name != "train")
      text += fmt::format(".SS {}{}\n{}\n{}", command.name, roff(command.arguments),
                          roff(command.description), man_options(command, false));
  const std::string status = app.get_footer().substr(0, app.get_footer().find('\n'));
  text += fmt::format(".SH EXIT STATUS\n{}{}\n.SH EXAMPLES\n.nf\n", kExitCodes, roff(status));
  for (const std::string& line : split(examples, "\n"))
    if (line.starts_with("  ")) text += roff(line.substr(2)) + "\n";
  return text + ".fi\n";
}

/// Single quotes of sh, zsh and fish.
std::string quoted(const std::string& text) { return "'" + replaced(text, "'", "'\\''") + "'"; }

std::string bash_completion(const CLI::App& app) {
  std::string names, values, options;
  for (const Command& command : commands_of(app)) {
    Texts all;
    std::string arguments;
    names += command.name + " ";
    for (const Entry& entry : command.entries) {
      const std::string words = quoted(fmt::format("{}", fmt::join(entry.words, " ")));
      all.insert(all.end(), entry.names.begin(), entry.names.end());
      if (entry.names.empty() && !entry.words.empty()) arguments = words;
      const std::string reply = entry.value == "FILE"  ? ":"
                                : entry.value == "DIR" ? "_tensor_relu_parallel_reply -d"
                                                       : "_tensor_relu_parallel_words " + words;
      for (const std::string& name : entry.names)
        if (!entry.value.empty())
          values += fmt::format("    {}{}) {}; return ;;\n", command.name, name, reply);
    }
    options += fmt::format("    {}-) _tensor_relu_parallel_words {} ;;\n", command.name,
                           quoted(fmt::format("{}", fmt::join(all, " "))));
    if (!arguments.empty())
      options +=
          fmt::format("    {}*) _tensor_relu_parallel_words {} ;;\n", command.name, arguments);
  }
  return fmt::format(
      R"(_tensor_relu_parallel_reply() {{
  mapfile -t COMPREPLY < <(compgen "$@" -- "$word")
}}
_tensor_relu_parallel_words() {{
  compopt +o default
  _tensor_relu_parallel_reply -W "$1"
}}
_tensor_relu_parallel() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command=train
  if [[ $word == = ]]; then
    word=
  elif [[ $before == = ]]; then
    before=${{COMP_WORDS[COMP_CWORD-2]}}
  fi
  COMPREPLY=()
  if ((COMP_CWORD > 1)) && [[ " {0}" == *" ${{COMP_WORDS[1]}} "* ]]; then
    command=${{COMP_WORDS[1]}}
  elif [[ $word != -* ]] && ((COMP_CWORD == 1)) || [[ $before == help ]]; then
    _tensor_relu_parallel_words '{0}help'
    return
  fi
  case $command$before in
{1}  esac
  case $command${{word:0:1}} in
{2}  esac
}}
complete -o default -F _tensor_relu_parallel tensor_relu_parallel
)",
      names, values, options);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// What zsh offers for the value of an option, or for an argument without a name.
std::string action_of(const Entry& entry) {
  if (!entry.words.empty()) return fmt::format("({})", fmt::join(entry.words, " "));
  if (entry.value == "DIR") return "_files -/";
  return entry.value == "FILE" || entry.names.empty() ? "_files" : " ";
}

std::string zsh_completion(const CLI::App& app) {
  std::string names, cases;
  for (const Command& command : commands_of(app)) {
    names += fmt::format("  {}\n", quoted(command.name + ":" + first_line(command.description)));
    cases += fmt::format("  {}) _arguments", command.name);
    for (const Entry& entry : command.entries) {
      const std::string help = replaced(replaced(entry.help, "[", "\\["), "]", "\\]");
      for (const std::string& name : entry.names) {
        const std::string joint = entry.value.empty() ? "" : name[1] == '-' ? "=" : "+";
        const std::string value =
            entry.value.empty() ? "" : fmt::format(":{}:{}", entry.value, action_of(entry));
        cases += " \\\n    " + quoted(fmt::format("{}{}[{}]{}", name, joint, help, value));
      }
    }
    if (!command.arguments.empty())
      cases += fmt::format(" \\\n    '*:argument:{}'", action_of(command.entries.front()));
    cases += " ;;\n";
  }
  return fmt::format(
      R"(#compdef tensor_relu_parallel
local -a commands
local command=train
commands=(
{}  'help:Shows what a command does and its options.'
)
if (( CURRENT > 2 )) && [[ -n ${{(M)commands:#$words[2]:*}} ]]; then
  command=$words[2]
  shift words
  (( CURRENT-- ))
elif (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
  _describe command commands
  return
fi
case $command in
  help) _describe command commands ;;
{}esac
)",
      names, cases);
}

std::string fish_completion(const CLI::App& app) {
  const std::string program = "complete -c tensor_relu_parallel";
  std::string names, lines = program + " -f -n 'test (count (commandline -opc)) -eq 1' -a help\n";
  for (const Command& command : commands_of(app)) {
    names += " " + command.name;
    lines += fmt::format("{} -f -n 'test (count (commandline -opc)) -eq 1' -a {} -d {}\n", program,
                         command.name, quoted(first_line(command.description)));
    for (const Entry& entry : command.entries) {
      if (entry.names.empty() && entry.words.empty()) continue;
      lines += fmt::format("{} -n '__tensor_relu_parallel_command {}'", program, command.name);
      for (const std::string& name : entry.names)
        lines += name[1] == '-' ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (entry.value == "FILE")
        lines += " -r -F";
      else if (entry.value == "DIR")
        lines += " -x -a '(__fish_complete_directories (commandline -ct))'";
      else if (!entry.value.empty() || entry.names.empty())
        lines += fmt::format(" -x -a {}", quoted(fmt::format("{}", fmt::join(entry.words, " "))));
      lines += fmt::format(" -d {}\n", quoted(entry.help));
    }
  }
  lines += fmt::format("{} -f -n '__tensor_relu_parallel_command help' -a {}\n", program,
                       quoted(names.substr(1)));
  return fmt::format(
      R"(function __tensor_relu_parallel_command
  set -l words (commandline -opc)
  set -l command train
  contains -- "$words[2]"{} help && set command $words[2]
  test $command = $argv[1]
end
{})",
      names, lines);
}

}  // namespace

void add_manual(CLI::App& app) {
  const auto print = [&app](const std::string& form) {
    if (form == "man") throw CLI::CallForVersion(man_page(app), 0);
    if (form == "bash") throw CLI::CallForVersion(bash_completion(app), 0);
    if (form == "zsh") throw CLI::CallForVersion(zsh_completion(app), 0);
    if (form == "fish") throw CLI::CallForVersion(fish_completion(app), 0);
    throw CLI::ValidationError("--manual", "expected man, bash, zsh or fish");
  };
  app.add_option_function<std::string>("--manual", print, "")
      ->trigger_on_parse()
      ->configurable(false)
      ->group("");
}

}  // namespace trp
