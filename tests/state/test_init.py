"""`fediversity state init` on stand-ins for the clouds: what it says, asks, makes, and leaves alone."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from fediversity.cli.main import main
from tests.state.conftest import SETTINGS, Clouds

Output = pytest.CaptureFixture[str]
GCS = ("--bucket", "gs://garden-states", "--location", "europe-west4")
S3 = ("--bucket", "s3://garden-states", "--region", "eu-central-1")
ENDPOINT = "https://s3.garden.example"
FITTING: dict[str, Any] = {
    "name": "garden-states",
    "location": "EUROPE-WEST4",
    "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "enforced"},
    "versioning": {"enabled": True},
}


def init(*options: str) -> int:
    return main(["state", "init", "production", *options])


def chosen_backend(project: Path) -> str | None:
    config = yaml.safe_load((project / "Pulumi.production.yaml").read_text())["config"]
    found: str | None = config.get("fediversity:backend")
    return found


def test_a_bucket_of_google_and_its_key_are_made_as_the_plan_says(
    project: Path, clouds_on_path: Clouds, capsys: Output
) -> None:
    assert init(*GCS, "--yes") == 0
    cloud = clouds_on_path.read()
    assert cloud["gcs"] == {"garden-states": FITTING}
    ring = "projects/garden-project/locations/europe-west4/keyRings/fediversity"
    assert set(cloud["rings"][ring]) == {"production-state"}
    assert cloud["rings"][ring]["production-state"]["rotationPeriod"]
    assert chosen_backend(project) == "gs://garden-states"
    out = capsys.readouterr().out
    assert "gcloud storage buckets update gs://garden-states --project=garden-project --versioning" in out
    assert f"stack init production --secrets-provider=gcpkms://{ring}/cryptoKeys/production-state" in out
    assert "export PULUMI_BACKEND_URL=gs://garden-states" in out
    assert "gcloud auth application-default login" in out, "the engine does not use gcloud's own login"


def test_a_bucket_of_amazon_and_its_key_are_made_as_the_plan_says(
    project: Path, clouds_on_path: Clouds, capsys: Output
) -> None:
    assert init(*S3, "--yes") == 0
    cloud = clouds_on_path.read()
    bucket = cloud["s3"]["garden-states"]
    assert bucket["versioning"] == "Enabled"
    assert all(bucket["blocks"].values())
    assert bucket["encryption"]["Rules"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    (statement,) = json.loads(bucket["policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert cloud["aliases"] == {"alias/fediversity-production": "key-1"}
    assert cloud["keys"]["key-1"]["rotated"], "the steps after it know the new key's id"
    assert chosen_backend(project) == "s3://garden-states?region=eu-central-1"
    assert "--secrets-provider='awskms://alias/fediversity-production?region=eu-central-1'" in capsys.readouterr().out


def test_the_first_region_of_amazon_is_not_named_when_a_bucket_is_made_there(clouds: Clouds, project: Path) -> None:
    assert init("--bucket", "s3://garden-states", "--region", "us-east-1", "--yes") == 0
    assert clouds.read()["s3"]["garden-states"]["region"] == "us-east-1"
    assert chosen_backend(project) == "s3://garden-states?region=us-east-1"


@pytest.mark.parametrize("options", [GCS, S3], ids=["google", "amazon"])
def test_a_second_time_everything_fits_and_nothing_is_done(
    project: Path, clouds: Clouds, capsys: Output, options: tuple[str, ...]
) -> None:
    assert init(*options, "--yes") == 0
    made, settings = clouds.changing_calls(), (project / "Pulumi.production.yaml").read_text()
    capsys.readouterr()
    assert init(*options) == 0, "there is nothing to agree to"
    assert clouds.changing_calls() == made
    assert (project / "Pulumi.production.yaml").read_text() == settings
    out = capsys.readouterr().out
    assert "everything is there and fits; nothing to do" in out
    assert "fits: " in out


@pytest.mark.parametrize("options", [GCS, S3], ids=["google", "amazon"])
def test_without_anybody_to_agree_the_plan_is_printed_and_nothing_is_changed(
    project: Path, clouds: Clouds, capsys: Output, options: tuple[str, ...]
) -> None:
    assert init(*options) == 1
    assert clouds.changing_calls() == []
    assert (project / "Pulumi.production.yaml").read_text() == SETTINGS
    out, err = capsys.readouterr()
    assert "this will:" in out
    assert "garden-states into Pulumi.production.yaml" in out.replace("?region=eu-central-1", "")
    assert "nothing was changed: there is no terminal to ask on" in err


@pytest.mark.parametrize(("answer", "status"), [("n", 1), ("", 1), ("yes", 0)])
@pytest.mark.usefixtures("project")
def test_a_person_is_asked_once(clouds: Clouds, monkeypatch: pytest.MonkeyPatch, answer: str, status: int) -> None:
    asked: list[str] = []

    def ask(text: str) -> str:
        asked.append(text)
        return answer

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", ask)
    assert init(*GCS) == status
    assert asked == ["Do that? [y/N] "]
    assert bool(clouds.changing_calls()) == (status == 0)


BAD_GCS: dict[str, dict[str, Any]] = {
    "may be public": {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}},
    "keeps no old versions": {"versioning": {"enabled": False}},
    "has no uniform access": {"iamConfiguration": {"publicAccessPrevention": "enforced"}},
    "could not delete its locks": {"retentionPolicy": {"retentionPeriod": "86400"}},
}


@pytest.mark.parametrize("said", BAD_GCS)
def test_a_bucket_of_google_that_does_not_fit_is_left_alone_until_somebody_says_so(
    project: Path, clouds: Clouds, capsys: Output, said: str
) -> None:
    bad = FITTING | BAD_GCS[said]
    clouds.give(gcs={"garden-states": bad})
    assert init(*GCS, "--yes") == 1
    out, err = capsys.readouterr()
    assert said in err
    assert "    gcloud storage buckets update gs://garden-states" in err
    assert "nothing was changed; --mend puts right" in err
    assert (clouds.changing_calls(), clouds.read()["gcs"]) == ([], {"garden-states": bad})
    assert chosen_backend(project) is None
    assert "fits: gs://garden-states" not in out
    assert init(*GCS, "--mend", "--yes") == 0
    assert clouds.read()["gcs"] == {"garden-states": FITTING}


BAD_S3: dict[str, dict[str, Any]] = {
    "keeps no old versions": {"versioning": "Suspended"},
    "may be public: not set are BlockPublicPolicy": {"blocks": {"BlockPublicPolicy": False}},
    "is not encrypted": {"encryption": None},
    "may be reached without TLS": {"policy": None},
}


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("said", BAD_S3)
def test_a_bucket_of_amazon_that_does_not_fit_is_left_alone_until_somebody_says_so(
    clouds: Clouds, capsys: Output, said: str
) -> None:
    assert init(*S3, "--yes") == 0
    good = clouds.read()["s3"]["garden-states"]
    ((part, value),) = BAD_S3[said].items()
    changed = {part: {**good[part], **value} if isinstance(value, dict) else value}
    bad = {key: value for key, value in {**good, **changed}.items() if value is not None}
    clouds.give(s3={"garden-states": bad}, calls=[])
    capsys.readouterr()
    assert init(*S3, "--yes") == 1
    assert said in capsys.readouterr().err
    assert (clouds.changing_calls(), clouds.read()["s3"]["garden-states"]) == ([], bad)
    assert init(*S3, "--mend", "--yes") == 0
    assert clouds.read()["s3"]["garden-states"] == good


@pytest.mark.usefixtures("project")
def test_what_cannot_be_mended_stays_as_it_is_even_if_something_else_could(clouds: Clouds, capsys: Output) -> None:
    locked = FITTING | {"retentionPolicy": {"retentionPeriod": "9", "isLocked": True}, "versioning": {}}
    clouds.give(gcs={"garden-states": locked})
    assert init(*GCS, "--mend", "--yes") == 1
    assert "could not delete its locks" in capsys.readouterr().err
    assert clouds.changing_calls() == []
    clouds.give(gcs={"garden-states": FITTING | {"location": "US"}})
    assert init(*GCS, "--mend", "--yes") == 1
    assert "is in us, not in europe-west4" in capsys.readouterr().err
    assert clouds.changing_calls() == []


@pytest.mark.usefixtures("project")
def test_a_policy_that_is_there_is_never_overwritten(clouds: Clouds, capsys: Output) -> None:
    assert init(*S3, "--yes") == 0
    bucket = clouds.read()["s3"]["garden-states"]
    own = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "x"}]})
    clouds.give(s3={"garden-states": bucket | {"policy": own}}, calls=[])
    assert init(*S3, "--mend", "--yes") == 1
    assert 'add this statement to it: {"Sid": "TlsOnly"' in capsys.readouterr().err
    assert clouds.read()["s3"]["garden-states"]["policy"] == own


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("options", "said"), [(GCS, "HTTPError 403"), (S3, "choose another name")])
def test_a_bucket_of_somebody_else_is_not_touched(
    clouds: Clouds, capsys: Output, options: tuple[str, ...], said: str
) -> None:
    clouds.give(taken=["garden-states"])
    assert init(*options, "--mend", "--yes") == 1
    assert said in capsys.readouterr().err
    assert clouds.changing_calls() == []


@pytest.mark.usefixtures("project")
def test_a_key_that_cannot_encrypt_is_said_to(clouds: Clouds, capsys: Output) -> None:
    assert init(*GCS, "--yes") == 0
    rings = clouds.read()["rings"]
    (ring,) = rings.values()
    ring["production-state"]["primary"]["state"] = "DISABLED"
    clouds.give(rings=rings)
    assert init(*GCS, "--yes") == 1
    assert "cannot encrypt: its primary version is DISABLED" in capsys.readouterr().err


def test_an_end_point_of_another_provider_gets_a_passphrase_and_is_honest_about_what_it_lacks(
    project: Path, clouds: Clouds, capsys: Output
) -> None:
    clouds.give(offers={ENDPOINT: []})
    elsewhere = ("--bucket", "s3://garden-states", "--region", "fsn1", "--endpoint", ENDPOINT)
    assert init(*elsewhere, "--yes") == 0
    out = capsys.readouterr().out
    assert "--secrets-provider=passphrase" in out
    assert "It belongs in no command line." in out
    url = f"s3://garden-states?region=fsn1&endpoint={ENDPOINT}&s3ForcePathStyle=true"
    assert chosen_backend(project) == url
    assert init(*elsewhere, "--yes") == 1, "it was made, and is not encrypted"
    assert "does not encrypt garden-states by itself" in capsys.readouterr().err
    assert init(*elsewhere, "--accept-unencrypted") == 0
    assert "note: the end point cannot keep garden-states from being made public" in capsys.readouterr().out


@pytest.mark.usefixtures("project")
def test_a_public_bucket_at_another_provider_is_found_by_its_grants(clouds: Clouds, capsys: Output) -> None:
    grants = [{"Grantee": {"URI": "http://acs.amazonaws.com/groups/global/AllUsers"}, "Permission": "READ"}]
    clouds.give(offers={ENDPOINT: []}, s3={"garden-states": {"region": "fsn1", "grants": grants}})
    elsewhere = ("--bucket", "s3://garden-states", "--region", "fsn1", "--endpoint", ENDPOINT, "--accept-unencrypted")
    assert init(*elsewhere, "--yes") == 1
    assert "is publicly readable" in capsys.readouterr().err
    assert init(*elsewhere, "--mend", "--yes") == 0
    assert clouds.read()["s3"]["garden-states"]["grants"] == []


def test_a_failure_in_the_middle_is_told_and_the_next_time_goes_on_from_there(
    project: Path, clouds: Clouds, capsys: Output
) -> None:
    clouds.give(aliases={"alias/fediversity-production": "gone"})
    assert init(*S3, "--yes") == 1
    err = capsys.readouterr().err
    assert "it did not work to name it alias/fediversity-production" in err
    assert "What was made before stays" in err
    assert chosen_backend(project) is None, "the stack does not point at what is not ready"
    clouds.give(aliases={})
    assert init(*S3, "--yes") == 0
    assert clouds.read()["calls"].count("s3api create-bucket") == 1


def test_a_stack_with_a_state_keeps_its_settings_and_is_told_how_to_move(
    project: Path, clouds: Clouds, capsys: Output
) -> None:
    state = project / ".pulumi" / "stacks" / "garden" / "production.json"
    state.parent.mkdir(parents=True)
    state.write_text('{"version": 3, "checkpoint": {}}')
    assert init(*GCS, "--yes") == 0
    assert "garden-states" in clouds.read()["gcs"]
    assert (project / "Pulumi.production.yaml").read_text() == SETTINGS
    out = capsys.readouterr().out
    assert "Stack production has a state in file://." in out
    order = ["PULUMI_BACKEND_URL=file://.", "stack export", "=gs://garden-states", "stack init", "stack import"]
    places = [out.index(text) for text in [*order, "change-secrets-provider gcpkms://", "fediversity:backend: gs://"]]
    assert places == sorted(places)
    assert "--show-secrets" not in out, "nothing lies on the disk in plain text meanwhile"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--bucket", "garden-states"), "'garden-states' is no bucket; write gs://NAME or s3://NAME"),
        (("--bucket", "gs://Garden"), "'Garden' is no name of a bucket"),
        (("--bucket", "gs://garden-states"), "--location: is missing"),
        (("--bucket", "s3://garden-states"), "--region: is missing"),
        ((*GCS, "--endpoint", "https://x.example"), "--endpoint: goes with an s3:// bucket only"),
        ((*S3, "--endpoint", "http://x.example"), "--endpoint: must be https://"),
        ((*S3, "--endpoint", "https://me:word@x.example"), "--endpoint: holds a credential"),
        ((*S3, "--key", "a/b"), "--key: 'a/b' is no name of a key"),
        ((*S3, "--secrets", "gcpkms"), "--location: is missing"),
    ],
)
@pytest.mark.usefixtures("project")
def test_what_cannot_be_meant_is_refused_before_anything_is_asked_of_a_cloud(
    clouds: Clouds, capsys: Output, options: tuple[str, ...], said: str
) -> None:
    assert init(*options, "--yes") == 1
    err = capsys.readouterr().err
    assert said in err
    assert "word" not in err
    assert clouds.read()["calls"] == []


@pytest.mark.usefixtures("project")
def test_a_tool_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert init(*GCS, "--yes") == 1
    assert "`gcloud` is not installed or not on PATH" in capsys.readouterr().err


def test_a_simulated_stack_needs_no_bucket(project: Path, clouds: Clouds, capsys: Output) -> None:
    simulated = SETTINGS.replace("official", "local") + "  fediversity:machines: simulated\n"
    (project / "Pulumi.production.yaml").write_text(simulated)
    assert init(*GCS, "--yes") == 1
    assert "is simulated; its state stays in a folder" in capsys.readouterr().err
    assert clouds.read()["calls"] == []


@pytest.mark.usefixtures("project", "clouds")
def test_no_passphrase_of_the_environment_is_ever_printed(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "correct horse")
    assert init(*GCS, "--secrets", "passphrase", "--yes") == 0
    out, err = capsys.readouterr()
    assert "correct horse" not in out + err
    assert "--secrets-provider=passphrase" in out
