import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core import jobs
from core.checkpoints import UNFINISHED, CheckpointError, survey, unfinished_keys
from core.config import RunConfig
from core.data import digits
from core.jobs import (
    JOBS,
    Job,
    Jobs,
    Limits,
    TooMany,
    limits_of,
    newest,
    read_job,
    read_jobs,
    started,
    worker,
    write_job,
)
from core.models import build
from core.recipes import recipe
from core.runs import load_or_train, open_run, train_and_keep
from core.runtime import cores

pytestmark = pytest.mark.slow


def small(**changes: Any) -> RunConfig:
    return recipe("digits", "vae", **{"hidden": (8,), "epochs": 3} | changes)


PATIENT = Limits(epochs=1_000_000)
ENDLESS = {"epochs": 100_000, "hidden": (16,)}
FINISHED = (small(), small(seed=1), small(seed=2), small(epochs=1))
STAND_IN = Path(__file__).with_name("stand_in_trainer.py")
"""Script that takes the place of a training, so that a test of the queue waits for no torch."""


def until(true: Callable[[], object], patience: float = 120) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Jobs]:
    """Return a queue that trains."""
    jobs = Jobs(tmp_path, PATIENT)
    yield jobs
    jobs.close()


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Return the command of the trainer that trains nothing."""
    folder = tmp_path_factory.mktemp("finished")
    for config in FINISHED:
        load_or_train(config, folder, device="cpu")
    return (sys.executable, "-I", "-S", str(STAND_IN), str(folder))


@pytest.fixture
def quick_queue(tmp_path: Path, stand_in: tuple[str, ...]) -> Iterator[Jobs]:
    """Return a queue whose jobs train nothing: runs that are finished are put on the shelf."""
    jobs = Jobs(tmp_path, PATIENT, stand_in)
    yield jobs
    jobs.close()


def state(root: Path, config: RunConfig) -> str | None:
    job = read_job(root, config.key)
    return job.state if job else None


def running(root: Path, config: RunConfig) -> Job | None:
    """Return a job that has begun to train."""
    job = read_job(root, config.key)
    begun = (
        job
        and job.state == "running"
        and job.epoch >= 2
        and job.images_per_second
        and job.pid != os.getpid()
    )
    return job if begun else None


def test_a_job_ends_on_the_shelf_as_if_trained_here_and_leaves_nothing_else(
    queue: Jobs, tmp_path: Path
):
    config = small()
    queue.submit(config)
    queue.submit(config)
    assert len(read_jobs(tmp_path)) == 1
    until(lambda: (tmp_path / config.key).is_dir() and read_job(tmp_path, config.key) is None)
    assert dict(survey(tmp_path)) == {config.key: config}
    assert list((tmp_path / JOBS).iterdir()) == []
    assert unfinished_keys(tmp_path) == []
    queue.submit(config)
    assert read_jobs(tmp_path) == []


def test_jobs_wait_their_turn_and_say_how_many_come_first(quick_queue: Jobs, tmp_path: Path):
    first, second, third = small(**ENDLESS), small(seed=1), small(seed=2)
    for config in (first, second, third):
        quick_queue.submit(config)
    until(lambda: running(tmp_path, first))
    assert [state(tmp_path, config) for config in (first, second, third)] == [
        "running",
        "queued",
        "queued",
    ]
    assert [quick_queue.place(config.key) for config in (first, second, third)] == [0, 1, 2]
    quick_queue.stop(third.key)
    assert state(tmp_path, third) == "stopped"
    quick_queue.stop(first.key)
    until(lambda: (tmp_path / second.key).is_dir())
    assert state(tmp_path, first) == "stopped"
    assert not (tmp_path / third.key).exists()


def test_a_running_job_says_how_far_it_is_and_shows_its_newest_epoch(queue: Jobs, tmp_path: Path):
    config = small(**ENDLESS)
    queue.submit(config)
    until(lambda: running(tmp_path, config))
    job, shown = running(tmp_path, config), newest(tmp_path, config.key)
    assert job is not None
    assert shown is not None
    count = len(digits.load().train)
    assert job.total == 100_000 * count
    assert 0 < job.seen < job.total
    assert job.seconds_left == pytest.approx((job.total - job.seen) / job.images_per_second)
    assert shown["mean"].shape == shown["std"].shape == (360, 2)
    assert shown["images"].shape == shown["samples"].shape == (8, 8, 8)
    assert len(shown["history.test_nll"]) >= 1
    assert np.array_equal(shown["label"], digits.load().test.labels.numpy())


def test_a_stopped_job_goes_on_where_it_was(queue: Jobs, tmp_path: Path):
    config = small(epochs=4000)
    queue.submit(config)
    until(lambda: unfinished_keys(tmp_path) and running(tmp_path, config))
    queue.stop(config.key)
    until(lambda: state(tmp_path, config) == "stopped")
    left = read_job(tmp_path, config.key)
    assert left is not None
    queue.submit(config)
    until(lambda: running(tmp_path, config))
    again = running(tmp_path, config)
    assert again is not None
    assert again.epoch > 2
    assert again.seen > 0.5 * left.seen


def test_a_job_that_is_killed_fails_with_its_reason_and_can_go_on(queue: Jobs, tmp_path: Path):
    config = small(**ENDLESS)
    queue.submit(config)
    until(lambda: unfinished_keys(tmp_path))
    job = read_job(tmp_path, config.key)
    assert job is not None
    os.kill(job.pid, signal.SIGKILL)
    until(lambda: state(tmp_path, config) == "failed")
    failed = read_job(tmp_path, config.key)
    assert failed is not None
    assert "signal 9" in failed.reason
    assert unfinished_keys(tmp_path) == [config.key]
    assert list(survey(tmp_path)) == []


def test_training_that_diverges_fails_with_its_reason_and_the_next_job_is_started(
    queue: Jobs, tmp_path: Path
):
    config, other = small(hidden=(32, 32, 32), learning_rate=1.0), small()
    queue.submit(config)
    queue.submit(other)
    until(lambda: state(tmp_path, other) == "running")
    failed = read_job(tmp_path, config.key)
    assert failed is not None
    assert (failed.state, failed.reason[:17]) == ("failed", "training diverged")


def test_a_job_without_its_process_is_interrupted_and_goes_on_when_asked(
    quick_queue: Jobs, tmp_path: Path
):
    config = small()
    ended = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(ended, 0)
    write_job(tmp_path, Job(config=config, state="running", pid=ended, seen=1000, total=5000))
    assert state(tmp_path, config) == "interrupted"
    quick_queue.submit(config)
    until(lambda: (tmp_path / config.key).is_dir())


def test_a_job_ends_with_the_server_that_started_it(tmp_path: Path):
    config = small(**ENDLESS)
    child = os.fork()
    if not child:
        Jobs(tmp_path, PATIENT).submit(config)
        time.sleep(600)
    until(lambda: unfinished_keys(tmp_path) and running(tmp_path, config))
    job = read_job(tmp_path, config.key)
    assert job is not None
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    until(lambda: state(tmp_path, config) in ("interrupted", "stopped"))
    assert unfinished_keys(tmp_path) == [config.key]


def test_limits_are_said_in_a_sentence(tmp_path: Path):
    with pytest.raises(TooMany, match="training is switched off"):
        Jobs(tmp_path, Limits(training=False)).submit(small())
    queue = Jobs(tmp_path, Limits(at_once=0, waiting=2))
    for seed in (0, 1):
        queue.submit(small(seed=seed))
    with pytest.raises(TooMany, match="at most 2 trainings in the queue"):
        queue.submit(small(seed=2))
    queue.close()
    assert len(read_jobs(tmp_path)) == 2


def test_a_damaged_run_is_trained_again(quick_queue: Jobs, tmp_path: Path):
    config = small(epochs=1)
    load_or_train(config, tmp_path, device="cpu")
    (tmp_path / config.key / "codes.npz").unlink()
    quick_queue.submit(config)
    until(
        lambda: (
            (tmp_path / config.key / "codes.npz").is_file()
            and read_job(tmp_path, config.key) is None
        )
    )
    assert dict(survey(tmp_path)) == {config.key: config}


def test_what_an_earlier_server_left_waiting_is_begun_when_the_next_one_attends(
    quick_queue: Jobs, tmp_path: Path
):
    config = small(epochs=1)
    write_job(tmp_path, Job(config=config))
    quick_queue.attend()
    until(lambda: read_job(tmp_path, config.key) is None)
    assert dict(survey(tmp_path)) == {config.key: config}


def test_a_job_that_is_stopped_before_it_can_listen_is_stopped_and_not_failed(
    queue: Jobs, tmp_path: Path
):
    config = small(**ENDLESS)
    queue.submit(config)
    queue.stop(config.key)
    until(lambda: state(tmp_path, config) != "running")
    assert state(tmp_path, config) == "stopped"


def test_too_many_epochs_or_runs_are_refused(tmp_path: Path):
    with pytest.raises(TooMany, match="epochs should be at most 5 here, got 6"):
        Jobs(tmp_path, Limits(epochs=5)).submit(small(epochs=6))
    (tmp_path / small(seed=9).key).mkdir()
    with pytest.raises(TooMany, match="at most 1 trained runs here; delete one first"):
        Jobs(tmp_path, Limits(runs=1)).submit(small())


def test_a_deployment_sets_limits_in_its_environment():
    assert limits_of({}) == Limits()
    assert not limits_of({"LATENT_LAB_TRAINING": "OFF"}).training
    found = limits_of(
        {"LATENT_LAB_MAX_EPOCHS": "9", "LATENT_LAB_MAX_AT_ONCE": " 2 ", "LATENT_LAB_MAX_RUNS": "0"}
    )
    assert (found.epochs, found.at_once, found.runs, found.waiting) == (9, 2, 0, Limits().waiting)
    with pytest.raises(ValueError, match="LATENT_LAB_TRAINING should be on or off, got 'maybe'"):
        limits_of({"LATENT_LAB_TRAINING": "maybe"})
    with pytest.raises(ValueError, match="LATENT_LAB_MAX_RUNS should be a whole number, got '-1'"):
        limits_of({"LATENT_LAB_MAX_RUNS": "-1"})


@pytest.mark.parametrize("name", ["AT_ONCE", "WAITING", "EPOCHS"])
@pytest.mark.parametrize("none", ["0", " 00 "])
def test_a_limit_under_which_no_training_could_end_is_refused(name: str, none: str):
    with pytest.raises(
        ValueError,
        match=f"LATENT_LAB_MAX_{name} should be at least 1, got 0+; LATENT_LAB_TRAINING=off",
    ):
        limits_of({f"LATENT_LAB_MAX_{name}": none})


def test_a_deployment_may_keep_no_runs_and_says_so(tmp_path: Path):
    with pytest.raises(
        TooMany,
        match="no further runs are kept on this deployment; run the lab on your own machine",
    ):
        Jobs(tmp_path, limits_of({"LATENT_LAB_MAX_RUNS": "0"})).submit(small())


def test_a_job_that_has_just_stopped_can_be_forgotten_at_once(quick_queue: Jobs, tmp_path: Path):
    config = small(**ENDLESS)
    (tmp_path / UNFINISHED / config.key).mkdir(parents=True)
    quick_queue.submit(config)
    until(lambda: running(tmp_path, config))
    quick_queue.stop(config.key)
    until(lambda: state(tmp_path, config) == "stopped")
    quick_queue.forget(config.key)
    assert read_jobs(tmp_path) == []
    assert unfinished_keys(tmp_path) == []


def test_a_forgotten_job_leaves_nothing(tmp_path: Path):
    queue, config = Jobs(tmp_path, Limits(at_once=0)), small()
    queue.submit(config)
    queue.forget(config.key)
    queue.close()
    assert read_jobs(tmp_path) == []
    assert list((tmp_path / JOBS).iterdir()) == []


WHOLE = asdict(Job(config=small())) | {"config": small().to_dict()}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "{}", '{"config": 3}', '{"config": {}, "state": "running"}']
)
def test_a_damaged_job_is_none(tmp_path: Path, text: str):
    (tmp_path / JOBS).mkdir()
    (tmp_path / JOBS / "some-key.json").write_text(text)
    (tmp_path / JOBS / "some-key.npz").write_text(text)
    assert read_job(tmp_path, "some-key") is None
    assert read_jobs(tmp_path) == []
    assert newest(tmp_path, "some-key") is None


@pytest.mark.parametrize(
    "altered",
    [
        {"state": "done"},
        {"asked": "soon"},
        {"pid": 1.5},
        {"pid": True},
        {"seen": None},
        {"reason": 3},
        {"unknown": 1},
        {"config": small(seed=1).to_dict()},
        {"config": WHOLE["config"] | {"augmentation": {}}},
    ],
)
def test_a_job_that_this_version_cannot_read_is_none_and_is_replaced_by_the_next(
    tmp_path: Path, altered: dict
):
    path, queue = tmp_path / JOBS / f"{small().key}.json", Jobs(tmp_path, Limits(at_once=0))
    path.parent.mkdir()
    path.write_text(json.dumps(WHOLE))
    assert read_job(tmp_path, small().key) is not None
    path.write_text(json.dumps(WHOLE | altered))
    assert read_jobs(tmp_path) == []
    queue.submit(small())
    queue.close()
    assert [job.config for job in read_jobs(tmp_path)] == [small()]


def test_a_process_of_the_same_number_that_began_later_is_not_the_one_meant(tmp_path: Path):
    mine = started(Job(config=small()))
    write_job(tmp_path, mine)
    assert state(tmp_path, small()) == "running"
    assert mine.born > 0
    write_job(tmp_path, replace(mine, born=mine.born - 1))
    assert state(tmp_path, small()) == "interrupted"


def test_a_job_killed_after_its_run_was_kept_counts_as_finished(tmp_path: Path):
    config = small(epochs=2)
    left = train_and_keep(config, tmp_path, device="cpu")
    next(left)
    left.close()
    shutil.copytree(tmp_path / UNFINISHED, tmp_path / "aside")
    run = load_or_train(config, tmp_path, device="cpu")
    (tmp_path / "aside").rename(tmp_path / UNFINISHED)
    write_job(tmp_path, Job(config=config, state="running", pid=2**22 + 1))
    assert state(tmp_path, config) == "interrupted"
    Jobs(tmp_path).attend()
    assert read_jobs(tmp_path) == []
    assert unfinished_keys(tmp_path) == []
    assert open_run(config.key, tmp_path).metrics == run.metrics


def test_what_was_trained_elsewhere_while_it_waited_is_not_trained_again(
    quick_queue: Jobs, tmp_path: Path
):
    config = small(epochs=1)
    load_or_train(config, tmp_path, device="cpu")
    before = (tmp_path / config.key / "run.json").stat().st_mtime_ns
    write_job(tmp_path, Job(config=config))
    quick_queue.attend()
    until(lambda: read_job(tmp_path, config.key) is None)
    quick_queue.close()
    assert (tmp_path / config.key / "run.json").stat().st_mtime_ns == before


def test_of_trainings_that_were_left_the_oldest_give_way(tmp_path: Path):
    for seed in range(4):
        write_job(tmp_path, Job(config=small(seed=seed), state="stopped", asked=10.0 - seed))
    left = train_and_keep(small(seed=3), tmp_path, device="cpu")
    next(left)
    left.close()
    Jobs(tmp_path, Limits(runs=2)).attend()
    assert [job.config.train.seed for job in read_jobs(tmp_path)] == [1, 0]
    assert unfinished_keys(tmp_path) == []


def test_two_servers_that_share_a_folder_train_one_at_a_time_and_stop_each_other(
    quick_queue: Jobs, stand_in: tuple[str, ...], tmp_path: Path
):
    other = Jobs(tmp_path, PATIENT, stand_in)
    first, second = small(**ENDLESS), small(seed=1, **ENDLESS)
    quick_queue.submit(first)
    other.submit(second)
    until(lambda: running(tmp_path, first))
    other.attend()
    assert state(tmp_path, second) == "queued"
    other.forget(first.key)
    other.stop(first.key)
    until(lambda: state(tmp_path, first) == "stopped")
    until(lambda: state(tmp_path, second) == "running")
    other.close()
    assert state(tmp_path, first) == "stopped"


class FullDisk:
    """A disk for the files of jobs that gets full, and has room once a file is removed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full, self.write, self.unlink = False, Path.write_bytes, Path.unlink
        monkeypatch.setattr(
            Path, "write_bytes", lambda path, content: self.write_some(path, content)
        )
        monkeypatch.setattr(
            Path, "unlink", lambda path, missing_ok=False: self.unlink_one(path, missing_ok)
        )

    def write_some(self, path: Path, content: bytes) -> int:
        if self.full and path.parent.name == JOBS:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.write(path, content)

    def unlink_one(self, path: Path, missing_ok: bool) -> None:
        self.full = self.full and path.suffix != ".npz"
        self.unlink(path, missing_ok=missing_ok)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[FullDisk]:
    before = signal.getsignal(signal.SIGTERM)
    yield FullDisk(monkeypatch)
    signal.signal(signal.SIGTERM, before)


def test_a_training_goes_on_where_its_progress_cannot_be_written(
    tmp_path: Path, disk: FullDisk, monkeypatch
):
    config = small()
    write_job(tmp_path, Job(config=config))

    def fill(*given: Any, **options: Any) -> Iterator[Any]:
        disk.full = True
        yield from train_and_keep(*given, **options)

    monkeypatch.setattr(worker, "train_and_keep", fill)
    worker.work(tmp_path, config.key, os.getppid())
    assert dict(survey(tmp_path)) == {config.key: config}
    assert read_jobs(tmp_path) == []


def test_a_job_that_ends_on_a_full_disk_makes_room_to_say_why(
    tmp_path: Path, disk: FullDisk, monkeypatch
):
    config = small()
    write_job(tmp_path, Job(config=config))

    def fail(*_: object, **__: object) -> Iterator[None]:
        (tmp_path / JOBS / f"{config.key}.npz").write_bytes(b"large")
        disk.full = True
        raise CheckpointError("the disk is full")

    monkeypatch.setattr(worker, "train_and_keep", fail)
    worker.work(tmp_path, config.key, os.getppid())
    failed = read_job(tmp_path, config.key)
    assert failed is not None
    assert (failed.state, failed.reason) == ("failed", "the disk is full")


def test_what_is_asked_for_on_a_full_disk_is_refused_in_a_sentence(tmp_path: Path, disk: FullDisk):
    disk.full = True
    with pytest.raises(CheckpointError, match=r"the disk that holds .* is full; free some space"):
        Jobs(tmp_path).submit(small())
    assert read_jobs(tmp_path) == []


def test_a_job_that_cannot_be_started_says_so_and_the_queue_lives(
    tmp_path: Path, stand_in: tuple[str, ...]
):
    queue = Jobs(tmp_path, trainer=(str(tmp_path / "no python"),))
    queue.submit(small())
    failed = read_job(tmp_path, small().key)
    assert failed is not None
    assert failed.state == "failed"
    assert "could not be started" in failed.reason
    queue.trainer = stand_in
    queue.submit(small())
    until(lambda: (tmp_path / small().key).is_dir() and read_job(tmp_path, small().key) is None)
    queue.close()


def test_a_snapshot_is_of_the_model_as_it_is(tmp_path: Path):
    run = load_or_train(small(), tmp_path, device="cpu")
    data = digits.load()
    shown = worker.snapshot(run.model, data, run.history)
    for name in ("mean", "std"):
        np.testing.assert_allclose(
            shown[name], open_run(small().key, tmp_path).codes[name], atol=2e-2
        )
    assert torch.is_inference_mode_enabled() is False
    assert not np.array_equal(
        shown["mean"], worker.snapshot(build(small()), data, run.history)["mean"]
    )


def test_jobs_are_plain_files(quick_queue: Jobs, tmp_path: Path):
    config = small(**ENDLESS)
    quick_queue.submit(config)
    until(lambda: running(tmp_path, config))
    document = json.loads((tmp_path / JOBS / f"{config.key}.json").read_text())
    assert RunConfig.from_dict(document["config"]) == config


def test_a_stamp_says_when_there_is_a_newer_epoch_to_show(tmp_path: Path):
    config = small()
    stamps = [jobs.shown_at(tmp_path, config.key)]
    (tmp_path / JOBS).mkdir()
    (tmp_path / JOBS / f"{config.key}.npz").write_bytes(b"an epoch")
    stamps.append(jobs.shown_at(tmp_path, config.key))
    load_or_train(config, tmp_path, device="cpu")
    stamps.append(jobs.shown_at(tmp_path, config.key))
    assert stamps == sorted(set(stamps))
    assert stamps[0] == 0


@pytest.mark.skipif(not hasattr(os, "nice"), reason="only POSIX knows niceness")
def test_a_job_leaves_the_pages_a_core_and_the_right_of_way():
    code = (
        "import os, torch; from core.jobs import worker; torch.set_num_threads(64);"
        " worker.give_way(); print(os.nice(0), torch.get_num_threads())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        str(min(19, os.nice(0) + worker.NICENESS)),
        str(max(1, cores() - 1)),
    ]
