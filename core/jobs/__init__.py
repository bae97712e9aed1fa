"""Trainings in the background: one process a run, one job a key, whoever asks and however often.

<root>/.jobs/<key>.json     the config that is trained, the state of the job and its progress
<root>/.jobs/<key>.npz      the newest epoch to look at: history, test codes, reconstructions

A server reads `records` and starts jobs from its `queue`, within its `limits`, without torch; the
process of a job imports `worker`. A training that was left resumes where `core.runs` put it aside.
"""

from core.jobs.limits import Limits, TooMany, limits_of
from core.jobs.queue import Jobs
from core.jobs.records import (
    JOBS,
    SHOWN_CODES,
    SHOWN_IMAGES,
    Job,
    newest,
    read_job,
    read_jobs,
    shown_at,
    started,
    write_job,
)

__all__ = [
    "JOBS",
    "SHOWN_CODES",
    "SHOWN_IMAGES",
    "Job",
    "Jobs",
    "Limits",
    "TooMany",
    "limits_of",
    "newest",
    "read_job",
    "read_jobs",
    "shown_at",
    "started",
    "write_job",
]
