"""A CSMS of OCPP 2.0.1 on the package `ocpp`, which judges every message by the official schemas, and a station for it."""

import json
import os
import subprocess
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from cli import PATIENCE_S, ROOT
from ocpp.messages import Call, CallError, CallResult, get_validator, unpack
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

VERSION = "2.0.1"


def example(name: str) -> Path:
    """An example of the crate as `cargo test` leaves it."""
    path = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "examples" / name
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: build it with `cargo build -p cariflex-ocpp --examples`")
    return path


def now() -> str:
    """The present in RFC 3339."""
    return datetime.now(timezone.utc).isoformat()


def check(message: Call | CallResult):
    """Holds a message against its official schema."""
    get_validator(message.message_type_id, message.action, VERSION).validate(message.payload)


class Csms:
    """Answers whatever a station says, asks what a test wants, and holds every message against its schema."""

    def __init__(self):
        self.changed = threading.Condition()
        self.heard: list[tuple[str, dict]] = []
        self.answers: dict[str, CallResult | CallError] = {}
        self.wrong: list[str] = []
        self.boots = 0
        self.boot_statuses: list[tuple[str, int]] = []
        self.token_status = "Accepted"
        # Actions after whose next call the connection is closed without an answer.
        self.cut_at: list[str] = []
        self.socket = None
        self.asked = 0

    def meet(self, socket):
        """Talks with a station until it is gone."""
        with self.changed:
            self.socket = socket
            self.changed.notify_all()
        while True:
            try:
                text = socket.recv()
                if not self.take(socket, text):
                    return
            except ConnectionClosed:
                # It restarts, or its link is cut.
                return
            except Exception as error:  # noqa: BLE001 - whatever is wrong, the test must hear of it.
                with self.changed:
                    self.wrong.append(f"{type(error).__name__}: {error} in {text}")
                    self.changed.notify_all()

    def take(self, socket, text: str) -> bool:
        """Takes a message; false if the connection is to be cut."""
        message = unpack(text)
        if not isinstance(message, Call):
            with self.changed:
                self.answers[message.unique_id] = message
                self.changed.notify_all()
            return True
        check(message)
        with self.changed:
            self.heard.append((message.action, message.payload))
            cut = message.action in self.cut_at
            if cut:
                self.cut_at.remove(message.action)
            self.changed.notify_all()
        if cut:
            return False
        answer = message.create_call_result(self.answer(message))
        check(answer)
        socket.send(answer.to_json())
        return True

    def answer(self, call: Call) -> dict:
        """The payload of the answer to a call."""
        info = {"idTokenInfo": {"status": self.token_status}}
        match call.action:
            case "BootNotification":
                status, interval = self.boot_statuses.pop(0) if self.boot_statuses else ("Accepted", 300)
                return {"currentTime": now(), "interval": interval, "status": status}
            case "Heartbeat":
                return {"currentTime": now()}
            case "Authorize":
                return info
            case "TransactionEvent" if "idToken" in call.payload:
                return info
            case "NotifyEVChargingNeeds":
                return {"status": "Accepted"}
            case _:
                return {}

    def ask(self, action: str, **payload) -> dict | CallError:
        """What the station answers."""
        self.asked += 1
        call = Call(f"csms-{self.asked}", action, payload)
        check(call)
        self.socket.send(call.to_json())
        self.wait(lambda: call.unique_id in self.answers, f"an answer to {action}")
        answer = self.answers[call.unique_id]
        if isinstance(answer, CallError):
            return answer
        answer.action = action
        check(answer)
        return answer.payload

    def status(self, action: str, **payload) -> str:
        """The status by which the station answers."""
        return self.ask(action, **payload)["status"]

    def of(self, action: str) -> list[dict]:
        """What was heard of an action."""
        return [payload for one, payload in list(self.heard) if one == action]

    def events(self) -> list[str]:
        """Transaction events as `Started Authorized`, each number once."""
        once = {(event["transactionInfo"]["transactionId"], event["seqNo"]): event for event in self.of("TransactionEvent")}
        return [f"{event['eventType']} {event['triggerReason']}" for event in once.values()]

    def wait(self, holds, what: str):
        """Waits until something holds."""
        deadline = time.monotonic() + PATIENCE_S
        with self.changed:
            while not holds():
                assert not self.wrong, self.wrong
                left = deadline - time.monotonic()
                assert left > 0, f"no {what}; heard {self.heard[-5:]}"
                self.changed.wait(left)

    def wait_for(self, action: str, count: int = 1) -> dict:
        """Waits until an action was heard so often; the last of them."""
        self.wait(lambda: len(self.of(action)) >= count, f"{count} {action}")
        return self.of(action)[count - 1]

    def wait_for_event(self, event: str):
        """Waits for a transaction event."""
        self.wait(lambda: event in self.events(), event)


class Station:
    """A station whose body follows commands."""

    def __init__(self, port: int, *variables: str):
        command = [example("station"), f"ws://127.0.0.1:{port}/ocpp", "CP001", *variables]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, text=True, encoding="utf-8", **pipes)
        self.said: list[str] = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        """Keeps what it says."""
        self.said.extend(self.process.stdout)

    def does(self, *lines: str):
        """Something happens to the body."""
        for line in lines:
            self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def says(self, part: str):
        """Waits until it says something."""
        deadline = time.monotonic() + PATIENCE_S
        while not any(part in line for line in list(self.said)):
            assert time.monotonic() < deadline, f"no {part} in {self.said[-10:]}"
            time.sleep(0.01)

    def end(self):
        """Ends it."""
        self.process.stdin.close()
        try:
            assert self.process.wait(PATIENCE_S) == 0
        finally:
            self.process.kill()
            self.reader.join()
            self.process.stdout.close()


@contextmanager
def pair(*variables: str, boots=()):
    """A CSMS and a station that has been accepted; no message of either was against the schemas."""
    csms = Csms()
    csms.boot_statuses = list(boots)
    with serve(csms.meet, "127.0.0.1", 0, subprotocols=["ocpp2.0.1"]) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        station = Station(server.socket.getsockname()[1], *variables)
        try:
            csms.wait_for("StatusNotification", 2)
            yield csms, station
            station.end()
        finally:
            station.process.kill()
            server.shutdown()
            thread.join()
    assert not csms.wrong, csms.wrong


def judge(payloads: list[tuple[str, dict]]) -> list[str]:
    """What a station thinks of payloads: `ok`, or the code of its CALLERROR."""
    lines = "".join(f"{action} {json.dumps(payload)}\n" for action, payload in payloads)
    ended = subprocess.run([example("judge")], input=lines, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    return ended.stdout.split()
