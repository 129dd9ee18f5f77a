"""Provider plug-ins of the embedded cloud: they speak Pulumi's plug-in protocol and keep everything on this computer.

`python -m fediversity.embedded_cloud.plugins NAME [engine-address]` serves one package (`LOCAL_PACKAGES`). Decisions
are pure functions over plain values (`schema`, `checks`, `diff`, each package's rules); gRPC is only in `servicer`.
"""
