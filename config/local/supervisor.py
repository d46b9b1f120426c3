"""Keeps several processes together: one log, one end. It restarts nothing."""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import TextIO

from config.local.children import Command, signal_group, spawn
from config.local.layout import LocalError

_STOP_SECONDS = 15.0
_KILL_SECONDS = 1.0
_TICK_SECONDS = 0.1


class StopRequested(Exception):
    """Somebody asked for the end: Ctrl-C, SIGTERM, or the terminal was closed."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class _Child:
    def __init__(self, command: Command, process: subprocess.Popen[bytes]) -> None:
        self.command = command
        self.process = process
        self.rest = b""


class Supervisor:
    """Holds the children in the order in which they were started."""

    def __init__(self, log: TextIO) -> None:
        self._log = log
        self._children: list[_Child] = []
        self._selector = selectors.DefaultSelector()
        self._asked_to_stop: int | None = None

    @contextlib.contextmanager
    def minding_signals(self) -> Iterator[None]:
        """Within, a request to stop ends the waits; at the end no child is left."""
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, self._ask_to_stop) for number in numbers}
        try:
            yield
        finally:
            self.stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    def say(self, line: str, name: str = "mingce") -> None:
        """One line is on the log, under the name of whoever said it."""
        self._log.write(f"{name:<9}| {line}\n")
        self._log.flush()

    def start(self, command: Command) -> None:
        """The command is one of the children; its lines are on the log."""
        process = spawn(command, subprocess.PIPE)
        child = _Child(command, process)
        self._children.append(child)
        if process.stdout is not None:
            os.set_blocking(process.stdout.fileno(), False)
            self._selector.register(process.stdout, selectors.EVENT_READ, child)

    def finish(self, command: Command) -> None:
        """The command has run to its end without an error, the other children still running."""
        self.start(command)
        child = self._children[-1]
        while child.process.poll() is None:
            self._tick(ignoring=child)
        self._drain(child)
        self._children.remove(child)
        if child.process.returncode != 0:
            raise LocalError(f"{command.name} failed (exit code {child.process.returncode}).")

    def attend(self, command: Command) -> int:
        """The command has run on our terminal; its exit code is returned."""
        process = spawn(command, None)
        try:
            while process.poll() is None:
                self._tick(ignoring=None)
        except StopRequested as request:
            # The terminal has sent Ctrl-C to the command as well; twice would cut it short.
            if request.number != signal.SIGINT:
                process.terminate()
        except LocalError:
            process.terminate()
            self._wait(process, _STOP_SECONDS)
            raise
        self._wait(process, _STOP_SECONDS)
        if process.poll() is None:
            process.kill()
        code = process.wait()
        # As a shell does: 128 and the number of the signal that ended it.
        return code if code >= 0 else 128 - code

    def wait_for(self, ready: Callable[[], bool], what: str, timeout_seconds: float) -> None:
        """`ready` has answered True; raises when it takes too long or a child has ended."""
        deadline = time.monotonic() + timeout_seconds
        while not ready():
            if time.monotonic() > deadline:
                raise LocalError(f"{what} did not answer within {timeout_seconds:.0f} seconds.")
            self._tick(ignoring=None)

    def watch(self) -> None:
        """Shows the log until somebody asks for the end or a child ends; always raises."""
        while True:
            self._tick(ignoring=None)

    def stop(self) -> None:
        """Every child has ended, the last started first, within fifteen seconds."""
        deadline = time.monotonic() + _STOP_SECONDS
        while self._children:
            child = self._children.pop()
            if child.process.poll() is None:
                child.process.send_signal(child.command.stop_signal)
                left = max(0.0, deadline - time.monotonic())
                self._wait(child.process, min(child.command.grace_seconds, left))
            # What a child leaves behind in its group would otherwise hold files and ports.
            signal_group(child.process, signal.SIGKILL)
            self._wait(child.process, _KILL_SECONDS)
            self._drain(child)

    def _ask_to_stop(self, number: int, _frame: object) -> None:
        self._asked_to_stop = number

    def _tick(self, ignoring: _Child | None) -> None:
        self._copy_output()
        if self._asked_to_stop is not None:
            number, self._asked_to_stop = self._asked_to_stop, None
            raise StopRequested(number)
        for child in self._children:
            if child is not ignoring and child.process.poll() is not None:
                self._drain(child)
                code = child.process.returncode
                raise LocalError(f"{child.command.name} ended by itself (exit code {code}).")

    def _wait(self, process: subprocess.Popen[bytes], timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while process.poll() is None and time.monotonic() < deadline:
            self._copy_output()

    def _copy_output(self) -> None:
        if not self._selector.get_map():
            time.sleep(_TICK_SECONDS)
            return
        for key, _events in self._selector.select(_TICK_SECONDS):
            self._read(key.data)

    def _read(self, child: _Child) -> bool:
        """Copies what is there; False when there is nothing (more) to read."""
        stream = child.process.stdout
        if stream is None or stream.closed:
            return False
        try:
            chunk = os.read(stream.fileno(), 65536)
        except BlockingIOError:
            return False
        lines = (child.rest + chunk).split(b"\n")
        child.rest = lines.pop()
        if not chunk and child.rest:
            lines.append(child.rest)
        for line in lines:
            self.say(line.decode("utf-8", "replace").rstrip(), child.command.name)
        if not chunk:
            self._selector.unregister(stream)
            stream.close()
        return bool(chunk)

    def _drain(self, child: _Child) -> None:
        while self._read(child):
            pass
