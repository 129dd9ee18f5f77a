"""A walk: the changes that a recipe asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.recipes.edits import Edits


@dataclass(frozen=True)
class Walk:
    """What somebody does who follows a recipe.

    `generate` are `fediversity` commands whose files are listed, `run` is the module of `tests/recipes/runs`. `names`
    are what stands for the recipe's placeholders.
    """

    edits: Edits
    run: str
    generate: tuple[tuple[str, ...], ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
