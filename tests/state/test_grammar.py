"""The commands that are given to the clouds' tools are ones they take, by what their documentation says."""

import shlex
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest

from fediversity.state import aws, gcloud
from fediversity.state.actions import Action, CommandResult
from fediversity.state.backend_spec import AwsKey, GcpKey, GcsBucket, S3Bucket
from tests.state.refusing import RefusedError
from tests.state.standin import GRAMMAR, parse

NOW = datetime(2026, 11, 26, tzinfo=UTC)
GCS = GcsBucket("garden-states", "garden-project", "europe-west4")
S3 = S3Bucket("garden-states", "eu-central-1")
ELSEWHERE = S3Bucket("garden-states", "fsn1", "https://s3.garden.example")
GCP_KEY = GcpKey("garden-project", "europe-west4", "fediversity", "production-state")
AWS_KEY = AwsKey("fediversity-production", "eu-central-1")


def commands() -> Iterator[tuple[str, ...]]:
    """Every command there is: those that look, those that make, and those that mend."""
    asked: list[tuple[str, ...]] = []

    def nothing_there(command: Sequence[str]) -> CommandResult:
        asked.append(tuple(command))
        return CommandResult(0, "{}", "")

    steps: list[Action] = []
    for found in (
        gcloud.inspect_bucket(GCS, nothing_there),
        gcloud.inspect_key(GCP_KEY, nothing_there, NOW),
        aws.inspect_bucket(S3, nothing_there),
        aws.inspect_key(AWS_KEY, nothing_there),
    ):
        steps += [wrong.mend for wrong in found.wrong if wrong.mend]
    steps += [*gcloud.creation_of_bucket(GCS), gcloud.creation_of_key(GCP_KEY, NOW)]
    steps += [*aws.creation_of_bucket(S3), *aws.creation_of_bucket(ELSEWHERE), *aws.creation_of_key(AWS_KEY)]
    yield from asked
    yield from (step.command for step in steps)


@pytest.mark.parametrize("command", sorted(set(commands())), ids=lambda command: " ".join(command[:5]))
def test_every_command_is_in_the_documented_grammar(command: tuple[str, ...]) -> None:
    tool, *words = command
    parse(tool, list(words))


def test_so_many_different_commands_are_used() -> None:
    used = {" ".join(command[1 : 4 if command[0] == "gcloud" else 3]) for command in commands()}
    known = {name for tool in GRAMMAR.values() for name in tool["commands"]}
    unused = known - used - {"s3api get-bucket-acl", "s3api put-bucket-acl", "kms keyrings create"}
    assert unused == set(), "a command in the grammar that nobody gives"


def test_a_bucket_gets_its_versions_by_an_update_because_create_knows_no_flag_for_them() -> None:
    create = GRAMMAR["gcloud"]["commands"]["storage buckets create"]
    assert "--versioning" not in create["switches"]
    assert "--versioning" in GRAMMAR["gcloud"]["commands"]["storage buckets update"]["switches"]


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("gcloud storage buckets create gs://garden --versioning", 2),
        ("gcloud storage buckets create gs://garden gs://orchard", 2),
        ("gcloud storage buckets create", 2),
        ("gcloud storage buckets drain gs://garden", 2),
        ("gcloud kms keys create k --location=europe-west4 --keyring=r", 2),
        ("aws s3api create-bucket --bucket garden --versioning Enabled", 252),
        ("aws s3api put-bucket-versioning --bucket garden", 252),
        ("aws s3api create-bucket garden", 252),
        ("aws s3api create-bucket --bucket", 252),
    ],
)
def test_the_stand_ins_refuse_what_is_not_in_the_grammar(line: str, status: int) -> None:
    tool, *words = shlex.split(line)
    with pytest.raises(RefusedError) as refused:
        parse(tool, words)
    assert refused.value.status == status
