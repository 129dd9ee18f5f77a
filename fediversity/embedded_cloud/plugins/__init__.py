"""Provider plug-ins of the embedded cloud: they implement Pulumi's plug-in protocol and store all data on this
computer.

`python -m fediversity.embedded_cloud.plugins NAME [address]` serves one package (`LOCAL_PACKAGES`). Decisions are
pure functions over plain values (`schema`, `checks`, `diff`, each package's rules); gRPC is only in `servicer`.
"""
