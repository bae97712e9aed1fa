"""The engines by their names: the one place that knows them all, above them all."""

from __future__ import annotations

from dataclasses import dataclass

from core.sweep.contract import Engine

ENGINES = {
    "local": "a process per slot on this machine",
    "batched": "models that differ in β, seed or learning rate alone at once, for a GPU",
    "ray": "tasks on a Ray cluster, or on one started here",
}
"""Name of each engine -> what it does."""

BATCHED_SLOTS = 8
"""Models at once, unless said otherwise."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of an engine.

    Args:
        slots: runs at once; a process each on every core, or `BATCHED_SLOTS`, when left out.
        device: `cuda`, `mps` or `cpu`; the best there is when left out.
        gpus: share of a GPU that each Ray task asks for, at least 0.

    Raises:
        ValueError: no slot, or a share below 0.
    """

    slots: int | None = None
    device: str | None = None
    gpus: float = 0.0

    def __post_init__(self) -> None:
        if self.slots is not None and self.slots < 1:
            raise ValueError(f"slots should be at least 1, got {self.slots}")
        if not 0 <= self.gpus < float("inf"):
            raise ValueError(f"gpus should be at least 0, got {self.gpus}")


def engine_named(name: str, options: Options) -> Engine:
    """Return one of `ENGINES`; the libraries that it needs are imported now."""
    from core.runtime import cores

    slots = options.slots or cores()
    if name == "batched":
        from core.sweep.batched import Batched

        return Batched(options.slots or BATCHED_SLOTS, device=options.device)
    if name == "ray":
        from core.sweep.ray import Ray

        return Ray(slots, device=options.device, gpus=options.gpus)
    from core.sweep.local import Local

    return Local(slots, device=options.device)
