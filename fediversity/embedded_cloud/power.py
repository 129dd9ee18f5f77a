"""Restores the simulated machines of a stack after a reboot of this computer or an interrupted run.

A record is written before its machine is created (`plugins/cloud.py`), so the records list all machines that must
exist.
"""

from fediversity.embedded_cloud.folders import StackFolder
from fediversity.embedded_cloud.machines.client import Datacenter
from fediversity.embedded_cloud.plugins.machine import MachineResource
from fediversity.embedded_cloud.plugins.registry import provider
from fediversity.embedded_cloud.store import Store
from fediversity.support.constants import LOCAL_PACKAGES


def power_on(folder: StackFolder) -> list[str]:
    """Ensures that every machine of a stack exists and is on. Returns their names.

    Does nothing, and creates nothing on disk, for a stack without machines. Raises DatacenterError.
    """
    specs = []
    with Store(folder.store).reading() as session:
        for package in LOCAL_PACKAGES:
            for token, resource in provider(package).resources(folder, {}).items():
                if isinstance(resource, MachineResource):
                    specs += [resource.machine(session, record) for record in session.all(token)]
    datacenter = Datacenter(folder.cloud)
    if specs:
        datacenter.ensure_on()
    for spec in specs:
        datacenter.create(spec)
    return [spec.name for spec in specs]
