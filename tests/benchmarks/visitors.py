"""A visitor without a browser, who speaks with a Streamlit server over its websocket."""

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
    """The server gave no answer, or an answer that is an error on the screen."""


class Visitor:
    """One session, as Streamlit's own client holds it.

    Args:
        address: of the server, ending in a slash.
        patience: seconds after which an answer counts as missing.
    """

    def __init__(self, address: str, patience: float) -> None:
        self.address, self.patience = address.replace("http://", "ws://"), patience
        self.elements: dict[tuple[int, ...], Element] = {}
        self.page, self.query = "", ""
        self.script = ""
        self.socket: ClientConnection | None = None
        self.asking: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        """Connect."""
        url = f"{self.address}_stcore/stream"
        self.socket = await connect(
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
        """Leave, as a visitor who closes the tab."""
        self.ask_no_more()
        if self.socket:
            await self.socket.close()

    async def open(self, place: str) -> float:
        """Follow a link, `page?choice=value&...`, and return the seconds until it was there."""
        self.page, _, self.query = place.partition("?")
        self.script = ""
        return await self.run(ClientState(page_name=self.page))

    async def press(self, label: str) -> float:
        """Press a button, and return the seconds until the page was there again."""
        buttons = [
            element.button.id
            for element in self.elements.values()
            if element.HasField("button") and element.button.label == label
        ]
        if not buttons:
            raise Broken(f"there should be a button {label}, but the page says: {self.said()}")
        pressed = WidgetStates(widgets=[WidgetState(id=buttons[0], trigger_value=True)])
        return await self.run(ClientState(widget_states=pressed))

    async def watch(self, true: Callable[[], bool]) -> None:
        """Take what comes, and ask again as the page says, until something is true."""
        async with asyncio.timeout(self.patience):
            while not true():
                self.take(await self.receive())

    def said(self) -> list[str]:
        """Return the sentences in coloured boxes."""
        elements = self.elements.values()
        return [element.alert.body for element in elements if element.HasField("alert")]

    def progress(self) -> str:
        """Return the text at the progress bar."""
        bars = [row.progress for row in self.elements.values() if row.HasField("progress")]
        return " ".join(bar.text for bar in bars)

    async def run(self, state: ClientState) -> float:
        """Let the page run, also where it stops halfway to run again, and return the seconds."""
        start = time.monotonic()
        self.ask_no_more()
        await self.send(state)
        async with asyncio.timeout(self.patience):
            while not _ends(message := await self.receive()):
                self.take(message)
        return time.monotonic() - start

    async def send(self, state: ClientState) -> None:
        assert self.socket
        state.query_string, state.page_script_hash = self.query, self.script
        await self.socket.send(BackMsg(rerun_script=state).SerializeToString())

    async def receive(self) -> ForwardMsg:
        assert self.socket
        message = ForwardMsg()
        message.ParseFromString(await self.socket.recv())  # pyright: ignore[reportArgumentType]
        return message

    def take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session" and not message.metadata.run.fragment_ids:
            self.elements.clear()
            self.ask_no_more()
        elif kind == "delta" and message.delta.HasField("new_element"):
            element = message.delta.new_element
            self.elements[tuple(message.metadata.delta_path)] = element
            if element.HasField("exception"):
                raise Broken(f"{self.page}: {element.exception.type}: {element.exception.message}")
        elif kind == "navigation":
            self.script = message.navigation.page_script_hash
        elif kind == "auto_rerun":
            self.asking[message.auto_rerun.fragment_id] = asyncio.create_task(
                self.ask_again(message)
            )
        elif kind == "stop_auto_rerun":
            self.ask_no_more(message.stop_auto_rerun.fragment_ids)
        elif kind in ("page_not_found", "ref_hash"):
            raise Broken(f"{self.page}: {kind}")

    async def ask_again(self, message: ForwardMsg) -> None:
        while True:
            await asyncio.sleep(message.auto_rerun.interval)
            await self.send(
                ClientState(fragment_id=message.auto_rerun.fragment_id, is_auto_rerun=True)
            )

    def ask_no_more(self, fragments: Iterable[str] | None = None) -> None:
        for fragment in list(self.asking if fragments is None else fragments):
            if fragment in self.asking:
                self.asking.pop(fragment).cancel()


def _ends(message: ForwardMsg) -> bool:
    """Return whether a page has run to its end."""
    if message.WhichOneof("type") != "script_finished":
        return False
    status = ForwardMsg.ScriptFinishedStatus.Name(message.script_finished)
    if status == "FINISHED_WITH_COMPILE_ERROR":
        raise Broken("the script does not compile")
    return status == "FINISHED_SUCCESSFULLY"
