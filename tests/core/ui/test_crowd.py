"""Sixty visitors on one server: few draw at a time, none waits forever, and many poll less."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.ui.kit import crowd


@pytest.fixture(autouse=True)
def nobody(monkeypatch):
    monkeypatch.setattr(crowd, "_looked", {})
    monkeypatch.setattr(crowd, "_turns", threading.Semaphore(crowd.TURNS))


def test_few_draw_at_a_time_and_each_is_drawn():
    now, most, lock = 0, [], threading.Lock()

    def draw(_: int) -> bool:
        nonlocal now
        with crowd.turn():
            with lock:
                now += 1
                most.append(now)
            time.sleep(0.005)
            with lock:
                now -= 1
        return True

    with ThreadPoolExecutor(30) as threads:
        assert sum(threads.map(draw, range(60))) == 60
    assert 1 < max(most) <= crowd.TURNS


def test_a_part_of_a_page_waits_for_no_turn_of_its_own(monkeypatch):
    monkeypatch.setattr(crowd, "_turns", threading.Semaphore(1))
    monkeypatch.setattr(crowd, "PATIENCE", 60.0)
    start = time.monotonic()
    with crowd.turn(), crowd.turn():
        pass
    with crowd.turn():
        pass
    assert time.monotonic() - start < 30


def test_a_long_computation_holds_nobody_back(monkeypatch):
    monkeypatch.setattr(crowd, "PATIENCE", 0.01)
    go_on = threading.Event()

    def compute(_: int) -> None:
        with crowd.turn():
            go_on.wait()

    with ThreadPoolExecutor(crowd.TURNS + 1) as threads:
        long = [threads.submit(compute, place) for place in range(crowd.TURNS)]
        threads.submit(lambda: crowd.turn().__enter__()).result(timeout=60)
        assert not any(one.done() for one in long)
        go_on.set()


def test_a_page_that_fails_gives_its_turn_back(monkeypatch):
    monkeypatch.setattr(crowd, "PATIENCE", 60.0)
    for _ in range(crowd.TURNS + 1):
        with pytest.raises(ValueError, match="broken"), crowd.turn():
            raise ValueError("broken")
    assert crowd._turns.acquire(timeout=0)


@pytest.mark.parametrize(
    ("count", "slower"), [(1, 1), (16, 1), (17, 2), (32, 2), (60, 4), (120, 8)]
)
def test_many_look_less_often_than_one(count, slower):
    found = [crowd.slowness_of(f"visitor {number}", 0.0) for number in range(count)]
    assert found[-1] == slower
    assert found == sorted(found)


def test_who_left_is_not_counted():
    for number in range(60):
        crowd.slowness_of(f"visitor {number}", 0.0)
    assert crowd.slowness_of("another", crowd.GONE - 1) == 4
    assert crowd.slowness_of("another", crowd.GONE + 1) == 1


def test_who_looks_again_is_counted_once():
    assert [crowd.slowness_of("one", float(second)) for second in range(40)] == [1] * 40
