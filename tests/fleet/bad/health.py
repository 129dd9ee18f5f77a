"""What is wrong with a machine's checks, and with the caps on what runs at once."""

from tests.fleet.bad.kind import Bad

_BEFORE = "    mesh: roots\n"


def _checks(name: str, check: str, field: str, what: str, fix: str) -> Bad:
    """A bad file in which moss has one check; `field` is what is wrong inside `checks[0]`."""
    line = f"    checks: [{check}]\n"
    return Bad(name, _BEFORE, _BEFORE + line, f"[{check}]", f"machines.moss.checks[0]{field}", what, fix)


_PEER = "{peer: oak, timeout: 90}"


def _peer(name: str, peer: str, what: str, fix: str) -> Bad:
    """A bad file in which elm asks for its connection to another machine."""
    new = f"{{peer: {peer}, timeout: 90}}"
    return Bad(name, _PEER, new, new, "machines.elm.checks[0].peer", what, fix)


HEALTH = (
    _peer("peer that does not exist", "oka", "unknown machine 'oka'", "did you mean 'oak'?"),
    _peer("peer of itself", "elm", "a machine as its own peer", "name another machine"),
    _peer("peer that is switched off", "yew", "'yew' is disabled", "name a machine that is enabled"),
    _peer("peer outside the mesh", "fern", "'elm' and 'fern' are in no mesh together", "one zerotier instance"),
    _peer("peer that may be off", "moss", "'moss' may be off", "`may_be_offline: false`"),
    _peer("peer as a list", "[oak]", "expected text, found a list", "write text"),
    Bad(
        "peer that waits for the machine",
        "    after: ['tag:cloud']\n",
        "    checks: [{peer: elm}]\n",
        "{peer: elm}",
        "machines.ash.checks[0].peer",
        "a cycle: ash waits for elm waits for ash",
        "remove this check",
        also=(_PEER, "{peer: ash}"),
    ),
    _checks("check of no kind", "{name: nothing}", "", "a check with none of `command`", "exactly one of"),
    _checks("check of two kinds", "{tcp: 22, mesh: true}", "", "a check with `tcp` and `mesh`", "exactly one of"),
    _checks("check of an unknown kind", "{icmp: true}", ".icmp", "unknown key 'icmp'", "known: command, http"),
    _checks("check as text", "uptime", "", "expected a group of `key: value` lines, found 'uptime'", "write a group"),
    _checks("empty command", "{command: ' '}", ".command", "not one line of text", "on one line"),
    _checks("port of a check", "{tcp: 70000}", ".tcp", "70000 is not a port", "1 to 65535"),
    _checks("mesh that is not wanted", "{mesh: false}", ".mesh", "false is not allowed here", "known: True"),
    _checks("page without a place", "{http: {status: 200}}", ".http", "neither `url` nor `port`", "give the page's"),
    _checks(
        "page at two places",
        "{http: {url: 'https://moss.example', port: 80}}",
        ".http",
        "both `url` and `port`",
        "give the page's `url`, or a `port`",
    ),
    _checks(
        "path beside a url",
        "{http: {url: 'https://moss.example', path: /up}}",
        ".http.path",
        "`path` beside `url`",
        "write the path into the `url`",
    ),
    _checks("page without a scheme", "{http: {url: moss.example}}", ".http.url", "is not the address of", "https://"),
    _checks("path without a slash", "{http: {port: 80, path: up}}", ".http.path", "is not the path", "with a slash"),
    _checks("status of no answer", "{http: {port: 80, status: 42}}", ".http.status", "42 is too small", "use 100"),
    _checks("check without time", "{tcp: 22, timeout: 0}", ".timeout", "0 is too small", "use 1 or more"),
    Bad(
        "mesh of a machine outside",
        "      - {tcp: 5900}\n",
        "      - {mesh: true}\n",
        "- {mesh: true}",
        "machines.fern.checks[3].mesh",
        "'fern' takes part in no mesh",
        "a Mac: `mesh`",
    ),
    Bad(
        "offline as text",
        _BEFORE,
        f"{_BEFORE}    may_be_offline: 'yes'\n",
        "may_be_offline: 'yes'",
        "machines.moss.may_be_offline",
        "expected true or false, found 'yes'",
        "without quotes",
    ),
    Bad(
        "no updates at all",
        "  updates: 2\n",
        "  updates: 0\n",
        "updates: 0",
        "limits.updates",
        "0 is too small",
        "use 1 or more",
    ),
    Bad(
        "cap of an unknown provider",
        "per_provider: {hetzner: 2}",
        "per_provider: {aws: 2}",
        "aws",
        "limits.per_provider.aws",
        "unknown key 'aws'",
        "known: darwin, existing, gcp, hetzner",
    ),
)
