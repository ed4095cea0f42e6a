"""Test scripts as a user runs them: the examples, what is said of failures, JUnit XML, and a broker beside."""

import re
import signal
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import duckdb
import pytest
from brokers import client, mosquitto
from cli import ROOT, cariflex, end, start

EXAMPLES = sorted((ROOT / "examples" / "scripts").glob("*.toml"))
# Needs nothing but commands.
COMMANDS = ROOT / "examples" / "scripts" / "setpoint_and_priority.toml"

HEAD = """version = 1
name = "a < b & \\"c\\" é"
scenario = "martinique"
start = "2026-03-20T10:00:00-04:00"
"""
SET = '[[step]]\nset = "bat_01"\nsetpoint_kw = 12.5\nfor = "10m"\n'
EXPECT = '[[step]]\nname = "it charges"\nexpect = { of = "bat_01", what = "power_kw", is = 12.5 }\n'


def script(folder: Path, steps: str, name: str = "script.toml") -> Path:
    path = folder / name
    path.write_text(HEAD + steps, encoding="utf-8")
    return path


def play(*args, **options):
    """Runs scripts to their end."""
    return cariflex("test", *args, **options)


def junit(path: Path) -> ElementTree.Element:
    """The XML of a run of scripts, checked against what servers expect of JUnit's."""
    root = ElementTree.parse(path).getroot()
    assert root.tag == "testsuites"
    counted = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for suite in root:
        assert suite.tag == "testsuite" and suite.attrib["name"] and suite.attrib["file"].endswith(".toml")
        cases = suite.findall("testcase")
        assert [child.tag for child in suite] == ["properties"] + ["testcase"] * len(cases)
        assert all(set(prop.attrib) == {"name", "value"} for prop in suite.find("properties"))
        names = [case.attrib["name"] for case in cases]
        assert len(set(names)) == len(names), "every test case has a name of its own"
        found = {"tests": len(cases)}
        for kind, tag in [("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]:
            found[kind] = len(suite.findall(f"testcase/{tag}"))
        for case in cases:
            assert case.attrib["classname"] and float(case.attrib["time"]) >= 0 and len(case) <= 1
            assert all("message" in outcome.attrib for outcome in case)
        assert {key: int(suite.attrib[key]) for key in found} == found
        assert float(suite.attrib["time"]) >= 0
        counted = {key: counted[key] + found[key] for key in counted}
    assert {key: int(root.attrib[key]) for key in counted} == counted
    return root


def outcomes(root: ElementTree.Element) -> list[tuple]:
    """What came of every test case, without how long it took."""
    return [
        (suite.attrib["file"], case.attrib["name"], [(child.tag, child.attrib["message"]) for child in case])
        for suite in root
        for case in suite.findall("testcase")
    ]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_passes(path, tmp_path):
    ended = play(path, "--junit", tmp_path / "junit.xml")
    assert ended.code == 0, ended.out + ended.err
    assert ended.err == "" and "FAIL" not in ended.out and "\x1b" not in ended.out
    root = junit(tmp_path / "junit.xml")
    assert int(root.attrib["tests"]) == path.read_text(encoding="utf-8").count("[[step]]")
    assert root.attrib["failures"] == root.attrib["errors"] == root.attrib["skipped"] == "0"


def test_the_examples_are_many_and_various():
    assert len(EXAMPLES) >= 14


def test_a_failure_names_place_expectation_and_what_was_seen(tmp_path):
    path = script(tmp_path, SET + EXPECT.replace("12.5 }", "11.2, tolerance = 0.1 }") + EXPECT)
    ended = play(path, "--junit", tmp_path / "junit.xml")
    assert (ended.code, ended.err) == (1, "error: 1 of 1 scripts failed\n")
    lines = ended.out.splitlines()
    assert lines[1] == "  PASS  10:00:01  bat_01 setpoint 12.5 kW: accepted  (saw accepted)"
    line = HEAD.count("\n") + 7
    assert lines[2] == f"  FAIL  10:00:01  it charges: bat_01 power_kw is 11.2 ± 0.1  (saw 12.500)  {path}:{line}"
    assert lines[3].startswith("  PASS"), "a script goes on after an expectation that failed"
    assert lines[4].startswith("  2 passed, 1 failed  (0:00:02 of twin time in ")
    assert lines[5].startswith("1 script, 1 of them failed: 2 passed, 1 failed")
    root = junit(tmp_path / "junit.xml")
    assert root[0].attrib["name"] == 'a < b & "c" é'
    [failure] = root.findall("testsuite/testcase/failure")
    assert failure.attrib["message"] == "saw 12.500"
    assert failure.text == f"{path}:{line}\n2026-03-20T14:00:01Z\nexpected bat_01 power_kw is 11.2 ± 0.1\nsaw 12.500"


MUTANTS = [
    ("setpoint_kw = 12.5\nfor", "setpoint_kw = 12.4\nfor", "saw 12.400"),
    ('setpoint_kw = 12.5\nfor = "5m"', 'setpoint_kw = 12.5\nfor = "5s"', " after "),
    ('set = "bat_01"\nsetpoint_kw = -5', 'set = "bat_02"\nsetpoint_kw = -5', "(saw accepted)"),
    ('answer = "overruled"', 'answer = "refused"', "saw overruled: a command of priority operator is in force"),
    ('"operator is in force"', '"safety is in force"', "saw overruled: a command of priority operator is in force"),
    ('what = "setpoint_kw", is = 12.5', 'what = "setpoint_kw", is = "nothing"', "saw 12.500"),
    ('priority = "safety"', 'priority = "local"', "saw charging"),
    ('is = "discharging"', 'is_not = "discharging"', "saw discharging"),
    ('within = "61s"', 'within = "30s"', "saw -20.000"),
    ("withdraw = true", "setpoint_kw = 12.5", "saw 12.500"),
]


@pytest.mark.parametrize(("old", "new", "says"), MUTANTS)
def test_an_example_that_is_changed_fails_and_says_what_was_seen(tmp_path, old, new, says):
    text = COMMANDS.read_text(encoding="utf-8")
    assert text.count(old) == 1, "the change is one"
    path = tmp_path / "mutant.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    ended = play(path)
    failed = [line for line in ended.out.splitlines() if line.startswith("  FAIL")]
    assert ended.code == 1 and failed, ended.out + ended.err
    assert any(says in line for line in failed), failed


def test_what_is_wrong_with_any_script_is_told_and_nothing_is_run(tmp_path):
    right = script(tmp_path, SET + EXPECT)
    one = script(tmp_path, SET + EXPECT.replace("power_kw", "power"), "one.toml")
    two = script(tmp_path, EXPECT.replace("bat_01", "bat_11"), "two.toml")
    ended = play(right, one, two, tmp_path / "none.toml", "--out", tmp_path / "out", "--junit", tmp_path / "junit.xml")
    assert (ended.code, ended.out) == (2, "")
    for part in [f"{one}, line ", "did you mean `power_kw`?", f"{two}, line ", "did you mean `bat_01`?", "none.toml"]:
        assert part in ended.err, ended.err
    assert not (tmp_path / "out").exists() and not (tmp_path / "junit.xml").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--mqtt", "mqtt://127.0.0.1"], "--mqtt: goes with the wall clock only: add --speed 1"),
        (["--speed", "60", "--jobs", "2"], "--jobs: goes with --speed max only"),
        (["--junit", "/no/such/folder/x.xml"], "--junit: there is no folder /no/such/folder"),
        (["--set", "battery.bat_01.power=3"], "did you mean `power_kw`?"),
        (["--speed", "0"], "0.001 to 1000000"),
    ],
)
def test_an_option_that_can_not_be_used_is_refused(tmp_path, options, says):
    ended = play(script(tmp_path, SET + EXPECT), *options)
    assert ended.code == 2 and says in ended.err, ended.err


def test_two_scripts_of_one_name_do_not_share_a_folder_of_results(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    scripts = [script(tmp_path / name, SET + EXPECT) for name in "ab"]
    ended = play(*scripts, "--out", tmp_path / "out")
    assert ended.code == 2 and "would keep their results in one folder" in ended.err


def test_any_number_of_jobs_comes_to_the_same(tmp_path):
    scripts = [script(tmp_path, SET + EXPECT.replace("12.5", value), f"{value}.toml") for value in ["12.5", "1", "2", "12.5001"]]
    said = []
    for jobs in ["1", "3"]:
        ended = play(*scripts, "--jobs", jobs, "--junit", tmp_path / f"{jobs}.xml")
        assert ended.code == 1 and "2 of 4 scripts failed" in ended.err
        said.append(outcomes(junit(tmp_path / f"{jobs}.xml")))
        # The lines of one script stand together, whatever runs beside it.
        blocks = re.split(r"^(?=/)", ended.out, flags=re.MULTILINE)[1:]
        assert sorted(block.count("\n  PASS") + block.count("\n  FAIL") for block in blocks) == [2, 2, 2, 2]
    assert said[0] == said[1]


def test_no_other_script_begins_when_one_has_failed(tmp_path):
    scripts = [script(tmp_path, SET + EXPECT.replace("12.5 }", value), f"{index}.toml")
               for index, value in enumerate(["12.5 }", "1 }", "12.5 }"])]
    ended = play(*scripts, "--fail-fast", "--junit", tmp_path / "junit.xml")
    assert ended.code == 1
    assert [suite.attrib["skipped"] for suite in junit(tmp_path / "junit.xml")] == ["0", "0", "2"]
    assert "2.toml" not in ended.out


def test_scripts_are_listed_and_not_run(tmp_path):
    ended = play(*EXAMPLES, "--list", "--junit", tmp_path / "junit.xml")
    assert ended.code == 0, ended.err
    assert all(f"{path}: " in ended.out for path in EXAMPLES)
    assert "9 steps within 0:10:00 from 2026-03-20T14:00:00Z, martinique" in ended.out
    assert not (tmp_path / "junit.xml").exists()


def test_results_are_kept_and_hold_what_was_told(tmp_path):
    for _ in range(2):
        ended = play(COMMANDS, "--out", tmp_path)
        assert ended.code == 0, ended.err
        run = tmp_path / COMMANDS.stem
        power = duckdb.sql(f"select power_kw from '{run}/assets.parquet' where asset = 'bat_01' and time = '2026-03-20T14:01:13Z'")
        assert power.fetchall() == [(-20.0,)]
        taken = duckdb.sql(f"select detail from '{run}/events.parquet' where code = 'input_taken' order by time").fetchall()
        assert taken[0][0].endswith(', script "0"') and len(taken) == 4


def test_a_setting_of_the_command_line_wins(tmp_path):
    path = script(tmp_path, 'set = ["battery.bat_01.power_kw=10"]\n' + SET + EXPECT.replace("12.5 }", "10, tolerance = 0.1 }"))
    assert play(path).code == 0
    ended = play(path, "--set", "battery.bat_01.power_kw=11")
    assert ended.code == 1 and "saw 11.045" in ended.out


def test_an_interrupted_run_tells_what_was_looked_at(tmp_path):
    wait = '[[step]]\nwait = { of = "bat_01", what = "power_kw", is = -99 }\nwithin = "30m"\n'
    scripts = [script(tmp_path, SET + EXPECT + wait, name) for name in ["a.toml", "b.toml"]]
    process = start("test", *scripts, "--speed", "2", "--junit", tmp_path / "junit.xml", "--out", tmp_path / "out")
    lines = [process.stdout.readline() for _ in range(3)]
    process.send_signal(signal.SIGINT)
    ended = end(process)
    assert ended.code == 130, ended.err
    assert [line[2:6] for line in lines[1:]] == ["PASS", "PASS"], lines
    assert "SKIP" in ended.out and "interrupted" in ended.out
    root = junit(tmp_path / "junit.xml")
    assert [(suite.attrib["tests"], suite.attrib["skipped"]) for suite in root] == [("3", "1"), ("3", "3")]
    assert not list(tmp_path.glob("*.partial"))
    assert '"status": "interrupted"' in (tmp_path / "out" / "a" / "run.json").read_text(encoding="utf-8")


def test_a_reader_that_has_seen_enough_is_no_failure(tmp_path):
    process = start("test", script(tmp_path, SET + EXPECT))
    process.stdout.close()
    process.stdout = None
    ended = end(process)
    assert (ended.code, ended.err) == (0, "")


def test_on_the_wall_clock_a_broker_sees_the_script_and_its_clients_can_command(tmp_path):
    steps = (
        SET
        + EXPECT
        + '[[step]]\nname = "somebody else commands"\n'
        + 'wait = { of = "bat_02", what = "power_kw", is = 7.5 }\nwithin = "5m"\n'
    )
    path = script(tmp_path, steps)
    topic = "cariflex/commands/battery/bat_02/setpoint"
    with mosquitto(tmp_path) as broker, client(broker, "cariflex/#") as listener:
        process = start("test", path, "--speed", "10", "--mqtt", broker.url)
        lines = [process.stdout.readline() for _ in range(3)]
        # Nobody hears a command before the twin has subscribed.
        listener.wait(lambda: listener.of("cariflex/sensors/battery/bat_01/power"))
        listener.publish(topic, {"value": 7.5, "unit": "kW", "id": "a", "duration_s": 600})
        ended = end(process)
        assert ended.code == 0, "".join(lines) + ended.out + ended.err
        result = listener.wait(lambda: listener.of(f"{topic}/result"))
        assert [answer["status"] for answer in result] == ["accepted"]
        assert 12.5 in [reading["value"] for reading in listener.of("cariflex/sensors/battery/bat_01/power")]
