"""What the program leaves behind and says when it ends well, is stopped, is killed, or runs out of disk."""

import json
import resource
import signal
import subprocess

import cli
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest


def told(folder) -> dict:
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def names(folder) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def complete(tmp_path):
    return cli.simulate(tmp_path / "complete", "--duration", "1d", "--record", "kpis")


def test_a_complete_run_says_where_its_results_are_and_its_key_figures(tmp_path):
    ended = cli.cariflex("run", "--duration", "1d", "--out", tmp_path / "run")
    assert ended.code == 0
    assert ended.err == "", "standard error is for progress and trouble"
    lines = ended.out.splitlines()
    assert lines[0] == "martinique: complete 2026-03-21T04:00:00Z"
    assert any(line.startswith("  PV production ") and line.endswith(" kWh") for line in lines)
    assert lines[-1].endswith(f" in {tmp_path / 'run'}")
    assert told(tmp_path / "run")["status"] == "complete"


@pytest.mark.parametrize("options", [["--help"], ["run", "--help"], ["--version"]])
def test_help_is_no_failure(options):
    ended = cli.cariflex(*options)
    assert (ended.code, ended.err) == (0, "")
    assert "cariflex" in ended.out


def test_help_tells_the_exit_codes():
    assert "130  interrupted" in cli.cariflex("run", "--help").out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_whole_up_to_where_it_came(tmp_path, number):
    out = tmp_path / "run"
    ended = cli.stop_midway(out, number)
    assert ended.code == 130, ended.err
    run = told(out)
    assert run["status"] == "interrupted"
    assert ended.out.splitlines()[0].endswith(run["reached"])
    assert not [name for name in names(out) if name.endswith(".partial")]
    for table, entry in run["tables"].items():
        assert pq.read_table(out / entry["file"]).num_rows == entry["rows"], table
    times = pq.read_table(out / "assets.parquet", columns=["time"])["time"]
    kpis = pq.read_table(out / "kpis.parquet").to_pylist()[0]
    assert kpis["end"].isoformat().replace("+00:00", "Z") == run["reached"]
    assert (kpis["end"] - times[-1].as_py()).total_seconds() == 900


def plain(table: pa.Table) -> pa.Table:
    """Words as words: a longer run knows more of them, in another order."""
    return pa.table({name: pc.cast(table[name], pa.string()) if pa.types.is_dictionary(table[name].type) else table[name]
                     for name in table.column_names})


def test_an_interrupted_run_is_the_beginning_of_the_whole_one(tmp_path):
    cli.stop_midway(tmp_path / "part", signal.SIGINT)
    part = pq.read_table(tmp_path / "part" / "assets.parquet").slice(0, 74 * 96 * 2)
    whole = pq.read_table(cli.simulate(tmp_path / "whole", "--duration", "2d") / "assets.parquet")
    assert plain(part).equals(plain(whole))


def test_a_killed_run_can_be_told_apart_and_taken_over(tmp_path):
    out = tmp_path / "run"
    assert cli.stop_midway(out, signal.SIGKILL).code == -signal.SIGKILL
    assert told(out)["status"] == "running"
    assert not [name for name in names(out) if name.endswith(".parquet")], "no table looks whole"
    cli.simulate(out, "--duration", "1d")
    assert told(out)["status"] == "complete"
    assert not [name for name in names(out) if name.endswith(".partial")]
    fresh = cli.simulate(tmp_path / "fresh", "--duration", "1d")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        path.name: path.read_bytes() for path in fresh.iterdir()
    }


def test_an_interrupted_run_is_taken_over(tmp_path):
    cli.stop_midway(tmp_path / "run", signal.SIGINT)
    cli.simulate(tmp_path / "run", "--duration", "1d", "--record", "kpis")
    assert names(tmp_path / "run") == {"kpis.parquet", "run.json"}, "no table of the earlier run is left"


def test_a_full_disk_ends_the_run_with_a_message_and_no_whole_looking_table(tmp_path):
    def small_files():
        # Writes beyond the limit then fail as they do on a full disk, instead of raising a signal.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    ended = cli.cariflex("run", "--duration", "200d", "--out", tmp_path / "run", preexec_fn=small_files)
    assert ended.code == 1
    assert ".parquet.partial" in ended.err and "space left on the disk" in ended.err, ended.err
    assert "panicked" not in ended.err
    assert told(tmp_path / "run")["status"] == "failed"
    assert not [name for name in names(tmp_path / "run") if name.endswith(".parquet")]
    cli.simulate(tmp_path / "run", "--duration", "1d")
    assert told(tmp_path / "run")["status"] == "complete"


def test_a_folder_that_can_not_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    ended = cli.cariflex("run", "--duration", "1d", "--out", tmp_path / "file" / "run")
    assert ended.code == 1
    assert f"{tmp_path / 'file' / 'run'}" in ended.err


def test_a_reader_that_has_seen_enough_is_no_failure(tmp_path):
    writer = cli.start("run", "--duration", "1d", "--out", tmp_path / "run")
    reader = subprocess.run(["head", "-1"], stdin=writer.stdout, capture_output=True, text=True, check=True)
    writer.stdout.close()
    assert writer.wait(cli.PATIENCE_S) == 0
    assert writer.stderr.read() == ""
    writer.stderr.close()
    assert reader.stdout == "martinique: complete 2026-03-21T04:00:00Z\n"


def test_a_reader_that_is_gone_is_no_failure(tmp_path):
    writer = cli.start("run", "--duration", "1d", "--out", tmp_path / "run")
    writer.stdout.close()
    assert writer.wait(cli.PATIENCE_S) == 0
    assert writer.stderr.read() == ""
    writer.stderr.close()
    assert told(tmp_path / "run")["status"] == "complete"


def test_a_complete_run_is_not_replaced_unasked(complete):
    before = {path.name: path.read_bytes() for path in complete.iterdir()}
    ended = cli.cariflex("run", "--duration", "2d", "--out", complete)
    assert ended.code == 2
    assert f"{complete}" in ended.err and "complete run" in ended.err and "overwrite" in ended.err
    assert {path.name: path.read_bytes() for path in complete.iterdir()} == before


def test_a_complete_run_is_replaced_when_asked(complete):
    cli.simulate(complete, "--duration", "1d", "--seed", 9, "--overwrite")
    assert told(complete)["seed"] == 9


def test_files_of_others_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    cli.simulate(tmp_path, "--duration", "1d", "--record", "kpis")
    cli.simulate(tmp_path, "--duration", "1d", "--record", "kpis", "--overwrite")
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["run.json", "assets.parquet"])
def test_results_of_others_are_not_replaced(tmp_path, name):
    (tmp_path / name).write_text("{}", encoding="utf-8")
    ended = cli.cariflex("run", "--duration", "1d", "--out", tmp_path)
    assert ended.code == 2
    assert f"{tmp_path / name}" in ended.err
    assert names(tmp_path) == {name} and (tmp_path / name).read_text(encoding="utf-8") == "{}"


def test_two_processes_do_not_write_into_one_folder(tmp_path):
    out = tmp_path / "run"
    first = cli.start("run", "--duration", "10000d", "--out", out)
    try:
        while not (out / "assets.parquet.partial").exists():
            assert first.poll() is None
        second = cli.cariflex("run", "--duration", "1d", "--out", out)
    finally:
        first.kill()
        cli.end(first)
    assert second.code == 2
    assert "another process" in second.err and f"{out}" in second.err


@pytest.mark.parametrize("command", [["check"], ["explain", "battery"]])
def test_what_a_check_or_an_explanation_says_may_be_read_in_part(command):
    writer = cli.start(*command)
    writer.stdout.close()
    assert writer.wait(cli.PATIENCE_S) == 0
    assert writer.stderr.read() == ""
    writer.stderr.close()


def test_a_check_says_what_a_scenario_comes_to_and_writes_nothing(tmp_path):
    ended = cli.cariflex("check", "martinique", "--set", "ev={}", "--duration", "1d", cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    lines = [line.split() for line in ended.out.splitlines()]
    assert lines[0] == ["martinique:", "ok"]
    assert ["participants", "99"] in lines and ["pv", "10"] in lines
    assert not any(line[0] == "ev" for line in lines)
    assert "2026-03-20T04:00:00Z to 2026-03-21T04:00:00Z, 96 ticks of 900 s" in ended.out
    assert names(tmp_path) == set()


def test_an_explanation_says_what_a_key_means_and_where_it_was_written():
    ended = cli.cariflex("explain", "battery.bat_01.power_kw")
    assert (ended.code, ended.err) == (0, "")
    assert "here      50   (martinique, line " in ended.out
    ended = cli.cariflex("explain", "batery")
    assert (ended.code, ended.out) == (2, "")
    assert "did you mean `battery`?" in ended.err


def test_the_last_interval_of_a_run_may_end_on_any_slot(tmp_path):
    run = cli.simulate(tmp_path / "run", "--start", "2026-03-20T06:15:00-04:00", "--duration", "45m")
    times = pq.read_table(run / "assets.parquet", columns=["time"])["time"].unique().to_pylist()
    assert [time.isoformat() for time in times] == [
        "2026-03-20T10:15:00+00:00",
        "2026-03-20T10:30:00+00:00",
        "2026-03-20T10:45:00+00:00",
    ]
