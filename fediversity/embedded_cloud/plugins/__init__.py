"""Provider plug-ins of the embedded cloud: they speak Pulumi's plug-in protocol and keep everything on this computer.

`python -m fediversity.embedded_cloud.plugins NAME [engine-address]` serves one package (`registry.PACKAGES`). What decides is
in pure functions over plain values (`tables`, `checks`, `differ`, each package's rules); gRPC is only in `servicer`.
"""
