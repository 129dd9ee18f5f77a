"""The completion script for bash 3.2 and newer."""

import shlex
from collections.abc import Sequence

from fediversity.cli.completion_model import CommandLine, Value, options_with_a_value

_SCRIPT = r"""# Completion of fediversity for bash, made by `fediversity completion bash`.

_fediversity_stacks() {
    local file
    for file in Pulumi.*.yaml; do
        file=${file#Pulumi.}
        [[ $file == '*.yaml' ]] || printf '%s\n' "${file%.yaml}"
    done
}

# Prints what a command line takes: its options, its verbs, and a kind for each positional.
_fediversity_line() {
    case $1 in
@LINES@
    esac
}

# Prints the kind of the value of an option: `file`, `stack`, `machine`, `text`, or `=` and the choices.
_fediversity_value() {
    case $1 in
@VALUES@
    esac
}

_fediversity_offer() {
    local IFS=$'\n'
    case $1 in
    stack) COMPREPLY=($(compgen -W "$(_fediversity_stacks)" -- "$2")) ;;
    machine) COMPREPLY=($(compgen -W "$("$program" completion --machines "$stack" 2>/dev/null)" -- "$2")) ;;
    file)
        type compopt >/dev/null 2>&1 && compopt -o filenames
        COMPREPLY=($(compgen -f -- "$2"))
        ;;
    =*)
        IFS=' '
        COMPREPLY=($(compgen -W "${1#=}" -- "$2"))
        ;;
    esac
}

_fediversity() {
    local program=$1 cur=${COMP_WORDS[COMP_CWORD]} stack=dev path='' count=0 wants='' last='' word i
    local options='' verbs='' kinds='' kind
    verbs='@COMMANDS@'
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        # bash takes `--stack=dev` apart at the `=`.
        [[ $word == '=' ]] && continue
        if [[ -n $wants ]]; then
            [[ $wants == --stack ]] && stack=$word
            wants=''
        elif [[ $word == -* ]]; then
            case $word in
            @WITH_VALUE@) wants=$word ;;
            esac
        elif [[ " $verbs " == *" $word "* ]]; then
            path=${path:+$path }$word
            IFS='|' read -r options verbs kinds <<<"$(_fediversity_line "$path")"
            count=0
        else
            kind=${kinds%% *}
            [[ $kind == stack ]] && stack=$word
            [[ $kind == *+ ]] || kinds=${kinds#"$kind"}
            kinds=${kinds# }
            count=$((count + 1))
        fi
    done
    [[ $cur == '=' ]] && cur=''
    if [[ -n $wants ]]; then
        _fediversity_offer "$(_fediversity_value "$path $wants")" "$cur"
    elif [[ $cur == -* ]]; then
        _fediversity_offer "=$options" "$cur"
    elif [[ -n $verbs && $count == 0 ]]; then
        _fediversity_offer "=$verbs" "$cur"
    else
        kind=${kinds%% *}
        kind=${kind%+}
        _fediversity_offer "${kind//,/ }" "$cur"
    fi
}

complete -F _fediversity fediversity
"""


def script(lines: Sequence[CommandLine]) -> str:
    """Returns the script."""
    commands = [line.words[0] for line in lines if len(line.words) == 1]
    return (
        _SCRIPT.replace("@LINES@", "\n".join(_line_case(line) for line in lines))
        .replace("@VALUES@", "\n".join(case for line in lines for case in _value_cases(line)))
        .replace("@COMMANDS@", " ".join(commands))
        .replace("@WITH_VALUE@", " | ".join(options_with_a_value(tuple(lines))))
    )


def _line_case(line: CommandLine) -> str:
    flags = " ".join(flag for option in line.options for flag in option.flags)
    kinds = [_kind(value).replace(" ", ",") for value in line.positionals]
    if line.repeats:
        kinds[-1] += "+"
    text = "|".join((flags, " ".join(line.verbs), " ".join(kinds)))
    return f"    {shlex.quote(' '.join(line.words))}) echo {shlex.quote(text)} ;;"


def _value_cases(line: CommandLine) -> list[str]:
    return [
        f"    {shlex.quote(' '.join((*line.words, flag)))}) echo {shlex.quote(_kind(option.value))} ;;"
        for option in line.options
        if option.value is not None
        for flag in option.flags
    ]


def _kind(value: Value) -> str:
    return f"={' '.join(value.choices)}" if value.kind == "choices" else value.kind
