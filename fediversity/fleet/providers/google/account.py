"""The account of a fleet at Google Cloud. The order of places is that in which Google's own plug-in looks."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fediversity.fleet.providers.account import CloudAccount

if TYPE_CHECKING:
    from fediversity.fleet.model import Fleet

FILE_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
"""The variable that names a file with the credential."""

_FILE = "application_default_credentials.json"


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    if named := environ.get(FILE_VARIABLE):
        yield Path(named)
    elif folder := environ.get("CLOUDSDK_CONFIG"):
        yield Path(folder, _FILE)
    elif home := environ.get("HOME"):
        yield Path(home, ".config", "gcloud", _FILE)


def _wrong_url(url: str) -> str | None:
    if url.endswith("/"):
        return None
    return "Google's plug-in wants the base path with a final slash, like https://…/{service}/v1/"


def _needed_by(fleet: "Fleet") -> bool:
    return bool(fleet.buckets) or bool(fleet.gcp is not None and fleet.gcp.keys)


ACCOUNT = CloudAccount(
    kind="gcp",
    package="gcp",
    secret="gcp:credentials",  # noqa: S106 (a setting's name)
    variable="GOOGLE_CREDENTIALS",
    other_variables=("GOOGLE_CLOUD_KEYFILE_JSON", "GCLOUD_KEYFILE_JSON"),
    plugin_variables=("GOOGLE_OAUTH_ACCESS_TOKEN",),
    plugin_files=_files,
    plugin_finds=f"the file that {FILE_VARIABLE} names, or gcloud's own (application default credentials)",
    secret_in_file="KEY.json",  # noqa: S106 (a file's name)
    login="gcloud auth application-default login",
    services=("compute", "dns", "iam", "kms", "resource_manager", "storage"),
    wrong_url=_wrong_url,
    # Otherwise the plug-in asks the real API for its regions, whatever the end points say.
    elsewhere={"PULUMI_GCP_SKIP_REGION_VALIDATION": "true"},
    needed_by=_needed_by,
)
