"""What a player refuses to play."""

import pytest

from core.ui.kit.player import Strip, player

STRIP = Strip("a film", b"")


@pytest.mark.parametrize(
    ("strips", "labels", "start"),
    [([], ["1", "2"], 0), ([STRIP], [], 0), ([STRIP], ["1", "2"], 2), ([STRIP], ["1", "2"], -1)],
    ids=["no strip", "no label", "beyond the end", "before the start"],
)
def test_what_cannot_be_played_is_refused(strips: list[Strip], labels: list[str], start: int):
    with pytest.raises(
        ValueError, match=f"strips and a start below {len(labels)}, got {len(strips)} and {start}"
    ):
        player(strips, labels, "nothing", "player", start=start)
