"""Live twins with a control API, as a client sees them."""

import json
import queue
import re
import threading
from contextlib import contextmanager
from pathlib import Path

import requests

import cli

LISTENS = re.compile(r"api: it listens.*address=(?P<address>[^\s]+)|address=(?P<first>[^\s]+).*api: it listens")


class Api:
    """The API of a live twin."""

    def __init__(self, process, base: str, log: list[str]):
        self.process, self.base, self.log = process, base, log
        self.session = requests.Session()

    def get(self, path: str, **options):
        """A request that must succeed; its JSON."""
        answer = self.session.get(self.base + path, timeout=cli.PATIENCE_S, **options)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    def send(self, method: str, path: str, body=None, expect: int | tuple = (200, 201, 202), **options):
        """A request that must end as expected; its JSON."""
        answer = self.session.request(method, self.base + path, json=body, timeout=cli.PATIENCE_S, **options)
        expected = expect if isinstance(expect, tuple) else (expect,)
        assert answer.status_code in expected, (method, path, body, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def post(self, path: str, body=None, **options):
        """A POST that must end as expected."""
        return self.send("POST", path, {} if body is None else body, **options)

    def step(self, ticks: int = 1):
        """Some ticks of a paused twin."""
        return self.post("/v1/clock/step", {"ticks": ticks})

    def reading(self, asset: str) -> dict:
        """The last reading of an asset, as it is."""
        return self.get(f"/v1/participants/{asset}")["reading"]


@contextmanager
def live(place: Path, *args, address="127.0.0.1:0", scheme="http", verify=True):
    """A live twin with an API at any port that is free; stopped at the end."""
    process = cli.start("live", "--place", place, "--api", address, "--no-view", *args, stdout=None)
    lines, log, api = queue.SimpleQueue(), [], None

    def listen():
        for line in process.stderr:
            log.append(line)
            lines.put(line)
        lines.put(None)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        while (line := lines.get(timeout=cli.PATIENCE_S)) is not None:
            if found := LISTENS.search(line):
                bound = found["address"] or found["first"]
                break
        else:
            raise AssertionError("".join(log))
        api = Api(process, f"{scheme}://{bound}", log)
        # Neither proxies nor authorities of the environment have a say.
        api.session.trust_env, api.session.verify = False, verify
        yield api
        process.terminate()
        process.wait(timeout=cli.PATIENCE_S)
        assert process.returncode == 0, "".join(log)
    finally:
        process.kill()
        process.wait()
        listener.join()
        process.stderr.close()
        if api:
            api.session.close()


def lines(path: Path) -> list[dict]:
    """The entries of all journals of a place, oldest first."""
    files = sorted((path / "journal").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()[1:]]
