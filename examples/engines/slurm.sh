#!/usr/bin/env bash
# Runs a frozen sweep as a job array of Slurm, a part for each job.
#
#     cariflex sweep my-sweep.toml --out /shared/my-sweep --freeze
#     sbatch slurm.sh /shared/my-sweep
#
# To go on after failures or an end of time, submit it again: parts that are done end at once.

#SBATCH --job-name=cariflex-sweep
#SBATCH --array=1-64
#SBATCH --cpus-per-task=4
#SBATCH --mem-per-cpu=1G
#SBATCH --time=04:00:00
#SBATCH --output=cariflex-%A-%a.log
# A job whose machine fails is started again.
#SBATCH --requeue
# A minute before its time is over the program is asked to end: it writes what it has.
#SBATCH --signal=B:TERM@60

set -euo pipefail
place=${1:?"usage: sbatch slurm.sh PLACE"}

# `exec` lets the program have the signal.
exec cariflex sweep "$place" --shard array --workers "$SLURM_CPUS_PER_TASK"
