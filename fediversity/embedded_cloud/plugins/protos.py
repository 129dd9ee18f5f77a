"""Loads Pulumi's protocol messages without Pulumi.

`import pulumi.runtime.proto` runs `pulumi/__init__.py` first: half a second on a small computer, and every run starts
four plug-ins. The generated modules import only each other and protobuf, so this module loads them as a separate
package from the folder of the installed SDK.
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
