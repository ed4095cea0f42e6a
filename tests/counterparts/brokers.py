"""Mosquitto and InfluxDB as tests need them: their own processes, on ports of their own, gone with the test."""

import json
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as paho
from cli import PATIENCE_S

# Where Debian keeps servers.
SBIN = "/usr/sbin"


def program(name: str, package: str) -> str:
    """The path of a program of Debian's."""
    path = shutil.which(name) or shutil.which(name, path=SBIN)
    if path is None:
        raise FileNotFoundError(f"{name} is missing; install it with\n    sudo apt-get install {package}")
    return path


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port: int, process: subprocess.Popen):
    """Waits until somebody listens."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server has ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError("nobody listens")


class Mosquitto:
    """A broker that can be killed and started again."""

    def __init__(self, folder: Path, *lines: str):
        self.port = free_port()
        self.folder = folder
        self.config = folder / "mosquitto.conf"
        lines = lines or ("allow_anonymous true",)
        # It would become somebody who may not read the folders of tests.
        head = (f"listener {self.port} 127.0.0.1", "user root")
        self.config.write_text("\n".join([*head, *lines]) + "\n", encoding="utf-8")
        self.process = None
        self.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self):
        """Starts it, on the same port as before."""
        with (self.folder / "mosquitto.log").open("ab") as log:
            command = [program("mosquitto", "mosquitto"), "-c", self.config]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for_port(self.port, self.process)

    def kill(self):
        """Ends it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def mosquitto(folder: Path, *lines: str):
    """A broker with these lines in its configuration."""
    broker = Mosquitto(folder, *lines)
    try:
        yield broker
    finally:
        broker.kill()


@dataclass
class Client:
    """A client that we did not write; keeps what it hears."""

    broker: Mosquitto
    heard: deque = field(default_factory=deque)

    def __post_init__(self):
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self.client.on_message = lambda _, __, message: self.heard.append(message)
        self.client.max_queued_messages_set(0)
        self.client.max_inflight_messages_set(1000)
        self.client.connect("127.0.0.1", self.broker.port)
        self.client.loop_start()

    def subscribe(self, *topics: str):
        """Subscribes, and waits until the broker knows it."""
        known = []
        self.client.on_subscribe = lambda *_: known.append(True)
        self.client.subscribe([(topic, 1) for topic in topics])
        self.wait(lambda: known)

    def publish(self, topic: str, payload, qos: int = 1, retain: bool = False):
        """Publishes, and waits until the broker has it."""
        text = payload if isinstance(payload, str | bytes) else json.dumps(payload)
        self.client.publish(topic, text, qos, retain).wait_for_publish(PATIENCE_S)

    def wait(self, what, patience_s: float = PATIENCE_S):
        """Waits for something to become true, and returns it."""
        deadline = time.monotonic() + patience_s
        while not (found := what()):
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.02)
        return found

    def of(self, topic: str) -> list[dict]:
        """What was heard on a topic, decoded."""
        return [json.loads(message.payload) for message in list(self.heard) if message.topic == topic]

    def close(self):
        """Says good-bye."""
        self.client.disconnect()
        self.client.loop_stop()


@contextmanager
def client(broker: Mosquitto, *topics: str):
    """A client that has subscribed."""
    one = Client(broker)
    try:
        if topics:
            one.subscribe(*topics)
        yield one
    finally:
        one.close()


class Influx:
    """A database of time series, asked over HTTP."""

    def __init__(self, folder: Path):
        self.port = free_port()
        config = folder / "influxdb.conf"
        rpc = free_port()
        config.write_text(
            f'reporting-disabled = true\nbind-address = "127.0.0.1:{rpc}"\n'
            f'[meta]\n  dir = "{folder}/meta"\n'
            f'[data]\n  dir = "{folder}/data"\n  wal-dir = "{folder}/wal"\n'
            f'[http]\n  bind-address = "127.0.0.1:{self.port}"\n',
            encoding="utf-8",
        )
        with (folder / "influxd.log").open("ab") as log:
            command = [program("influxd", "influxdb"), "-config", config]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for_port(self.port, self.process)

    def post(self, path: str, body: bytes = b"", **parameters) -> bytes:
        """Posts; an answer that is an error is one."""
        url = f"http://127.0.0.1:{self.port}/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(urllib.request.Request(url, body, method="POST"), timeout=PATIENCE_S) as answer:
            return answer.read()

    def query(self, text: str, **parameters) -> list[dict]:
        """The rows of all series of an answer, their tags among the columns."""
        answer = json.loads(self.post("query", q=text, **parameters))
        series = answer["results"][0].get("series", [])
        return [
            dict(zip(one["columns"], row, strict=True)) | one.get("tags", {}) for one in series for row in one["values"]
        ]


@contextmanager
def influx(folder: Path):
    """A database that is empty."""
    database = Influx(folder)
    try:
        yield database
    finally:
        database.process.kill()
        database.process.wait()
