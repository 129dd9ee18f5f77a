"""Implements service accounts and role members: of the project and of keys."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fediversity.embedded_cloud.plugins.gcp import rules
from fediversity.embedded_cloud.plugins.gcp.base import GcpResource, fingerprint
from fediversity.embedded_cloud.plugins.gcp.facts import ACCOUNT
from fediversity.embedded_cloud.plugins.problems import CloudError, Problem, api_error
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.embedded_cloud.store import Record, Session

PROJECT_NUMBER = 1
STORAGE_AGENT = f"service-{PROJECT_NUMBER}@gs-project-accounts.iam.gserviceaccount.com"
"""Cloud Storage's service account in the project."""

_ACCOUNT_ID = re.compile(r"[a-z][-a-z0-9]{4,28}[a-z0-9]")
_ROLE = re.compile(r"((projects|organizations)/[a-z0-9-]+/)?roles/[a-zA-Z0-9_.]+")
_MEMBER = re.compile(r"(serviceAccount|user|group|domain):(?P<who>\S+)")
_LONGEST_NAME, _LONGEST_DESCRIPTION = 100, 256


def project_service_account(arguments: Values) -> Values:
    """Implements the function `storage.getProjectServiceAccount`."""
    unknown = sorted(set(arguments) - {"project", "userProject"})
    if unknown:
        raise CloudError(f"storage.getProjectServiceAccount has no argument {', '.join(unknown)}")
    if arguments.get("project", rules.PROJECT) != rules.PROJECT:
        raise CloudError(f'the embedded cloud has one project, "{rules.PROJECT}"')
    outputs = {"emailAddress": STORAGE_AGENT, "id": STORAGE_AGENT, "member": f"serviceAccount:{STORAGE_AGENT}"}
    return outputs | {"project": rules.PROJECT}


def account_of(session: Session, email: str) -> Record | None:
    """Returns the service account with an e-mail address, or None."""
    return next((account for account in session.all(ACCOUNT) if _email(account) == email), None)


def _email(account: Record) -> str:
    return f"{account.name}@{rules.PROJECT}.iam.gserviceaccount.com"


class Account(GcpResource):
    """A service account. Its id contains its e-mail address."""

    def own_rules(self, inputs: Values) -> Iterator[Problem]:
        account = inputs.get("accountId")
        if account is None:
            yield Problem("accountId", "is missing")
        if isinstance(account, str) and not _ACCOUNT_ID.fullmatch(account):
            yield Problem(
                "accountId", f'"{account}" is not a valid id; use 6 to 30 lower case letters, digits and dashes'
            )
        for key, longest in (("displayName", _LONGEST_NAME), ("description", _LONGEST_DESCRIPTION)):
            text = inputs.get(key)
            if isinstance(text, str) and len(text.encode()) > longest:
                yield Problem(key, f"has {len(text.encode())} bytes; it takes {longest}")

    def unique_key(self, session: Session, inputs: Mapping[str, Any]) -> tuple[str, str]:
        return self.collection(session, inputs), str(inputs["accountId"])

    def collection(self, session: Session, inputs: Mapping[str, Any]) -> str:
        del session, inputs
        return f"projects/{rules.PROJECT}/serviceAccounts"

    def new_id(self, session: Session, inputs: Mapping[str, Any], scope: str, name: str) -> str:
        return f"{super().new_id(session, inputs, scope, name)}@{rules.PROJECT}.iam.gserviceaccount.com"

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        message = f"Service account {inputs['accountId']} already exists within project {rules.PROJECT}"
        return api_error(message, "alreadyExists", "already_exists")

    def outputs(self, session: Session, record: Record) -> Values:
        return {
            **super().outputs(session, record),
            "email": _email(record),
            "member": f"serviceAccount:{_email(record)}",
            "name": record.id,
            "uniqueId": str(record.facts["number"]),
        }


class Member(GcpResource):
    """One member of a role, of the project or of a resource in it. All its properties are part of its id."""

    def own_rules(self, inputs: Values) -> Iterator[Problem]:
        role, member = inputs.get("role"), inputs.get("member")
        if isinstance(role, str) and not _ROLE.fullmatch(role):
            yield Problem("role", f'"{role}" is not a role; write it like "roles/storage.objectViewer"')
        if isinstance(member, str) and not _MEMBER.fullmatch(member):
            yield Problem("member", f'"{member}" is not a member; write it like "serviceAccount:NAME@PROJECT.iam.…"')

    def collection(self, session: Session, inputs: Mapping[str, Any]) -> str:
        del session
        return str(inputs["project"])

    def unique_key(self, session: Session, inputs: Mapping[str, Any]) -> tuple[str, str]:
        return self.collection(session, inputs), f"{inputs['role']}/{inputs['member']}"

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        return CloudError(f"{inputs['member']} has {inputs['role']} already (simulated)", "already_exists")

    def check_rules(self, session: Session, inputs: Mapping[str, Any], current: Record | None) -> None:
        del current
        kind, _, email = str(inputs["member"]).partition(":")
        if kind == "serviceAccount" and email != STORAGE_AGENT and account_of(session, email) is None:
            raise api_error(f"Service account {email} does not exist.", "badRequest")

    def outputs(self, session: Session, record: Record) -> Values:
        del session
        return {"etag": fingerprint(record.id)}


class ProjectMember(Member):
    """A member of a role of the project."""
