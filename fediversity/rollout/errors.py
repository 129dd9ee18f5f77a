"""The error that this room raises."""

from fediversity.support.errors import RefusedError

__all__ = ["RefusedError"]
