"""The control API of a live twin, tried by clients that we did not write: requests, WebSockets, Schemathesis."""

import json
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest
import requests
from websockets.sync.client import connect

import api
import cli
from live import TABLES, assert_same_rows, wait_until

# Noon of a day that lies in the past: the sun is out, some vehicles are plugged in.
NOON = ("--start", "2026-03-20T12:00:00-04:00")
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
TOKEN = "a-token-of-32-characters-0123456"


@pytest.fixture(scope="module")
def paused(tmp_path_factory):
    """A twin that stands still and does a tick of a second when it is told to."""
    with api.live(tmp_path_factory.mktemp("paused") / "place", *NOON) as twin:
        twin.post("/v1/clock/pause")
        yield twin


def do(twin, method: str, path: str, body=None, expect=202):
    """Something that the next tick takes, and that tick."""
    answer = twin.send(method, path, body, expect=expect)
    twin.step()
    return answer


def events(twin, code: str, since: int = 0) -> list[dict]:
    """The events of this code after the one of this number."""
    return [event for event in twin.get(f"/v1/events?code={code}&after={since}&limit=1000")["events"]]


def last_event(twin) -> int:
    """The number of the latest event."""
    return max((event["number"] for event in twin.get("/v1/events?limit=10000")["events"]), default=0)


def test_nothing_that_the_document_does_not_know_comes_out_whatever_goes_in(tmp_path):
    with api.live(tmp_path / "place", *NOON, "--speed", "max") as twin:
        command = [SCHEMATHESIS, "run", f"{twin.base}/openapi.json", "--url", twin.base, "--checks", "all"]
        command += ["--exclude-path-regex", "^/v1/(stream|ws)$", "--max-examples", "25", "--seed", "6", "--no-color"]
        command += ["--request-timeout", "60", "--workers", "2", "--phases", "examples,coverage,fuzzing"]
        tried = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=1200)
        assert tried.returncode == 0, tried.stdout[-20_000:] + tried.stderr[-2000:]
        assert twin.process.poll() is None and not any("panicked" in line for line in twin.log)
