"""Check every run that ships, and write the list that a server knows them by.

python -m core.checkpoints
"""

import sys
from pathlib import Path

from core.checkpoints.checks import check_run
from core.checkpoints.folders import CheckpointError, config_of, read_folder
from core.checkpoints.shipped import digests_in, write_shipped


def main(root: Path = Path(__file__).parents[2] / "checkpoints") -> int:
    """Return 0, or 2 where a run would not open: then nothing is written."""
    for key in digests_in(root):
        try:
            document, files = read_folder(root / key)
            check_run(config_of(root / key, document), document, files)
        except (CheckpointError, ValueError) as error:
            print(f"{key}: {error}", file=sys.stderr)
            return 2
    print(write_shipped(root))
    return 0


if __name__ == "__main__":
    sys.exit(main())
