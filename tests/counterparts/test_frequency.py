"""The islanded system's frequency against `scipy.integrate.solve_ivp` on equations written anew from the fleet's file:
swing, governors with droop, lag, ramp and limits, batteries, damping, a cloud front, load shedding."""

import json
import subprocess

import numpy as np
import pytest
from cli import PATIENCE_S
from island import example, groups
from scipy.integrate import solve_ivp

F0 = 50.0


def play(**task):
    """The event as the library plays it."""
    ended = subprocess.run([example("island_frequency")], input=json.dumps(task), capture_output=True, text=True,
                           timeout=PATIENCE_S)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def defence(**changes):
    """The settings without relays, as TOML; `shedding` as a list of (below_hz, delay_s, share)."""
    lines = ['format = "cariflex-defence"', "version = 1", 'name = "test"', f"nominal_hz = {F0}",
             f"load_damping = {changes.get('load_damping', 1.5)}"]
    for below_hz, delay_s, share in changes.get("shedding", []):
        lines += ["[[shedding]]", f"below_hz = {below_hz}", f"delay_s = {delay_s}", f"share = {share}"]
    return "\n".join(lines)


class Model:
    """The equations, from the issue's text: units by name with set power, MW."""

    def __init__(self, powers, damping, load, pv=0.0):
        kinds = groups()
        self.names = sorted(powers)
        self.set = np.array([powers[name] for name in self.names])
        rows = [kinds[name if name in kinds else name[:-3]] for name in self.names]
        machine = [row.get("machine", {"inertia_s": 0, "rated_mva": 0}) for row in rows]
        self.kinetic = sum(m["inertia_s"] * m["rated_mva"] for m in machine)
        governor = [row.get("governor") for row in rows]
        self.gain = np.array([row["rated_mw"] / (g["droop"] * F0) if g else 0 for row, g in zip(rows, governor)])
        self.dead = np.array([g.get("deadband_hz", 0) if g else 0 for g in governor])
        self.lag = np.array([g["lag_s"] if g else 1 for g in governor])
        self.ramp = np.array([g["ramp_mw_per_s"] if g else 0 for g in governor])
        rated = np.array([row["rated_mw"] for row in rows])
        battery = np.array([row["technology"] == "battery" for row in rows])
        reserve = np.array([g["reserve_mw"] if g else 0 for g in governor])
        self.low = np.where(battery, -rated, 0.0)
        self.high = np.maximum(np.minimum(rated, self.set + reserve), self.set)
        self.damping, self.load, self.pv = damping, load, pv

    def slopes(self, time, state, load=None, pv=None):
        x, power = state[0], state[1:]
        beyond = np.sign(x) * np.maximum(np.abs(x) - self.dead, 0.0)
        target = np.clip(self.set - self.gain * beyond, self.low, self.high)
        change = np.clip((target - power) / self.lag, -self.ramp, self.ramp)
        load = self.load if load is None else load
        pv = self.pv if pv is None else pv(time)
        given = power.sum() + pv
        swing = F0 / (2 * self.kinetic) * (given - load) - load * self.damping / (2 * self.kinetic) * x
        return np.concatenate([[swing], change])

    def solve(self, until_s, state=None, begin_s=0.0, **given):
        state = np.concatenate([[0.0], self.set]) if state is None else state
        return solve_ivp(lambda t, y: self.slopes(t, y, **given), (begin_s, until_s), state, method="LSODA",
                         rtol=1e-9, atol=1e-10, max_step=0.01, dense_output=True)


def engines(first_mw=18.3, load_mw=170.0, count=12):
    rest = (load_mw - first_mw) / (count - 1)
    return {f"bellefontaine_diesel_{n:02}": first_mw if n == 1 else rest for n in range(1, count + 1)}


BATTERIES = {"novagrid_battery": 0.0, "akuo_battery": 0.0}
MIXED = {"galion_biomass": 30.0, "galion_turbine_01": 12.0, "fort_de_france_waste": 3.5} | BATTERIES


def deviations(event, until_ms):
    """Times in s and deviations in Hz of what was played."""
    rows = [(s["at_ms"] / 1000, s["frequency_hz"] - F0) for s in event["samples"] if s["at_ms"] <= until_ms]
    return np.array(rows).T


@pytest.mark.parametrize("others", [{}, BATTERIES, MIXED], ids=["engines", "batteries", "mixed"])
@pytest.mark.parametrize("tick_ms", [1_000, 60_000, 900_000])
def test_the_loss_of_an_engine_follows_the_reference(others, tick_ms):
    powers = engines() | others
    event = play(power_mw=powers, defence=defence(), tick_ms=tick_ms, for_ms=900_000,
                 disturbances=[{"at_ms": 0, "kind": "unit_lost", "name": "bellefontaine_diesel_01"}])
    left = {name: power for name, power in powers.items() if name != "bellefontaine_diesel_01"}
    model = Model(left, 1.5, sum(powers.values()))
    until_ms = min(60_000, event["at_ms"])
    times, found = deviations(event, until_ms)
    assert len(times) > 100
    expected = model.solve(until_ms / 1000).sol(times)[0]
    assert np.abs(found - expected).max() < 2e-4, "Hz"
    lost = powers["bellefontaine_diesel_01"]
    assert event["summary"]["steepest_hz_per_s"] == pytest.approx(-lost * F0 / (2 * model.kinetic), rel=1e-9)


def test_a_cloud_front_follows_the_reference():
    powers = engines(14.0) | BATTERIES
    event = play(power_mw=powers, pv_mw=50.0, defence=defence(), tick_ms=60_000, for_ms=120_000,
                 disturbances=[{"at_ms": 0, "kind": "pv_ramp", "to_mw": 15.0, "over_s": 25.0}])
    pv = lambda t: 50.0 - 35.0 * min(t / 25.0, 1.0)
    until_ms = min(60_000, event["at_ms"])
    times, found = deviations(event, until_ms)
    expected = Model(powers, 1.5, sum(powers.values()) + 50.0).solve(until_ms / 1000, pv=pv).sol(times)[0]
    assert np.abs(found - expected).max() < 2e-4


def test_load_shedding_follows_the_reference_piece_by_piece():
    """The instants at which stages fire are taken from the log and held against the thresholds; between them the
    equations are solved anew."""
    powers = engines()
    stages = [(48.8, 0.2, 0.1), (48.4, 0.2, 0.1), (48.0, 0.2, 0.1)]
    lost = [f"bellefontaine_diesel_{n:02}" for n in (1, 2, 3, 4)]
    event = play(power_mw=powers, defence=defence(shedding=stages), tick_ms=1_000, for_ms=120_000,
                 settings={"step_ms": 10, "record_ms": 10},
                 disturbances=[{"at_ms": 0, "kind": "unit_lost", "name": name} for name in lost])
    fired = [(entry["at_ms"], entry["what"]["shed"]["stage"]) for entry in event["log"] if "shed" in entry["what"]]
    assert fired, "stages fire"
    model = Model({n: p for n, p in powers.items() if n not in lost}, 1.5, sum(powers.values()))
    state, begin_s, share = None, 0.0, 0.0
    times, found = deviations(event, 30_000)
    for at_ms, stage in [*fired, (30_000, None)]:
        piece = model.solve(at_ms / 1000, state, begin_s, load=model.load * (1 - share))
        inside = (times >= begin_s) & (times < at_ms / 1000)
        assert np.abs(found[inside] - piece.sol(times[inside])[0]).max() < 5e-4
        if stage is not None:
            below_hz, delay_s, part = stages[stage]
            below = times[(times <= at_ms / 1000) & (found + F0 < below_hz)]
            assert at_ms / 1000 - below[0] == pytest.approx(delay_s, abs=0.011)
            share += part
        state, begin_s = piece.y[:, -1], at_ms / 1000
    assert event["summary"]["shed_mw"] == pytest.approx(share * model.load, rel=1e-9)
