"""Pulumi's protocol messages, loaded without Pulumi.

`import pulumi.runtime.proto` executes `pulumi/__init__.py` first: half a second on a small computer, and every run
starts four plug-ins. The generated modules import only their neighbours and protobuf, so they are loaded here as a
package of their own, straight from the folder where the installed SDK keeps them.
"""

import importlib
import importlib.util
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi.runtime.proto import (
        engine_pb2,
        engine_pb2_grpc,
        plugin_pb2,
        provider_pb2,
        provider_pb2_grpc,
    )
else:

    def _load(name: str) -> types.ModuleType:
        return importlib.import_module(f"{_PACKAGE}.{name}")

    _PACKAGE = f"{__name__}_generated"
    _SDK = importlib.util.find_spec("pulumi")
    if _SDK is None or _SDK.origin is None:
        raise ModuleNotFoundError("the Pulumi SDK is not installed")
    _generated = types.ModuleType(_PACKAGE)
    _generated.__path__ = [str(Path(_SDK.origin).parent / "runtime/proto")]
    sys.modules[_PACKAGE] = _generated
    plugin_pb2 = _load("plugin_pb2")
    provider_pb2 = _load("provider_pb2")
    provider_pb2_grpc = _load("provider_pb2_grpc")
    engine_pb2 = _load("engine_pb2")
    engine_pb2_grpc = _load("engine_pb2_grpc")

__all__ = ["engine_pb2", "engine_pb2_grpc", "plugin_pb2", "provider_pb2", "provider_pb2_grpc"]
