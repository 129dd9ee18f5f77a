"""The completion script for fish."""

from collections.abc import Iterator, Sequence

from fediversity.cli.completion_model import CommandLine, Value, options_with_a_value

_SCRIPT = r"""# Completion of fediversity for fish, made by `fediversity completion fish`.

function __fediversity_words
    # The words before the cursor that are neither options nor their values.
    set -l skip no
    for word in (commandline -opc)[2..-1]
        if test $skip = yes
            set skip no
        else if contains -- $word @WITH_VALUE@
            set skip yes
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

function __fediversity_in
    # Whether the command line is this command, and nothing else stands before the cursor where a number is given.
    set -l words (__fediversity_words)
    set -l count 0
    if string match -qr '^[0-9]+$' -- $argv[1]
        set count $argv[1]
        set argv $argv[2..-1]
        test (count $words) -eq (math $count + (count $argv)); or return 1
    end
    for number in (seq (count $argv))
        test "$words[$number]" = $argv[$number]; or return 1
    end
end

function __fediversity_stack
    for file in Pulumi.*.yaml
        string replace -r '^Pulumi\.(.*)\.yaml$' '$1' -- $file
    end
end

function __fediversity_machine
    set -l words (commandline -opc)
    set -l stack dev
    set -l place (contains -i -- --stack $words)
    if test -n "$place"
        set stack $words[(math $place + 1)]
    else if test "$words[2]" = probe
        set stack $words[3]
    end
    $words[1] completion --machines $stack 2>/dev/null
end

complete -c fediversity -f
"""


def script(lines: Sequence[CommandLine]) -> str:
    """Returns the script."""
    head = _SCRIPT.replace("@WITH_VALUE@", " ".join(options_with_a_value(tuple(lines))))
    return head + "".join(f"complete -c fediversity {text}\n" for line in lines for text in _completions(line))


def _completions(line: CommandLine) -> Iterator[str]:
    *above, name = line.words
    yield f"-n {_quoted(_condition(0, above))} -a {name} -d {_quoted(line.purpose)}"
    for option in line.options:
        flags = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags)
        takes = ""
        if option.value is not None:
            # `-x` keeps fish from offering files besides.
            takes = f" {'-r' if option.value.kind == 'file' else '-x'}{_values(option.value)}"
        yield f"-n {_quoted(_condition(None, line.words))} {flags} -d {_quoted(option.purpose)}{takes}"
    for number, value in enumerate(line.positionals):
        if values := _values(value):
            anywhere = line.repeats and number == len(line.positionals) - 1
            condition = _condition(None if anywhere else number, line.words)
            if anywhere and number:
                condition += f"; and not {_condition(0, line.words)}"
            yield f"-n {_quoted(condition)}{values}"


def _condition(count: int | None, words: Sequence[str]) -> str:
    return " ".join(["__fediversity_in", *([] if count is None else [str(count)]), *words])


def _values(value: Value) -> str:
    if value.kind == "choices":
        return f" -a {_quoted(' '.join(value.choices))}"
    if value.kind == "file":
        return " -F"
    return "" if value.kind == "text" else f" -a '(__fediversity_{value.kind})'"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
