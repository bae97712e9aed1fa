"""The process of a job: `python -m core.jobs ROOT KEY SERVER`."""

import sys

if __name__ == "__main__":
    from core.jobs.worker import main

    main(sys.argv[1:])
