"""Sweeps in a bucket, in the store of moto: it knows nothing of ours, and answers as Amazon's."""

import contextlib
import os
import re
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

import boto3
import botocore.exceptions
import cli
import kubernetes_validate
import pyarrow.dataset as ds
import pyarrow.fs
import pyarrow.parquet as pq
import pytest
import requests
import yaml
from sweeps import RUNS, SWEEP, kpis, sweep

SECRET = "never-to-be-told"
# Waits for a store that does not answer, and for machines under load.
PATIENCE_S = 60


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture(scope="module")
def server():
    """The address of a store."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE_S
    while True:
        assert process.poll() is None and time.monotonic() < deadline, "the store does not start"
        with contextlib.suppress(requests.ConnectionError):
            requests.get(f"{url}/moto-api/", timeout=PATIENCE_S)
            break
        time.sleep(0.1)
    yield url
    process.terminate()
    process.wait()


class Bucket:
    """A bucket of the store, as others see it."""

    def __init__(self, server: str, name: str):
        self.name = name
        options = {"endpoint_url": server, "region_name": "eu-west-3"}
        self.client = boto3.client("s3", aws_access_key_id="mine", aws_secret_access_key=SECRET, **options)
        self.client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})

    def names(self, prefix: str = "") -> list[str]:
        """The keys of all objects below a prefix."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def read(self, key: str) -> bytes:
        """An object."""
        return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()

    def place(self, prefix: str) -> str:
        """How the program names a prefix."""
        return f"s3://{self.name}/{prefix}"


@pytest.fixture
def by_store(monkeypatch, server, tmp_path):
    """Lets `cli` start the program that is built with `--features s3`, with what it needs to reach the store."""
    program = Path(os.environ.get("CARIFLEX_S3", cli.binary().with_name("cariflex-s3")))
    assert program.is_file(), f"{program} is not there: tests/run builds it, from --features s3"
    monkeypatch.setenv("CARIFLEX", str(program))
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("TMPDIR", str(tmp_path))


@pytest.fixture
def bucket(server, by_store) -> Bucket:
    """An empty bucket."""
    return Bucket(server, f"bucket-{uuid.uuid4().hex}")


@pytest.fixture(scope="session")
def in_a_folder(undisturbed) -> bytes:
    """The key figures of the small sweep, run by one process and kept in a folder."""
    return kpis(undisturbed)


@pytest.mark.parametrize("prefix", ["sweeps/small", "", "Été à Fort-de-France/50 % ~#1"])
def test_a_sweep_in_a_bucket_gives_the_bytes_of_one_in_a_folder(bucket, small, in_a_folder, prefix):
    ended = sweep(small, "--out", bucket.place(prefix))
    before = f"{prefix}/" if prefix else ""
    assert f"{bucket.place(prefix).rstrip('/')}/kpis.parquet" in ended.out
    assert bucket.read(f"{before}kpis.parquet") == in_a_folder
    own = [name.removeprefix(before) for name in bucket.names() if name.startswith(before)]
    assert [name for name in own if not name.startswith("kpis/part-")] == ["kpis.parquet", "points.parquet", "runs.parquet", "sweep.json"]
    assert len(own) == len(bucket.names()) == 5
    again = sweep(bucket.place(prefix))
    assert f"{RUNS} of {RUNS} runs complete ({RUNS} were there), 0 failed" in again.out


def test_what_others_have_in_the_bucket_stays(bucket, small):
    bucket.client.put_object(Bucket=bucket.name, Key="mine/thesis.tex", Body=b"years of work")
    ended = cli.cariflex("sweep", small, "--out", bucket.place("mine"))
    assert ended.code == 2 and "thesis.tex" in ended.err
    # A prefix that begins alike is another place.
    sweep(small, "--out", bucket.place("mi"))
    sweep(small, "--out", bucket.place("mi"), "--fresh")
    assert bucket.names("mine/") == ["mine/thesis.tex"]


@pytest.mark.parametrize("record", ["kpis", "hourly"])
def test_parts_at_once_and_one_of_them_twice_give_the_same_result(bucket, small, in_a_folder, server, tmp_path, record):
    small.write_text(SWEEP.replace('"run.record" = "kpis"', f'"run.record" = "{record}"'), encoding="utf-8")
    place = bucket.place("mine")
    parts = ["1/2", "2/2", "2/2"]
    processes = [cli.start("sweep", small, "--out", place, "--shard", part, "--workers", 1) for part in parts]
    for ended in map(cli.end, processes):
        assert ended.code == 0, ended.err
    if record == "kpis":
        assert bucket.read("mine/kpis.parquet") == in_a_folder
        return
    store = pyarrow.fs.S3FileSystem(access_key="mine", secret_key=SECRET, endpoint_override=server, region="eu-west-3")
    found = pq.read_table(f"{bucket.name}/mine/kpis.parquet", filesystem=store)
    assert found.drop_columns(["run"]).equals(pq.read_table(pyarrow.BufferReader(in_a_folder)).drop_columns(["run"]))
    tables = [f"{bucket.name}/{name}" for name in bucket.names("mine/run=") if name.endswith("/sites.parquet")]
    sites = ds.dataset(tables, filesystem=store, partitioning="hive").to_table(columns=["run", "import_kwh"])
    counts = sites.group_by("run").aggregate([("import_kwh", "count")]).to_pylist()
    assert {row["run"] for row in counts} == set(found["run"].to_pylist()) and len(counts) == RUNS
    assert not list(tmp_path.glob("cariflex-*/*")), "nothing of a run stays on this machine"
    before = set(bucket.names())
    sweep(small, "--out", place, "--fresh")
    assert {name for name in before if "/kpis/" not in name} == {name for name in bucket.names() if "/kpis/" not in name}


def test_kills_leave_the_rows_of_an_undisturbed_sweep(bucket, small, tmp_path):
    small.write_text(SWEEP.replace('"kpis"', '"hourly"').replace('"6h"', '"10d"'), encoding="utf-8")
    began = time.monotonic()
    sweep(small, "--out", bucket.place("whole"))
    whole_s = time.monotonic() - began
    for kill in range(5):
        process = cli.start("sweep", small, "--out", bucket.place("killed"))
        time.sleep(whole_s * (kill + 1) / 8)
        process.kill()
        process.communicate()
    sweep(small, "--out", bucket.place("killed"))
    assert bucket.read("killed/kpis.parquet") == bucket.read("whole/kpis.parquet")
    killed, whole = ({name.split("/", 1)[1] for name in bucket.names(f"{place}/run=")} for place in ("killed", "whole"))
    assert killed == whole
    assert not list(tmp_path.glob("cariflex-*/*")), "what the killed left is removed by who comes next"


def test_more_objects_than_a_listing_holds_are_all_found(bucket, small, in_a_folder):
    place = bucket.place("many")
    for number in range(1, RUNS):
        sweep(small, "--out", place, "--shard", f"{number}/{RUNS}")
    parts = bucket.names("many/kpis/")
    assert len(parts) == RUNS - 1
    # A listing holds a thousand names: these come before the others.
    contents = bucket.read(parts[0])
    for number in range(1010):
        bucket.client.put_object(Bucket=bucket.name, Key=f"many/kpis/part-{number:04}.parquet", Body=contents)
    ended = sweep(place)
    assert f"{RUNS} of {RUNS} runs complete ({RUNS - 1} were there), 0 failed" in ended.out
    assert bucket.read("many/kpis.parquet") == in_a_folder
    assert len(bucket.names("many/kpis/")) == 1, "all parts were replaced by one"


def test_tables_larger_than_a_piece_are_whole(bucket, small, tmp_path):
    one = SWEEP.replace('"kpis"', '"full"').replace("replicates = 2", "replicates = 1").replace("[50, 100, 200]", "[50]")
    small.write_text(one.replace('"6h"', '"300d"'), encoding="utf-8")
    sweep(small, "--out", bucket.place("large"))
    [run, other] = sorted({name.split("/")[1] for name in bucket.names("large/run=")})
    sizes = {}
    sweep(small, "--out", tmp_path / "place")
    for path in (tmp_path / "place" / run).glob("*.parquet"):
        sizes[path.name] = path.stat().st_size
        assert bucket.read(f"large/{run}/{path.name}") == path.read_bytes(), path.name
    assert max(sizes.values()) > 8 << 20, f"no table has more than one piece: {sizes}"
    assert "Uploads" not in bucket.client.list_multipart_uploads(Bucket=bucket.name)


def test_a_store_that_comes_back_is_waited_for(bucket, small, server, in_a_folder, monkeypatch):
    port = free_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    process = cli.start("sweep", small, "--out", bucket.place("mine"))
    time.sleep(2.0)
    with pipe(port, int(server.rsplit(":", 1)[1])):
        ended = cli.end(process)
    assert ended.code == 0, ended.err
    assert bucket.read("mine/kpis.parquet") == in_a_folder


@contextlib.contextmanager
def pipe(port: int, target: int):
    """Passes on what is sent to a port to another."""

    def pump(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            with socket.create_connection(("127.0.0.1", target)) as other:
                back = threading.Thread(target=pump, args=(other, self.request))
                back.start()
                pump(self.request, other)
                back.join()

    socketserver.ThreadingTCPServer.allow_reuse_address = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", port), Handler) as pipes:
        pipes.daemon_threads = True
        threading.Thread(target=pipes.serve_forever, daemon=True).start()
        yield
        pipes.shutdown()


def test_a_store_that_can_not_be_used_is_told_with_the_way_out(bucket, small):
    nowhere = f"http://127.0.0.1:{free_port()}"
    good = bucket.place("mine")
    # Without keys of its own, a machine of Amazon's is asked for them.
    without_keys = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_METADATA_ENDPOINT": nowhere}
    cases = [
        ("s3://no-such-bucket/mine", {}, "there is no bucket `no-such-bucket`"),
        ("s3://", {}, "write s3://bucket/prefix"),
        (bucket.place("a//b"), {}, "choose another prefix"),
        (bucket.place("a/../b"), {}, "choose another prefix"),
        (good, {"AWS_ALLOW_HTTP": "false"}, "AWS_ALLOW_HTTP=true"),
        (good, {"AWS_ALLOW_HTTP": "perhaps"}, "perhaps"),
        (good, {"AWS_ENDPOINT_URL": nowhere}, "Connection refused"),
        (good, without_keys, "AWS_ACCESS_KEY_ID"),
    ]
    started = []
    for place, variables, says in cases:
        for args in ([small, "--out", place], [place]):
            environment = {name: value for name, value in (os.environ | variables).items() if value is not None}
            process = cli.start("sweep", *args, env=environment)
            started.append((args, variables, says, process))
    for args, variables, says, process in started:
        ended = cli.end(process)
        assert ended.code in (1, 2) and says in ended.err, (args, variables, ended.err)
        assert SECRET not in ended.err + ended.out and "panicked" not in ended.err
    assert bucket.names() == []


def test_wrong_credentials_are_told_and_not_shown(bucket, server, small):
    try:
        requests.post(f"{server}/moto-api/reset-auth", data="0", timeout=PATIENCE_S)
        with pytest.raises(botocore.exceptions.ClientError):
            bucket.names()
        ended = cli.cariflex("sweep", small, "--out", bucket.place("mine"))
    finally:
        requests.post(f"{server}/moto-api/reset-auth", data="inf", timeout=PATIENCE_S)
    assert ended.code == 1 and "InvalidAccessKeyId" in ended.err and "AWS_SECRET_ACCESS_KEY" in ended.err
    assert SECRET not in ended.err + ended.out


KUBERNETES = cli.ROOT / "examples" / "engines" / "kubernetes.yaml"


def test_the_job_of_kubernetes_is_what_its_interface_takes():
    job = yaml.safe_load(KUBERNETES.read_text(encoding="utf-8"))
    kubernetes_validate.validate(job, "1.33", strict=True)
    job["spec"]["completionModes"] = "Indexed"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job, "1.33", strict=True)


def test_the_job_of_kubernetes_does_the_whole_sweep(server, by_store, small, in_a_folder, monkeypatch):
    text = KUBERNETES.read_text(encoding="utf-8")
    spec = yaml.safe_load(text)["spec"]
    [container] = spec["template"]["spec"]["containers"]
    # The secret holds what the comment says, and the program finds the store by it.
    told = set(re.findall(r"(AWS_\w+)=…", text))
    assert told == {name for name in os.environ if name.startswith("AWS_")} - {"AWS_ALLOW_HTTP"}
    bucket = Bucket(server, "my-bucket")
    freeze = re.search(r"^# +cariflex (sweep my-sweep.toml --out .* --freeze)$", text, re.MULTILINE)[1]
    sweep(*freeze.replace("my-sweep.toml", str(small)).split()[1:])
    assert container["command"] == ["cariflex"]
    with tempfile.TemporaryDirectory() as scratch:
        monkeypatch.setenv("TMPDIR", scratch)
        for index in range(spec["completions"]):
            monkeypatch.setenv("JOB_COMPLETION_INDEX", str(index))
            ended = cli.cariflex(*container["args"])
            assert ended.code == 0, ended.err
    assert bucket.read("my-sweep/kpis.parquet") == in_a_folder
