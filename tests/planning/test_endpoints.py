"""Other end points than the clouds' own: what is taken, and what would send credentials where they must not go."""

from typing import Any

import pytest

from fediversity.project.endpoints import Endpoints, parse_endpoints


def test_without_any_every_cloud_is_at_its_own_address() -> None:
    assert parse_endpoints({}) == (Endpoints(), [])
    assert not parse_endpoints({})[0]


@pytest.mark.parametrize(
    "url", ["https://api.example/v1", "http://127.0.0.1:8081/v1", "http://localhost:1/", "http://[::1]:8081/v1"]
)
def test_https_is_taken_from_anywhere_and_http_from_this_computer(url: str) -> None:
    assert parse_endpoints({"hcloud": url}) == (Endpoints({"hcloud": {"": url}}), [])


def test_each_of_google_s_services_has_its_own() -> None:
    gcp = {"compute": "https://proxy.example/compute/v1/", "storage": "http://127.0.0.1:4443/storage/v1/"}
    found, wrong = parse_endpoints({"gcp": gcp})
    assert (found.urls["gcp"], wrong) == (gcp, [])
    assert found


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("https://api.example", "endpoints: must name packages"),
        ({"aws": "https://x.example"}, "endpoints.aws: unknown package"),
        ({"hcloud": "http://api.example/v1"}, "endpoints.hcloud: http:// is for this computer only"),
        ({"hcloud": "http://localhost.example/v1"}, "endpoints.hcloud: http:// is for this computer only"),
        ({"hcloud": "http://128.0.0.1/v1"}, "endpoints.hcloud: http:// is for this computer only"),
        ({"hcloud": "api.example/v1"}, "endpoints.hcloud: is not a URL"),
        ({"hcloud": "ftp://api.example/"}, "endpoints.hcloud: is not a URL"),
        ({"hcloud": "https://api.example:99999/"}, "endpoints.hcloud: is not a URL"),
        ({"hcloud": "https://api example/"}, "endpoints.hcloud: is not a URL"),
        ({"hcloud": 7}, "endpoints.hcloud: is not a URL"),
        ({"hcloud": {"cloud": "https://x.example"}}, "endpoints.hcloud: is not a URL"),
        ({"hcloud": "https://me:word@api.example/"}, "endpoints.hcloud: a URL must not hold a user or a password"),
        ({"hcloud": "https://api.example/?key=1"}, "endpoints.hcloud: the base of an API has neither '?' nor '#'"),
        ({"gcp": "https://api.example/"}, "endpoints.gcp: must name services"),
        ({"gcp": {"sql": "https://api.example/"}}, "endpoints.gcp.sql: unknown service; known: compute, dns"),
        (
            {"gcp": {"dns": "https://api.example/dns/v1"}},
            "endpoints.gcp.dns: Google's plug-in wants the base path with",
        ),
    ],
)
def test_what_cannot_be_used_is_said_with_its_name(given: Any, said: str) -> None:
    found, (line,) = parse_endpoints(given)
    assert not found
    assert line.startswith(said)


def test_a_password_in_a_url_is_not_repeated() -> None:
    assert "word" not in parse_endpoints({"hcloud": "https://me:sesame@api.example/"})[1][0].replace("password", "")


def test_all_that_is_wrong_is_said_at_once() -> None:
    _, wrong = parse_endpoints({"aws": "x", "hcloud": "x", "gcp": {"sql": "x", "dns": "x"}})
    assert len(wrong) == 4
