"""Runs a sweep on a Ray cluster: freezes it, hands out its parts as tasks, and tells what failed.

    python ray_sweep.py my-sweep.toml /shared/my-sweep --shards 64 --address auto

Needs `pip install ray`, and on each machine the same `cariflex` and a way to the place. Without an address, Ray starts
on this machine alone.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import ray


def main() -> int:
    """Freezes, runs, tells; returns the exit code."""
    args = arguments()
    place = args.place if args.place.startswith("s3://") else str(Path(args.place).resolve())
    if subprocess.run([args.program, "sweep", args.sweep, "--out", place, "--freeze"]).returncode != 0:
        return 2

    ray.init(address=args.address)
    # A task whose worker or machine dies is run again elsewhere: a part may be run any number of times.
    part = ray.remote(run_part).options(num_cpus=args.cpus, max_retries=5)
    waiting = {part.remote(args.program, place, n, args.shards, args.cpus): n for n in range(1, args.shards + 1)}
    failed = 0
    while waiting:
        [ended], _ = ray.wait(list(waiting), num_returns=1)
        number = waiting.pop(ended)
        try:
            code, errors = ray.get(ended)
        except ray.exceptions.RayError as error:
            code, errors = "none", str(error)
        if code != 0:
            failed += 1
            print(f"part {number}/{args.shards} failed, exit code {code}:\n{errors}", file=sys.stderr, flush=True)
    if failed:
        print(f"{failed} of {args.shards} parts failed; the same command goes on with what is missing", file=sys.stderr)
        return 1
    # Nothing is left to run: this tells how the whole sweep went.
    return subprocess.run([args.program, "sweep", place]).returncode


def run_part(program: str, place: str, number: int, of: int, cpus: int) -> tuple[int, str]:
    """Runs a part; returns its exit code and what it said on standard error. Ray calls it, anywhere."""
    command = [program, "sweep", place, "--shard", f"{number}/{of}", "--workers", str(cpus)]
    ended = subprocess.run(command, capture_output=True, text=True)
    return ended.returncode, ended.stderr


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description="Runs a sweep on a Ray cluster.")
    parser.add_argument("sweep", help="sweep file")
    parser.add_argument("place", help="folder that all machines share, or s3://bucket/prefix")
    parser.add_argument("--shards", type=int, default=64, help="number of parts (64)")
    parser.add_argument("--cpus", type=int, default=1, help="cores of each part (1)")
    parser.add_argument("--address", help="the cluster: auto, HOST:PORT or ray://HOST:PORT (this machine alone)")
    parser.add_argument("--program", default="cariflex", help="path of the program on every machine (cariflex)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
