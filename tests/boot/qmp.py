# SPDX-License-Identifier: GPL-3.0-or-later
"""QEMU's control socket (QMP): one command at a time, and the events that came meanwhile."""

import json
import socket
import time


class QmpError(Exception):
    pass


class Qmp:
    """Connects to a socket that QEMU makes at its start; `alive` tells whether QEMU is still there to make it."""

    def __init__(self, path, alive, timeout=60):
        self.events = []
        end = time.monotonic() + timeout
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(str(path))
                break
            except OSError:
                self.socket.close()
                if not alive() or time.monotonic() > end:
                    raise QmpError("QEMU did not open its control socket") from None
                time.sleep(0.02)
        self.socket.settimeout(timeout)
        self.stream = self.socket.makefile("rb")
        self._message()  # the greeting
        self.command("qmp_capabilities")

    def _message(self):
        line = self.stream.readline()
        if not line:
            raise QmpError("QEMU has closed its control socket")
        return json.loads(line)

    def command(self, name, **arguments):
        request = {"execute": name, "arguments": arguments}
        try:
            self.socket.sendall(json.dumps(request).encode() + b"\n")
            while True:
                message = self._message()
                if "event" in message:
                    self.events.append(message)
                elif "error" in message:
                    raise QmpError(f"{name}: {message['error']['desc']}")
                else:
                    return message["return"]
        except OSError as error:
            raise QmpError(f"{name}: {error}") from error

    def wait_for(self, name, **data):
        """Until an event of that name has come whose data has these values."""
        while True:
            for event in self.events:
                if event["event"] == name and data.items() <= event.get("data", {}).items():
                    self.events.remove(event)
                    return
            try:
                self.events += [message for message in [self._message()] if "event" in message]
            except OSError as error:
                raise QmpError(f"no {name}: {error}") from error

    def drain(self):
        """Reads what QEMU has said last; for after its end."""
        try:
            while True:
                message = self._message()
                if "event" in message:
                    self.events.append(message)
        except (OSError, QmpError, ValueError):
            pass

    def event(self, name):
        """The data of the first event of that name so far, or None."""
        return next((e.get("data", {}) for e in self.events if e["event"] == name), None)

    def close(self):
        self.stream.close()
        self.socket.close()
