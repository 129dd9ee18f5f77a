"""Implements `python -m fediversity.embedded_cloud.lookup STACK`: looks resources up by their inputs.

Used after a run that was interrupted while it created resources. Reads one JSON object per line, `{"type":
"hcloud:index/server:Server", "inputs": {…}}`, and writes one per line, `{"id": "…"}` or `{"id": null}`. Must run in the
project folder.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fediversity.embedded_cloud.folders import StackFolder
from fediversity.embedded_cloud.plugins.cloud import CloudResource
from fediversity.embedded_cloud.plugins.problems import CloudError
from fediversity.embedded_cloud.plugins.registry import provider
from fediversity.embedded_cloud.plugins.simulated.site import SITE
from fediversity.embedded_cloud.store import Record, Session, Store
from fediversity.support.constants import LOCAL_PACKAGES


def find(folder: StackFolder, session: Session, type_: str, inputs: Mapping[str, Any]) -> str | None:
    """Returns the id of the simulated resource with the same unique inputs (such as its name), or None."""
    package = type_.partition(":")[0]
    if type_ == SITE:
        site = session.get(SITE, str(inputs.get("stack")))
        return site.id if site and folder.identity.exists() else None
    resource = provider(package).resources(folder, {}).get(type_) if package in LOCAL_PACKAGES else None
    if not isinstance(resource, CloudResource):
        return None
    record = _record(resource, session, inputs)
    return None if record is None else resource.pulumi_id(record)


def _record(resource: CloudResource, session: Session, inputs: Mapping[str, Any]) -> Record | None:
    try:
        scope, name = resource.unique_key(session, inputs)
    except CloudError:  # the parent resource does not exist either
        return None
    except KeyError:  # the scope comes from the provider's configuration, which is unknown here
        alone = [record for record in session.all(resource.type) if record.name == inputs.get("name")]
        return alone[0] if len(alone) == 1 else None
    return session.find(resource.type, name, scope)


def answers(folder: StackFolder, questions: Iterable[str]) -> Iterator[str]:
    """Yields one JSON answer for each JSON question. Creates nothing on disk."""
    with Store(folder.store).reading() as session:
        for line in questions:
            question = json.loads(line)
            yield json.dumps({"id": find(folder, session, question["type"], question["inputs"])})


def main() -> None:
    """Answers the questions on stdin about the resources of a stack."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m fediversity.embedded_cloud.lookup STACK < questions")
    for line in answers(StackFolder.of(Path.cwd(), sys.argv[1]), sys.stdin):
        print(line)


if __name__ == "__main__":
    main()
