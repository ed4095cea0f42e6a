"""Runs a sweep by HyperQueue: freezes it, hands out its parts as the tasks of one job, and tells what failed.

    hq server start &
    hq alloc add slurm --time-limit 4h        # or `hq worker start` on each machine
    python hyperqueue_sweep.py my-sweep.toml /shared/my-sweep --shards 64

Needs `pip install hyperqueue`, in the version of `hq`, and on each machine the same `cariflex` and a way to the place
and to the folder of the logs.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from hyperqueue import Client, Job
from hyperqueue.ffi.protocol import ResourceRequest
from hyperqueue.output import StdioDef


def main() -> int:
    """Freezes, runs, tells; returns the exit code."""
    args = arguments()
    place = args.place if args.place.startswith("s3://") else str(Path(args.place).resolve())
    if subprocess.run([args.program, "sweep", args.sweep, "--out", place, "--freeze"]).returncode != 0:
        return 2

    # Parts need not wait for each other: all are run, however many fail.
    job = Job(name="cariflex-sweep", default_workdir=args.logs, max_fails=None)
    for number in range(1, args.shards + 1):
        # What a part says is kept if it fails. One whose worker dies is run again elsewhere, that often at most.
        job.program(
            [args.program, "sweep", place, "--shard", f"{number}/{args.shards}", "--workers", str(args.cpus)],
            stdout=StdioDef.remove_if_finished(f"%{{JOB_ID}}-{number}.out"),
            stderr=StdioDef.remove_if_finished(f"%{{JOB_ID}}-{number}.err"),
            name=f"part {number}/{args.shards}",
            resources=ResourceRequest(cpus=args.cpus),
            crash_limit=5,
        )
    args.logs.mkdir(parents=True, exist_ok=True)
    client = Client(args.server_dir)
    submitted = client.submit(job)
    if not client.wait_for_jobs([submitted], raise_on_error=False):
        failures = client.get_failed_tasks(submitted)
        for task, failure in sorted(failures.items()):
            log = Path(failure.stderr or "")
            errors = log.read_text(encoding="utf-8") if log.is_file() else ""
            print(f"{job.task_by_id(task).label} failed: {failure.error}\n{errors}", file=sys.stderr)
        problem = f"{len(failures)} of {args.shards} parts failed"
        print(f"{problem}; the same command goes on with what is missing", file=sys.stderr)
        return 1
    # Nothing is left to run: this tells how the whole sweep went.
    return subprocess.run([args.program, "sweep", place]).returncode


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description="Runs a sweep by HyperQueue.")
    parser.add_argument("sweep", help="sweep file")
    parser.add_argument("place", help="folder that all machines share, or s3://bucket/prefix")
    parser.add_argument("--shards", type=int, default=64, help="number of parts (64)")
    parser.add_argument("--cpus", type=int, default=1, help="cores of each part (1)")
    parser.add_argument("--server-dir", help="folder of the server (that of `hq server start`: ~/.hq-server)")
    parser.add_argument("--logs", type=Path, default=Path("sweep-logs"), help="where failed parts leave what they said")
    parser.add_argument("--program", default="cariflex", help="path of the program on every machine (cariflex)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
