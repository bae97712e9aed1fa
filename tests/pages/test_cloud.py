"""The entry point for Streamlit Community Cloud: its packages, and that the lab is whole there.

No test downloads what `cloud/requirements.txt` names.
"""

import asyncio
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen

import pytest
from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename
from streamlit.testing.v1 import AppTest

from core.ui.kit.frame import PAGES
from tests.benchmarks.visitors import Visitor

ROOT = Path(__file__).parents[2]
ENTRY = "cloud/dashboard.py"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
CLOUD = {"sys_platform": "linux", "platform_machine": "x86_64"}
ELSEWHERE = [
    CLOUD | {"python_version": "3.10"},
    CLOUD | {"python_version": "3.15"},
    CLOUD | {"python_version": "3.12", "platform_machine": "aarch64"},
    CLOUD | {"python_version": "3.12", "sys_platform": "darwin"},
    CLOUD | {"python_version": "3.12", "sys_platform": "win32"},
]


def lines(name: str) -> list[str]:
    return [line for line in (ROOT / name).read_text().splitlines() if not line.startswith("#")]


def torches(environment: dict[str, str]) -> list[Requirement]:
    """Return what `cloud/requirements.txt` asks of torch on a machine."""
    wanted = [
        Requirement(line) for line in lines("cloud/requirements.txt") if line.startswith("torch")
    ]
    return [one for one in wanted if one.marker is None or one.marker.evaluate(environment)]


def test_the_cloud_installs_the_same_packages_and_another_torch():
    ours, theirs = lines("requirements.txt"), lines("cloud/requirements.txt")
    assert [line for line in theirs if not line.startswith("torch")] == [
        line for line in ours if not line.startswith("torch")
    ]
    assert len([line for line in ours if line.startswith("torch==")]) == 1
    assert len(theirs) == len(ours) - 1 + len(PYTHONS)


@pytest.mark.parametrize("python", PYTHONS)
def test_each_python_gets_its_own_wheel_of_the_same_torch_without_cuda(python: str):
    (requirement,) = torches(CLOUD | {"python_version": python})
    assert requirement.url
    address = urlsplit(requirement.url)
    folder, _, file = address.path.rpartition("/")
    assert (address.scheme, address.netloc, folder) == (
        "https",
        "download.pytorch.org",
        "/whl/cpu",
    )
    name, version, _, tags = parse_wheel_filename(unquote(file))
    (ours,) = (line for line in lines("requirements.txt") if line.startswith("torch=="))
    assert f"{name}=={version}" == f"{ours}+cpu"
    built_for = f"cp{python.replace('.', '')}"
    assert [str(tag) for tag in tags] == [f"{built_for}-{built_for}-manylinux_2_28_x86_64"]
    assert re.fullmatch(r"sha256=[0-9a-f]{64}", address.fragment)


def test_each_wheel_has_a_digest_of_its_own():
    digests = re.findall(r"#sha256=(\w+)", (ROOT / "cloud/requirements.txt").read_text())
    assert len(digests) == len(set(digests)) == len(PYTHONS)


@pytest.mark.parametrize("environment", ELSEWHERE, ids=lambda one: " ".join(one.values()))
def test_another_machine_gets_no_wheel_that_does_not_fit(environment: dict[str, str]):
    assert torches(environment) == []


def test_there_is_one_configuration_and_it_is_where_the_cloud_looks():
    assert (ROOT / ".streamlit" / "config.toml").is_file()
    assert not (ROOT / "cloud" / ".streamlit").exists()


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_from_there(page: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("streamlit.runtime.pages_manager.PagesManager.uses_pages_directory", None)
    app = AppTest.from_file(ROOT / ENTRY, default_timeout=120).switch_page(f"../{page}")
    app.query_params["data"] = "digits"
    assert not app.run().exception
    (title,) = app.title
    assert title.value.endswith("?")
    assert app.selectbox(key="data").value == "digits"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Start the lab as the cloud does: from the root, its own folder alone on the import path."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = ["--server.headless=true", "--server.address=127.0.0.1", f"--server.port={port}"]
    command = [sys.executable, "-P", "-m", "streamlit", "run", ENTRY, *settings]
    log = tmp_path / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", process)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(timeout=60)
    assert "Traceback" not in log.read_text(), log.read_text()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        try:
            urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail("the lab did not start")


@pytest.mark.slow
def test_a_deep_link_is_the_first_thing_that_a_server_there_is_asked_for(server: str):
    titles = asyncio.run(_titles(server, "sampling?data=mnist&latents=10"))
    assert titles == ["Data or noise: what does a random code look like?"]


async def _titles(address: str, place: str) -> list[str]:
    """Return the large headings of the page behind a link."""
    async with Visitor(address, patience=120) as visitor:
        await visitor.open(place)
        headings = [one.heading for one in visitor.elements.values() if one.HasField("heading")]
        return [heading.body for heading in headings if heading.tag == "h1"]
