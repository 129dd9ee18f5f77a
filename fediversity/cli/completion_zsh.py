"""The completion script for zsh."""

import shlex
from collections.abc import Sequence

from fediversity.cli.completion_model import CommandLine, Option, Value

_SCRIPT = r"""#compdef fediversity
# Completion of fediversity for zsh, made by `fediversity completion zsh`.

_fediversity_stack() {
    local -a found
    found=(Pulumi.*.yaml(N))
    found=(${${found#Pulumi.}%.yaml})
    compadd -a found
}

_fediversity_machine() {
    local -a found
    local stack=dev
    if (( ${words[(I)--stack]} )); then
        stack=${words[${words[(I)--stack]} + 1]}
    elif [[ $words[1] == probe ]]; then
        stack=$words[2]
    fi
    found=(${(f)"$(${_fediversity_program} completion --machines $stack 2>/dev/null)"})
    compadd -a found
}

_fediversity_text() {
    _message 'a value'
}

_fediversity() {
    local context state state_descr line _fediversity_program=$words[1]
    typeset -A opt_args
    _arguments -C '(-h --help)'{-h,--help}'[show help]' '1:command:->command' '*::argument:->argument'
    case $state in
    command)
        local -a commands
        commands=(
@COMMANDS@
        )
        _describe command commands
        ;;
    argument)
        case $words[1] in
@CASES@
        esac
        ;;
    esac
}

if [[ $funcstack[1] == _fediversity ]]; then
    _fediversity "$@"
else
    compdef _fediversity fediversity
fi
"""


def script(lines: Sequence[CommandLine]) -> str:
    """Returns the script."""
    top = [line for line in lines if len(line.words) == 1]
    described = "\n".join(f"            {_described(line)}" for line in top)
    cases = "\n".join(_case(line, [other for other in lines if other.words[:-1] == line.words]) for line in top)
    return _SCRIPT.replace("@COMMANDS@", described).replace("@CASES@", cases)


def _case(line: CommandLine, verbs: Sequence[CommandLine]) -> str:
    if not verbs:
        return f"        {line.words[0]})\n{_arguments(line)}            ;;"
    described = " ".join(f"{verb.words[-1]}\\:{shlex.quote(verb.purpose)}" for verb in verbs)
    below = "".join(f"            {verb.words[-1]})\n{_arguments(verb)}                ;;\n" for verb in verbs)
    return (
        f"        {line.words[0]})\n"
        f"            _arguments -C {shlex.quote(f'1:verb:(({described}))')} '*::argument:->verb'\n"
        "            [[ $state == verb ]] && case $words[1] in\n"
        f"{below}            esac\n"
        "            ;;"
    )


def _arguments(line: CommandLine) -> str:
    specs = [_option(option) for option in line.options]
    for number, value in enumerate(line.positionals, start=1):
        last = number == len(line.positionals)
        specs.append(shlex.quote(f"{'*' if last and line.repeats else number}:{_action(value)}"))
    return "".join(["            _arguments", *(f" \\\n                {spec}" for spec in specs), "\n"])


def _option(option: Option) -> str:
    purpose = option.purpose.replace("[", r"\[").replace("]", r"\]").replace(":", r"\:")
    value = "" if option.value is None else f":{_action(option.value)}"
    flags = option.flags
    if len(flags) == 1:
        return shlex.quote(f"{flags[0]}[{purpose}]{value}")
    return f"'({' '.join(flags)})'{{{','.join(flags)}}}{shlex.quote(f'[{purpose}]{value}')}"


def _action(value: Value) -> str:
    if value.kind == "choices":
        return f"value:({' '.join(value.choices)})"
    return f"{value.kind}:{'_files' if value.kind == 'file' else f'_fediversity_{value.kind}'}"


def _described(line: CommandLine) -> str:
    return shlex.quote(f"{line.words[0]}:{line.purpose}")
