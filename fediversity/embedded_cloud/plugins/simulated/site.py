"""Implements the site: the folder of a stack's embedded cloud, and the throwaway SSH key that its machines accept."""

import asyncio
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from fediversity.embedded_cloud.folders import StackFolder
from fediversity.embedded_cloud.plugins.cloud import Machines
from fediversity.embedded_cloud.plugins.problems import CloudError, Problem
from fediversity.embedded_cloud.plugins.provider import PulumiRequest, Resource, State
from fediversity.embedded_cloud.plugins.schema import ResourceSchema
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.embedded_cloud.store import LEFT_BEHIND, Record, Store

SITE = "simulated:index:Site"


class SiteResource(Resource):
    """The first resource to be created and the last to be deleted: its folder contains the embedded cloud. Its id is
    the stack.
    """

    def __init__(self, schema: ResourceSchema, folder: StackFolder, machines: Machines) -> None:
        super().__init__(schema)
        self.folder = folder
        self.machines = machines

    def rules(self, inputs: Values) -> list[Problem]:
        stack, own = inputs.get("stack"), self.folder.root.name
        if isinstance(stack, str) and stack != own:
            return [Problem("stack", f'is "{stack}", but the provider is for the stack "{own}"')]
        return []

    async def create(self, request: PulumiRequest, inputs: Values) -> State:
        del request
        return await asyncio.to_thread(self._create, inputs)

    async def read(self, request: PulumiRequest, id_: str, inputs: Values, outputs: Values) -> State | None:
        del request, outputs
        if id_ != self.folder.root.name or not self._public_key.exists():
            return None
        return self._state(inputs or {"stack": id_})

    async def update(self, request: PulumiRequest, id_: str, outputs: Values, inputs: Values) -> Values:
        del request, id_, outputs
        return self._state(inputs).outputs

    async def delete(self, request: PulumiRequest, id_: str, outputs: Values) -> None:
        del request, id_, outputs
        await asyncio.to_thread(self._delete)

    def _create(self, inputs: Values) -> State:
        for folder in (self.folder.root, self.folder.cloud):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
        if not self._public_key.exists():
            self._generate_key()
        name = self.folder.root.name
        with Store(self.folder.store).writing() as session:
            session.put(Record(SITE, name, name, inputs={"stack": name}))
        return self._state(inputs)

    def _generate_key(self) -> None:
        """Generates the key under another name first, so that an interrupted run leaves no partial key."""
        temporary = self.folder.identity.with_name("identity.new")
        for path in (temporary, temporary.with_name("identity.new.pub")):
            path.unlink(missing_ok=True)
        comment = f"simulated-{self.folder.root.name}"
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(temporary)],
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        temporary.rename(self.folder.identity)
        temporary.with_name("identity.new.pub").rename(self._public_key)

    def _delete(self) -> None:
        with Store(self.folder.store).reading() as session:
            remaining = [
                record for record in session.everything() if record.type != SITE and not record.facts.get(LEFT_BEHIND)
            ]
        if remaining:
            names = ", ".join(f"{record.name} ({record.type})" for record in remaining[:5])
            raise CloudError(f"the simulated site still holds {len(remaining)} resources: {names}")
        self.machines.stop()
        with suppress(FileNotFoundError):
            shutil.rmtree(self.folder.root)
        with suppress(OSError):  # another stack's folder is beside this one
            self.folder.root.parent.rmdir()

    @property
    def _public_key(self) -> Path:
        return self.folder.identity.with_suffix(".pub")

    def _state(self, inputs: Mapping[str, Any]) -> State:
        key = self._public_key.read_text().strip()
        return State(self.folder.root.name, dict(inputs), {"stack": self.folder.root.name, "publicKey": key})
