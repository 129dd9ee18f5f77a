"""The scripts of the services' units, run: by the real shell, curl and jq, against stand-ins of what they speak to."""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.nix.evaluation import FLAKE

SCRIPTS = FLAKE / "modules/services/scripts"
PASSWORD = "a password & more: 100%=ok"
JSON = "application/json"

needs_curl_and_jq = pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("jq") is None, reason="the scripts use curl and jq"
)


def run(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a script as a unit does, with stand-ins of commands from the folder's `bin`."""
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "credentials").mkdir(exist_ok=True)
    common = {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "CREDENTIALS_DIRECTORY": str(folder / "credentials"),
        "RUNTIME_DIRECTORY": str(folder),
    }
    command = ["bash", "-e", str(SCRIPTS / script)]
    return subprocess.run(
        command, env=common | environment, cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def credential(folder: Path, name: str, value: str) -> None:
    path = folder / "credentials" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(value)


def command(folder: Path, name: str, text: str) -> None:
    """Puts a stand-in of a command first on the path."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/usr/bin/env bash\n{text}")
    path.chmod(0o755)


class Service(ThreadingHTTPServer):
    """An HTTP service whose answers a test gives, and which remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: str) -> tuple[int, object]:
        raise NotImplementedError

    @contextmanager
    def serving(self) -> Iterator[None]:
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.asked.append((self.command, self.path))
        status, answer = self.server.answer(self.command, self.path, dict(self.headers), body)
        content = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._any
        raise AttributeError(name)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


# Environment files


def test_an_environment_file_is_read_alike_by_a_shell_and_only_by_root(tmp_path: Path) -> None:
    credential(tmp_path, "AWS_SECRET_ACCESS_KEY", 'with $HOME `id` "quotes" # and = signs\n')
    credential(tmp_path, "APP_KEY", "base64:AAAA+/=")
    done = run("environment-file.sh", tmp_path)
    assert done.returncode == 0, done.stderr
    file = tmp_path / "environment"
    assert file.stat().st_mode & 0o077 == 0
    read = 'set -a; source "$1"; printf "%s\\n" "$AWS_SECRET_ACCESS_KEY" "$APP_KEY"'
    shell = subprocess.run(["bash", "-c", read, "-", str(file)], capture_output=True, text=True, check=True)
    assert shell.stdout.splitlines() == ['with $HOME `id` "quotes" # and = signs', "base64:AAAA+/="]


@pytest.mark.parametrize("value", ["", "it's", "two\nlines", "back\\slash"])
def test_a_secret_that_programs_would_read_differently_is_refused_without_showing_it(
    tmp_path: Path, value: str
) -> None:
    credential(tmp_path, "MAIL_PASSWORD", value)
    done = run("environment-file.sh", tmp_path)
    assert done.returncode == 1
    assert "the secret for MAIL_PASSWORD is empty, or has a quote" in done.stderr
    assert not value or value not in done.stdout + done.stderr
    assert not (tmp_path / "environment").exists()


# Removal of data


@pytest.mark.parametrize("server", ["postgresql", "mysql"])
def test_removal_drops_the_database_and_the_directories_and_says_so(tmp_path: Path, server: str) -> None:
    command(tmp_path, "runuser", 'printf "%s\\n" "$@" >> "$CALLS"\n')
    kept, removed = tmp_path / "kept", tmp_path / "state"
    for folder in (kept, removed):
        folder.mkdir()
        (folder / "file").write_text("")
    (removed / "link").symlink_to(kept)
    environment = {
        "DATABASE_SERVER": server,
        "DATABASE": "mastodon",
        "DIRECTORIES": f"{removed} {tmp_path / 'never-was'}",
        "CALLS": str(tmp_path / "calls"),
    }
    for _ in range(2):
        done = run("remove-data.sh", tmp_path, **environment)
        assert done.returncode == 0, done.stderr
    assert f"dropped the database mastodon and its user on {server}" in done.stdout
    assert f"nothing to remove at {removed}" in done.stdout, "the second time"
    assert not removed.exists()
    assert (kept / "file").exists(), "a link is removed, not what it points at"
    calls = (tmp_path / "calls").read_text()
    assert "DROP DATABASE IF EXISTS" in calls
    assert calls.splitlines()[1] == ("postgres" if server == "postgresql" else "mysql")


def test_nothing_is_removed_where_the_database_could_not_be_dropped(tmp_path: Path) -> None:
    command(tmp_path, "runuser", "exit 3\n")
    (tmp_path / "state").mkdir()
    environment = {"DATABASE_SERVER": "postgresql", "DATABASE": "mastodon", "DIRECTORIES": str(tmp_path / "state")}
    done = run("remove-data.sh", tmp_path, **environment)
    assert done.returncode == 3
    assert (tmp_path / "state").exists()


# PeerTube's initial user


class PeerTube(Service):
    """As much of PeerTube's interface as an administrator needs to make another."""

    def __init__(self) -> None:
        super().__init__()
        root = {"id": 7, "email": "operator@social.example", "password": PASSWORD}
        self.accounts: dict[str, dict[str, Any]] = {"root": root}
        self.hosts: set[str] = set()

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: str) -> tuple[int, object]:
        self.hosts.add(headers["Host"])
        if path == "/api/v1/config":
            return 200, {}
        if path == "/api/v1/oauth-clients/local":
            return 200, {"client_id": "the client", "client_secret": "its secret"}
        if path == "/api/v1/users/token":
            return self._log_in({name: values[0] for name, values in parse_qs(body).items()})
        if path.startswith("/api/v1/accounts/"):
            return (200 if path.rpartition("/")[2] in self.accounts else 404), {}
        me = headers.get("Authorization", "").removeprefix("Bearer token of ")
        if me not in self.accounts:
            return 401, {}
        return self._as(me, method, path, json.loads(body) if body else {})

    def _log_in(self, form: Mapping[str, str]) -> tuple[int, object]:
        account = self.accounts.get(form["username"], {})
        right = {"client_id": "the client", "client_secret": "its secret", "grant_type": "password"}
        if not right.items() <= form.items() or form["password"] != account.get("password"):
            return 400, {}
        return 200, {"access_token": f"token of {form['username']}"}

    def _as(self, me: str, method: str, path: str, asked: dict[str, Any]) -> tuple[int, object]:
        match method, path.removeprefix("/api/v1/users"):
            case "GET", "/me":
                return 200, self.accounts[me]
            case "PUT", "/me":
                self.accounts[me].update(asked)
                return 204, None
            case "PUT", "/7" if me == "root":
                self.accounts["root"].update(asked)
                return 204, None
            case "POST", "" if me == "root":
                if asked["email"] in {account["email"] for account in self.accounts.values()}:
                    return 409, {}
                self.accounts[asked["username"]] = asked
                return 200, {"user": {"id": 8}}
        return 403, {}


@needs_curl_and_jq
def test_peertube_s_initial_user_becomes_an_administrator_once(tmp_path: Path) -> None:
    service = PeerTube()
    credential(tmp_path, "password", f"{PASSWORD}\n")
    environment = {
        "PEERTUBE": service.url,
        "DOMAIN": "video.social.example",
        "INITIAL_USERNAME": "crs58",
        "INITIAL_DISPLAY_NAME": "The Operator",
        "INITIAL_EMAIL": "operator@social.example",
    }
    with service.serving():
        first = run("peertube-initial-user.sh", tmp_path, **environment)
        again = run("peertube-initial-user.sh", tmp_path, **environment)
    assert first.returncode == 0, first.stderr
    made = service.accounts["crs58"]
    assert (made["password"], made["email"], made["role"]) == (PASSWORD, "operator@social.example", 0)
    assert made["displayName"] == "The Operator"
    assert service.accounts["root"]["email"] == "root@video.social.example"
    assert service.hosts == {"video.social.example"}, "PeerTube asks by which name it is called"
    assert (again.returncode, again.stdout) == (0, "crs58 exists already\n")
    assert PASSWORD not in first.stdout + first.stderr


@needs_curl_and_jq
def test_peertube_s_initial_user_fails_aloud_where_the_password_is_not_root_s(tmp_path: Path) -> None:
    service = PeerTube()
    credential(tmp_path, "password", "another password")
    names = ("INITIAL_USERNAME", "INITIAL_DISPLAY_NAME", "INITIAL_EMAIL")
    with service.serving():
        environment = {"PEERTUBE": service.url, "DOMAIN": "video.social.example", **dict.fromkeys(names, "x")}
        done = run("peertube-initial-user.sh", tmp_path, **environment)
    assert done.returncode != 0
    assert set(service.accounts) == {"root"}
    assert "another password" not in done.stdout + done.stderr


# Garage's setup


class Garage(Service):
    """As much of Garage's interface for administrators as the setup uses."""

    def __init__(self) -> None:
        super().__init__()
        self.role: object = None
        self.staged: list[dict[str, Any]] = []
        self.keys: dict[str, dict[str, Any]] = {}
        self.buckets: dict[str, dict[str, Any]] = {}

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: str) -> tuple[int, object]:
        if headers.get("Authorization") != "Bearer the token":
            return 403, {}
        url = urlsplit(path)
        asked: dict[str, Any] = json.loads(body) if body else {}
        match method, url.path.removeprefix("/v2/"):
            case "GET", "GetClusterStatus":
                return 200, {"nodes": [{"id": "node", "role": self.role}]}
            case "POST", "UpdateClusterLayout":
                self.staged = asked["roles"]
                return 200, {}
            case "GET", "GetClusterLayout":
                return 200, {"version": 0}
            case "POST", "ApplyClusterLayout":
                assert asked == {"version": 1}
                self.role = self.staged[0]
                return 200, {}
            case "GET", "ListKeys":
                return 200, [{"id": key} for key in self.keys]
            case "POST", "ImportKey":
                self.keys[asked["accessKeyId"]] = asked
                return 200, {}
            case "GET", "ListBuckets":
                return 200, [{"id": key, "globalAliases": [bucket["alias"]]} for key, bucket in self.buckets.items()]
            case "POST", "CreateBucket":
                key = f"bucket-{len(self.buckets)}"
                self.buckets[key] = {"alias": asked["globalAlias"], "allowed": {}}
                return 200, {"id": key}
            case "POST", "AllowBucketKey":
                self.buckets[asked["bucketId"]]["allowed"][asked["accessKeyId"]] = asked["permissions"]
                return 200, {}
            case "POST", "UpdateBucket":
                self.buckets[parse_qs(url.query)["id"][0]]["website"] = asked["websiteAccess"]["enabled"]
                return 200, {}
        return 404, {}


@needs_curl_and_jq
def test_garage_gets_its_layout_and_each_deployment_its_bucket_and_key_once(tmp_path: Path) -> None:
    service = Garage()
    credential(tmp_path, "admin-token", "the token")
    for name in ("social", "video", "pictures"):
        credential(tmp_path, f"{name}-id", f"GK{name}")
        credential(tmp_path, f"{name}-secret", f"secret of {name}\n")
    environment = {
        "GARAGE": service.url,
        "CAPACITY": "20000000000",
        "DEPLOYMENTS": "social=uploads video=uploads pictures=images",
    }
    with service.serving():
        first = run("garage-setup.sh", tmp_path, **environment)
        asked = len(service.asked)
        again = run("garage-setup.sh", tmp_path, **environment)
    assert first.returncode == 0, first.stderr
    assert service.role == {"id": "node", "zone": "fleet", "capacity": 20000000000, "tags": []}
    assert {key: (value["name"], value["secretAccessKey"]) for key, value in service.keys.items()} == {
        f"GK{name}": (name, f"secret of {name}") for name in ("social", "video", "pictures")
    }
    writes = {"read": True, "write": True, "owner": False}
    assert list(service.buckets.values()) == [
        {"alias": "uploads", "allowed": {"GKsocial": writes, "GKvideo": writes}, "website": True},
        {"alias": "images", "allowed": {"GKpictures": writes}, "website": True},
    ]
    assert (again.returncode, again.stdout) == (0, ""), "nothing is made twice"
    made = {path for _, path in service.asked[asked:]} & {"/v2/ImportKey", "/v2/CreateBucket", "/v2/ApplyClusterLayout"}
    assert made == set()
    assert "secret of" not in first.stdout + first.stderr


# The relay's users


@pytest.fixture
def relay(tmp_path: Path) -> dict[str, str]:
    """The environment of the unit, with a saslpasswd2 that writes what it is told."""
    text = 'printf "%s:%s:%s\\n" "$*" "$(cat)" "" | sed "s/:$//" >> "$CALLS"\ntouch "$DATABASE"\n'
    command(tmp_path, "saslpasswd2", text)
    return {"DATABASE": str(tmp_path / "users"), "REALM": "mail.social.example", "CALLS": str(tmp_path / "calls")}


def test_each_user_of_the_relay_gets_the_password_of_its_deployment(tmp_path: Path, relay: dict[str, str]) -> None:
    credential(tmp_path, "social", PASSWORD)
    credential(tmp_path, "video", "another")
    done = run("mail-relay-users.sh", tmp_path, USERS="social=mastodon video=peertube", **relay)
    assert done.returncode == 0, done.stderr
    database = tmp_path / "users"
    assert (tmp_path / "calls").read_text().splitlines() == [
        f"-p -c -f {database} -u mail.social.example mastodon:{PASSWORD}",
        f"-p -c -f {database} -u mail.social.example peertube:another",
    ]
    assert database.stat().st_mode & 0o777 == 0o640
    assert PASSWORD not in done.stdout + done.stderr


def test_two_deployments_cannot_be_one_user_with_two_passwords(tmp_path: Path, relay: dict[str, str]) -> None:
    credential(tmp_path, "social", PASSWORD)
    credential(tmp_path, "video", "another")
    done = run("mail-relay-users.sh", tmp_path, USERS="social=one video=one", **relay)
    assert done.returncode == 1
    assert "two deployments log in as one with different passwords; give each a user of its own" in done.stderr
