"""Brings the simulated machines of a stack back: after a reboot of this computer, or a run that was cut short.

A record is written before its machine is made (`plugins/cloud.py`), so the records say which machines there have to be.
"""

from fediversity.embedded_cloud.folders import StackFolder
from fediversity.embedded_cloud.machines.client import Datacenter
from fediversity.embedded_cloud.plugins.machine import MachineResource
from fediversity.embedded_cloud.plugins.registry import provider
from fediversity.embedded_cloud.store import Store
from fediversity.support.constants import LOCAL_PACKAGES


def power_on(folder: StackFolder) -> list[str]:
    """Makes sure that every machine of a stack is there and on; gives their names.

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
