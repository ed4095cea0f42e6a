"""Sweeps on more than one machine: the drivers and job files of `examples/engines`, by the engines they are for."""

import os
import re
import secrets
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cli
import pyarrow.parquet as pq
import pytest
from sweeps import RUNS, SWEEP, kpis

ENGINES = cli.ROOT / "examples" / "engines"
SHARDS = 6
# Each starts an engine, says how it is reached, and ends when its standard input does.
STARTED = {
    "ray": """
import ray, sys
ray.init(
    num_cpus=2, include_dashboard=False, object_store_memory=80_000_000,
    _temp_dir=sys.argv[1], _node_ip_address="127.0.0.1",
)
print("reached at", ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
""",
    "hyperqueue": """
import sys
from hyperqueue.cluster import LocalCluster, WorkerConfig
with LocalCluster(worker_config=WorkerConfig(cores=2)) as cluster:
    print("reached at", cluster.cluster.server_dir, flush=True)
    sys.stdin.read()
""",
}
ADDRESS = {"ray": "--address", "hyperqueue": "--server-dir"}


# Ray lets in who has the token of the cluster: this one is for the cluster of these tests, and gone with it.
ENVIRONMENT = os.environ | {
    "RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32),
}  # fmt: skip


@pytest.fixture(scope="session", params=STARTED)
def engine(request):
    """A name, and the arguments by which its driver finds it."""
    # Ray's sockets stand in this folder, and their names must be short.
    folder = tempfile.mkdtemp(prefix="engine-")
    process = subprocess.Popen(
        [sys.executable, "-c", STARTED[request.param], folder],
        env=ENVIRONMENT | {"TMPDIR": folder}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    says = next((line for line in process.stdout if line.startswith("reached at ")), None)
    assert says, f"{request.param} does not start"
    yield request.param, [ADDRESS[request.param], says.split()[2]]
    process.communicate()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def alone(undisturbed) -> bytes:
    """The key figures of the small sweep, run by one process and kept in a folder."""
    return kpis(undisturbed)


def drive(engine, file: Path, place: Path, program: Path | None = None) -> cli.Ended:
    """Runs a sweep by the driver of an engine, as its first lines say."""
    name, reached = engine
    command = [sys.executable, ENGINES / f"{name}_sweep.py", file, place, "--shards", SHARDS, "--program", program or cli.binary()]
    options = {"capture_output": True, "text": True, "timeout": 120, "cwd": file.parent, "env": ENVIRONMENT}
    ended = subprocess.run([*map(str, command), *reached], **options)
    return cli.Ended(ended.returncode, ended.stdout, ended.stderr)


def test_an_engine_gives_the_bytes_of_one_process(engine, small, alone, tmp_path):
    ended = drive(engine, small, tmp_path / "place")
    assert ended.code == 0, ended.err
    assert f"{RUNS} of {RUNS} runs complete ({RUNS} were there), 0 failed" in ended.out
    assert kpis(tmp_path / "place") == alone


def test_parts_that_fail_are_told_and_the_others_are_done(engine, small, tmp_path):
    small.write_text(SWEEP.replace('"kpis"', '"hourly"'), encoding="utf-8")
    place = tmp_path / "place"
    assert cli.cariflex("sweep", small, "--out", place, "--freeze").code == 0
    runs = pq.read_table(place / "points.parquet")["run"].to_pylist()
    # One in each of the first parts: runs are shared out in turns.
    in_the_way = [place / f"run={run}" for run in runs[:3]]
    for path in in_the_way:
        path.write_text("a file where the run's folder would be", encoding="utf-8")
    ended = drive(engine, small, place)
    assert ended.code == 1 and f"3 of {SHARDS} parts failed" in ended.err, ended.err
    for part, path in enumerate(in_the_way, 1):
        assert f"part {part}/{SHARDS} failed" in ended.err and str(path) in ended.err, ended.err
    assert pq.read_table(place / "kpis.parquet").num_rows == RUNS - 3
    for path in in_the_way:
        path.unlink()
    ended = drive(engine, small, place)
    assert ended.code == 0, ended.err
    assert pq.read_table(place / "kpis.parquet").num_rows == RUNS


def deadly(folder: Path, victim: str) -> Path:
    """A program that kills `victim` when it first gets a part, and is `cariflex` otherwise."""
    path = folder / "deadly"
    kills = f'case "$*" in *--shard*) mkdir {folder}/killed 2>/dev/null && kill -9 {victim};; esac'
    path.write_text(f'#!/bin/sh\n{kills}\nexec {cli.binary()} "$@"\n', encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_a_part_that_is_killed_is_told_and_the_same_command_goes_on(engine, small, alone, tmp_path):
    program = deadly(tmp_path, "$$")
    ended = drive(engine, small, tmp_path / "place", program)
    assert ended.code == 1 and f"1 of {SHARDS} parts failed" in ended.err, ended.err
    assert not (tmp_path / "place" / "kpis.parquet").exists()
    ended = drive(engine, small, tmp_path / "place", program)
    assert ended.code == 0, ended.err
    assert kpis(tmp_path / "place") == alone


@pytest.mark.parametrize("engine", ["ray"], indirect=True)
def test_a_part_whose_worker_dies_is_run_again(engine, small, alone, tmp_path):
    # The worker is the program's parent; Ray starts another one, and gives it the part.
    ended = drive(engine, small, tmp_path / "place", deadly(tmp_path, "$PPID"))
    assert ended.code == 0, ended.err
    assert (tmp_path / "killed").is_dir() and kpis(tmp_path / "place") == alone


def test_a_sweep_that_can_not_be_frozen_is_not_handed_out(engine, small, tmp_path):
    small.write_text(SWEEP.replace("[50, 100, 200]", "[50, -1, 200]"), encoding="utf-8")
    ended = drive(engine, small, tmp_path / "place")
    assert ended.code == 2 and "capacity_kwh = -1" in ended.err
    assert "part" not in ended.out and not (tmp_path / "place").exists()


def begun(file: Path, place: Path, *shards: str) -> list[subprocess.Popen]:
    """Parts of a sweep of twelve runs of half a second, or more, whose first runs have begun."""
    file.write_text(SWEEP.replace('"kpis"', '"hourly"').replace('"6h"', '"20d"'), encoding="utf-8")
    freeze(file, place)
    processes = [cli.start("sweep", place, "--shard", shard, "--workers", 1) for shard in shards]
    deadline = time.monotonic() + cli.PATIENCE_S
    while len(list(place.glob("running/*/assets.parquet.partial"))) < len(shards):
        assert time.monotonic() < deadline, [process.poll() for process in processes]
        time.sleep(0.01)
    return processes


def test_a_sweep_begun_anew_leaves_alone_what_others_are_running(small, tmp_path):
    place = tmp_path / "place"
    processes = begun(small, place, "1/2", "2/2")
    anew = cli.cariflex("sweep", small, "--out", place, "--fresh")
    for ended in [*map(cli.end, processes), anew]:
        assert ended.code == 0 and '"event":"failed"' not in ended.err, ended.err
    assert {row["status"] for row in pq.read_table(place / "runs.parquet").to_pylist()} == {"complete"}
    assert len(list(place.glob("run=*"))) == RUNS and not (place / "running").exists()


def test_a_place_that_vanishes_does_not_begin_again_under_its_name(small, tmp_path):
    place = tmp_path / "place"
    [process] = begun(small, place, "1/1")
    place.rename(tmp_path / "elsewhere")
    ended = cli.end(process)
    assert ended.code == 1 and str(place) in ended.err, ended.err
    assert not place.exists()


@pytest.fixture
def on_path(monkeypatch, tmp_path):
    """The program under test is found as `cariflex`."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "cariflex").symlink_to(cli.binary())
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")


def freeze(file: Path, place: Path) -> None:
    """Freezes a sweep, as all job files have it."""
    ended = cli.cariflex("sweep", file, "--out", place, "--freeze")
    assert ended.code == 0, ended.err


def options_of_slurm() -> dict[str, str]:
    """The options that Slurm reads: those of the lines before the first command."""
    lines = (ENGINES / "slurm.sh").read_text(encoding="utf-8").splitlines()
    head = lines[: next(index for index, line in enumerate(lines) if line and not line.startswith("#"))]
    return dict(line.removeprefix("#SBATCH --").split("=", 1) for line in head if line.startswith("#SBATCH --") and "=" in line)


def test_the_job_array_of_slurm_does_the_whole_sweep(small, alone, on_path, tmp_path):
    place = tmp_path / "place"
    freeze(small, place)
    options = options_of_slurm()
    first, last = map(int, options["array"].split("-"))
    for index in range(first, last + 1):
        assert not (place / "kpis.parquet").exists() or index > RUNS
        variables = {
            "SLURM_ARRAY_TASK_ID": index, "SLURM_ARRAY_TASK_MIN": first, "SLURM_ARRAY_TASK_MAX": last,
            "SLURM_ARRAY_TASK_STEP": 1, "SLURM_ARRAY_TASK_COUNT": last - first + 1,
            "SLURM_CPUS_PER_TASK": options["cpus-per-task"],
        }  # fmt: skip
        environment = os.environ | {name: str(value) for name, value in variables.items()}
        ended = subprocess.run(["bash", ENGINES / "slurm.sh", place], env=environment, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
    assert kpis(place) == alone


def test_the_job_of_slurm_asks_for_its_place():
    ended = subprocess.run(["bash", ENGINES / "slurm.sh"], capture_output=True, text=True)
    assert ended.returncode != 0 and "usage: sbatch slurm.sh PLACE" in ended.stderr


def test_an_array_with_gaps_is_refused(small, on_path, monkeypatch, tmp_path):
    freeze(small, tmp_path / "place")
    variables = {"ID": 17, "MIN": 3, "MAX": 17, "STEP": 1, "COUNT": 2}
    for name, value in variables.items():
        monkeypatch.setenv(f"SLURM_ARRAY_TASK_{name}", str(value))
    ended = cli.cariflex("sweep", tmp_path / "place", "--shard", "array")
    assert ended.code == 2 and "2 jobs for 15 parts" in ended.err


def test_the_line_for_pbs_does_the_whole_sweep(small, alone, on_path, monkeypatch, tmp_path):
    text = (ENGINES / "README.md").read_text(encoding="utf-8")
    count, command = re.search(r"^qsub -J 1-(\d+) -- (.+)$", text, re.MULTILINE).groups()
    place = tmp_path / "place"
    freeze(small, place)
    command = command.replace("/shared/my-sweep", str(place)).split()
    command[0] = Path(command[0]).name
    for index in range(1, int(count) + 1):
        monkeypatch.setenv("PBS_ARRAY_INDEX", str(index))
        ended = subprocess.run(command, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
    assert kpis(place) == alone
