"""A visitor without a browser: speaks with a Streamlit server over its websocket as Streamlit's own client does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from websockets.asyncio.client import ClientConnection, connect


class Broken(RuntimeError):
    """The server gave no answer, or one that a visitor would see as an error."""


class Visitor:
    """One session.

    Args:
        address: of the server, ending in a slash.
        patience: seconds after which an answer counts as missing.
    """

    def __init__(self, address: str, patience: float) -> None:
        self.address, self.patience = address.replace("http://", "ws://"), patience
        self.elements: dict[tuple[int, ...], Element] = {}
        self.page, self.query = "", ""
        self._hash = ""
        self._socket: ClientConnection | None = None
        self._asking: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        """Connect."""
        url = f"{self.address}_stcore/stream"
        self._socket = await connect(
            url,
            subprotocols=["streamlit"],  # pyright: ignore[reportArgumentType]
            max_size=None,
            open_timeout=self.patience,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave, as one who closes the tab."""
        self._ask_no_more()
        if self._socket:
            await self._socket.close()

    async def open(self, place: str) -> float:
        """Follow a link, `page?choice=value&...`, and return the seconds until the page was there."""
        self.page, _, self.query = place.partition("?")
        self._hash = ""
        return await self._run(ClientState(page_name=self.page))

    async def press(self, label: str) -> float:
        """Press a button, and return the seconds until the page was there again."""
        found = [
            one.button.id
            for one in self.elements.values()
            if one.HasField("button") and one.button.label == label
        ]
        if not found:
            raise Broken(f"there is no button {label}, but: {self.said()}")
        pressed = WidgetStates(widgets=[WidgetState(id=found[0], trigger_value=True)])
        return await self._run(ClientState(widget_states=pressed))

    async def watch(self, true: Callable[[], bool]) -> None:
        """Take what comes, and ask for what the page says is to be asked for again and again, until something is so."""
        async with asyncio.timeout(self.patience):
            while not true():
                self._take(await self._receive())

    def said(self) -> list[str]:
        """Return the sentences in coloured boxes."""
        return [one.alert.body for one in self.elements.values() if one.HasField("alert")]

    def progress(self) -> str:
        """Return what is written at the progress bar."""
        return " ".join(
            one.progress.text for one in self.elements.values() if one.HasField("progress")
        )

    async def _run(self, state: ClientState) -> float:
        """Let the page run, and return the seconds that it took; one that stops halfway to run again is waited for."""
        start = time.monotonic()
        self._ask_no_more()
        await self._send(state)
        async with asyncio.timeout(self.patience):
            while (message := await self._receive()).WhichOneof(
                "type"
            ) != "script_finished" or not _whole(message):
                self._take(message)
        return time.monotonic() - start

    async def _send(self, state: ClientState) -> None:
        assert self._socket
        state.query_string, state.page_script_hash = self.query, self._hash
        await self._socket.send(BackMsg(rerun_script=state).SerializeToString())

    async def _receive(self) -> ForwardMsg:
        assert self._socket
        message = ForwardMsg()
        message.ParseFromString(await self._socket.recv())  # pyright: ignore[reportArgumentType]
        return message

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session" and not message.metadata.run.fragment_ids:
            self.elements.clear()
            self._ask_no_more()
        elif kind == "delta" and message.delta.HasField("new_element"):
            element = message.delta.new_element
            self.elements[tuple(message.metadata.delta_path)] = element
            if element.HasField("exception"):
                raise Broken(f"{self.page}: {element.exception.type}: {element.exception.message}")
        elif kind == "navigation":
            self._hash = message.navigation.page_script_hash
        elif kind == "auto_rerun":
            self._asking[message.auto_rerun.fragment_id] = asyncio.create_task(
                self._ask_again(message)
            )
        elif kind == "stop_auto_rerun":
            self._ask_no_more(message.stop_auto_rerun.fragment_ids)
        elif kind in ("page_not_found", "ref_hash"):
            raise Broken(f"{self.page}: {kind}")

    async def _ask_again(self, message: ForwardMsg) -> None:
        while True:
            await asyncio.sleep(message.auto_rerun.interval)
            await self._send(
                ClientState(fragment_id=message.auto_rerun.fragment_id, is_auto_rerun=True)
            )

    def _ask_no_more(self, fragments: Iterable[str] | None = None) -> None:
        for fragment in list(self._asking if fragments is None else fragments):
            if fragment in self._asking:
                self._asking.pop(fragment).cancel()


def _whole(message: ForwardMsg) -> bool:
    status = ForwardMsg.ScriptFinishedStatus.Name(message.script_finished)
    if status == "FINISHED_WITH_COMPILE_ERROR":
        raise Broken("the script does not compile")
    return status == "FINISHED_SUCCESSFULLY"
