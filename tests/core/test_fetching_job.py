import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from threading import Thread

import pytest

from core.config import DataConfig
from core.data import MissingData, missing, mnist
from core.jobs import Limits, TooMany
from core.jobs.fetching import (
    NAME,
    Download,
    Fetcher,
    read_download,
    reported,
    write_download,
)
from tests.core import stand_in_fetcher
from tests.core.data.source import Source, bare, files, serving

ROOT = Path(__file__).parents[2]
MNIST = DataConfig(name="mnist")
SIZE = sum(map(len, files().values()))


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare(monkeypatch, tmp_path / "cache")


@pytest.fixture
def source() -> Iterator[Source]:
    with serving(files()) as server:
        yield server


def fetcher(source: Source, limits: Limits | None = None) -> Fetcher:
    return Fetcher(mnist.downloads() / NAME, limits, stand_in_fetcher.command(source.address))


def wait_for(done: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_download_is_reported_until_all_is_here(tmp_path: Path):
    path = tmp_path / "new" / NAME
    with reported(path) as tell:
        begun = read_download(path)
        assert begun is not None
        assert (begun.state, begun.pid, begun.total) == ("running", os.getpid(), 0)
        tell(10, 40)
        now = read_download(path)
        assert now is not None
        assert (now.arrived, now.total) == (10, 40)
        tell(20, 40)
        assert read_download(path) == now, "reports should not follow each other so closely"
    assert not path.exists()


def test_a_download_that_failed_says_why(tmp_path: Path):
    path = tmp_path / NAME
    with pytest.raises(MissingData), reported(path):
        raise MissingData("there is   no\nnetwork")
    failed = read_download(path)
    assert failed is not None
    assert (failed.state, failed.reason) == ("failed", "there is no network")


def test_where_nothing_can_be_reported_the_download_goes_on(tmp_path: Path):
    (tmp_path / "file").touch()
    with reported(tmp_path / "file" / NAME) as tell:
        tell(1, 2)


def test_the_time_that_is_left_follows_from_the_speed_so_far():
    download = Download(began=100.0, told=102.0, arrived=10, total=40)
    assert download.seconds_left == 6.0
    assert replace(download, arrived=0).seconds_left is None
    assert Download().seconds_left is None


@pytest.mark.parametrize(
    "change",
    [
        {"pid": "1"},
        {"state": "queued"},
        {"total": 1.5},
        {"reason": None},
        {"told": "now"},
        {"more": 1},
    ],
)
def test_what_is_no_report_is_none(tmp_path: Path, change: dict[str, object]):
    path = tmp_path / NAME
    assert read_download(path) is None
    path.write_text(json.dumps(asdict(Download())))
    assert read_download(path) is not None
    path.write_text(json.dumps(asdict(Download()) | change))
    assert read_download(path) is None
    path.write_text("{")
    assert read_download(path) is None


def test_a_download_whose_process_is_gone_was_interrupted(tmp_path: Path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    write_download(tmp_path / NAME, Download(pid=ended.pid, born=0))
    download = read_download(tmp_path / NAME)
    assert download is not None
    assert download.state == "interrupted"


def test_a_process_of_its_own_fetches_and_reports(source: Source):
    source.go_on.clear()
    server = fetcher(source)
    assert server.look() is None
    server.start()
    wait_for(lambda: (now := server.look()) and now.total)
    now = server.look()
    assert now is not None
    assert now.state == "running"
    assert now.pid != os.getpid()
    assert 0 < now.arrived < now.total == SIZE
    source.go_on.set()
    wait_for(lambda: server.look() is None)
    assert missing(MNIST) is None


def test_one_process_fetches_whoever_asks(source: Source):
    source.go_on.clear()
    servers = [fetcher(source), fetcher(source)]
    servers[0].start()
    visitors = [Thread(target=server.start) for server in servers * 4]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert all((now := server.look()) and now.state == "running" for server in servers)
    source.go_on.set()
    wait_for(lambda: servers[0].look() is None)
    assert servers[1].look() is None
    assert sorted(source.asked) == sorted(files())


def test_a_refusal_is_kept_and_the_next_attempt_begins_anew(source: Source):
    images = source.content.pop("train-images-idx3-ubyte.gz")
    server = fetcher(source)
    server.start()
    wait_for(lambda: (now := server.look()) and now.state == "failed")
    now = fetcher(source).look()
    assert now is not None
    assert now.reason.startswith(
        "MNIST's train-images should come from the network, got 404 Not Found from 127.0.0.1; try"
    )
    source.content["train-images-idx3-ubyte.gz"] = images
    server.start()
    wait_for(lambda: server.look() is None)
    assert missing(MNIST) is None


def test_a_process_that_is_killed_leaves_nothing_half_made(source: Source):
    source.go_on.clear()
    server = fetcher(source)
    server.start()
    wait_for(lambda: (now := server.look()) and now.total)
    now = server.look()
    assert now is not None
    os.kill(now.pid, signal.SIGKILL)
    wait_for(lambda: (now := server.look()) and now.state == "failed")
    failed = server.look()
    assert failed is not None
    assert "ended by signal 9" in failed.reason
    assert [path.name for path in mnist.downloads().iterdir()] == [NAME]


def test_the_download_goes_on_when_the_server_ends(source: Source):
    source.go_on.clear()
    path = mnist.downloads() / NAME
    code = (
        "import sys; from pathlib import Path; from core.jobs.fetching import Fetcher;"
        " Fetcher(Path(sys.argv[1]), command=sys.argv[2:]).start()"
    )
    words = (str(path), *stand_in_fetcher.command(source.address))
    subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, check=True)
    wait_for(lambda: source.asked)
    assert fetcher(source).look() is not None
    source.go_on.set()
    wait_for(lambda: fetcher(source).look() is None)
    assert missing(MNIST) is None


def test_nothing_is_fetched_where_training_is_switched_off(source: Source):
    with pytest.raises(TooMany, match="training is switched off"):
        fetcher(source, Limits(training=False)).start()
    assert not mnist.downloads().exists()
    assert source.asked == []


def test_a_folder_that_cannot_be_written_is_one_sentence(source: Source):
    mnist.downloads().parent.mkdir(parents=True)
    mnist.downloads().touch()
    with pytest.raises(MissingData, match=r"should be a folder that may be written to, got: "):
        fetcher(source).start()


def test_a_command_that_cannot_be_started_is_said(source: Source):
    server = Fetcher(mnist.downloads() / NAME, command=("/is/none",))
    server.start()
    now = server.look()
    assert now is not None
    assert now.state == "failed"
    assert now.reason.startswith("it could not be started")
