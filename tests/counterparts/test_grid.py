"""Power flow against power-grid-model: random radial, meshed and three-phase networks, voltage by voltage."""

import json
import os
import random
import subprocess
from pathlib import Path

import numpy as np
import pytest
from cli import ROOT
from power_grid_model import (
    CalculationMethod,
    ComponentType,
    DatasetType,
    LoadGenType,
    PowerGridModel,
    WindingType,
    initialize_array,
)

STEPS = 3
NEAR_PU = 1e-8
# The tolerance of both programs.
TOLERANCE_PU = 1e-11
WINDINGS = {"delta": WindingType.delta, "wye": WindingType.wye, "wye_earthed": WindingType.wye_n}
KINDS = {
    "constant_power": LoadGenType.const_power,
    "constant_current": LoadGenType.const_current,
    "constant_impedance": LoadGenType.const_impedance,
}


def program() -> Path:
    """The example `power_flow` of the crate, which `cargo test` builds."""
    built = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "examples" / "power_flow"
    path = Path(os.environ.get("CARIFLEX_POWER_FLOW", built)).resolve()
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: build it with `cargo build -p cariflex-grid --example power_flow`")
    return path


def ours(folder, network, p_w, q_var, *options):
    """What the crate finds: a document for all steps."""
    (folder / "network.json").write_text(json.dumps(network), encoding="utf-8")
    loads = {"steps": STEPS, "p_w": np.ravel(p_w).tolist(), "q_var": np.ravel(q_var).tolist()}
    (folder / "loads.json").write_text(json.dumps(loads), encoding="utf-8")
    command = [program(), folder / "network.json", folder / "loads.json", "--tolerance", str(TOLERANCE_PU), *options]
    ended = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def line(draw, number, start, end, low):
    km = draw.uniform(0.02, 0.1) if low else draw.uniform(0.2, 3.0)
    r, x, c = (0.206, 0.0805, 0.0) if low else (0.162, 0.121, 2.73e-7)
    return {
        "id": f"line{number}",
        "from_node": start,
        "to_node": end,
        "r1_ohm": r * km,
        "x1_ohm": x * km,
        "c1_f": c * km,
        "r0_ohm": 4 * r * km,
        "x0_ohm": 3.5 * x * km,
        "c0_f": 0.6 * c * km,
        "i_rated_a": 270.0,
    }


def transformer(draw, number, start, end):
    clock, windings = draw.choice([(11, ("delta", "wye_earthed")), (5, ("delta", "wye_earthed")), (0, ("wye_earthed",) * 2)])
    side = draw.choice(["from", "to"])
    return {
        "id": f"transformer{number}",
        "from_node": start,
        "to_node": end,
        "u1_v": 20e3,
        "u2_v": 410.0,
        "sn_va": 250e3,
        "uk": 0.04,
        "pk_w": 3250.0,
        "i0": 0.01,
        "p0_w": 425.0,
        "clock": clock,
        "from_winding": windings[0],
        "to_winding": windings[1],
        "taps": {
            "side": side,
            "position": draw.randint(-2, 2),
            "lowest": -2,
            "highest": 2,
            "step_v": 500.0 if side == "from" else 5.0,
        },
    }


def network(draw, nodes, chords=0, second_source=False):
    """A tree at 20 kV, two trees at 400 V behind transformers, and chords at 20 kV."""
    medium = nodes // 2
    name = lambda index: f"node{index}"
    lines, transformers, first = [], [], {}
    levels = [20e3 if index < medium else 400.0 for index in range(nodes)]
    for index in range(1, nodes):
        low, tree = index >= medium, 0 if index < medium else 1 + (index - medium) % 2
        members = first.setdefault(tree, [0] if tree == 0 else [])
        if not members:
            transformers.append(transformer(draw, index, name(draw.randrange(medium)), name(index)))
        else:
            lines.append(line(draw, index, name(draw.choice(members)), name(index), low))
        members.append(index)
    for chord in range(chords):
        a, b = draw.sample(range(medium), 2)
        lines.append(line(draw, nodes + chord, name(a), name(b), False))
    # One line hangs on one end only.
    lines.append(line(draw, 10 * nodes, name(0), name(medium - 1), False) | {"to_closed": False})
    loads = []
    for index in range(1, nodes):
        for part in range(draw.choice([1, 1, 2])):
            kind = draw.choice(list(KINDS) + ["constant_power"] * 3)
            loads.append({"id": f"load{index}_{part}", "node": name(index), "p_w": 0, "q_var": 0, "kind": kind})
    source = {"id": "source0", "node": name(0), "u_ref_pu": 1.02, "sk_va": 2e8, "rx_ratio": 0.15, "z01_ratio": 1.4}
    sources = [source]
    if second_source:
        sources.append(source | {"id": "source1", "node": name(medium - 1), "u_ref_pu": 1.015, "u_angle_rad": 0.001})
    return {
        "format": "cariflex-network",
        "version": 1,
        "name": "random",
        "nodes": [{"id": name(index), "u_rated_v": level} for index, level in enumerate(levels)],
        "lines": lines,
        "transformers": transformers,
        "shunts": [{"id": "shunt", "node": name(1), "g1_s": 1e-6, "b1_s": 3e-4, "g0_s": 1e-7, "b0_s": 1e-5}],
        "loads": loads,
        "sources": sources,
    }


def powers(draw, data, phases):
    """Active and reactive powers by step and load, W and var; some homes give back."""
    levels = {node["id"]: node["u_rated_v"] for node in data["nodes"]}
    shape = (STEPS, len(data["loads"])) + ((3,) if phases == 3 else ())
    size = np.array([6e3 if levels[load["node"]] < 1e3 else 9e4 for load in data["loads"]])
    if phases == 3:
        size = size[:, None] / 3
    uniform = lambda low, high: np.array([draw.uniform(low, high) for _ in range(int(np.prod(shape)))]).reshape(shape)
    return uniform(-0.4, 1.0) * size, uniform(0.0, 0.3) * size


def theirs(data, p_w, q_var, phases):
    """The same network in power-grid-model: results by component."""
    place = {node["id"]: index for index, node in enumerate(data["nodes"])}
    count = len(place)

    def table(kind, elements, fields):
        nonlocal count
        array = initialize_array(DatasetType.input, kind, len(elements))
        array["id"] = count + np.arange(len(elements)) if kind != ComponentType.node else np.arange(len(elements))
        count += len(elements) if kind != ComponentType.node else 0
        for field, value in fields.items():
            array[field] = [value(element) if callable(value) else value for element in elements]
        return array

    get = lambda key: lambda element: element[key]
    at = lambda key: lambda element: place[element[key]]
    symmetric = phases == 1
    load_kind = ComponentType.sym_load if symmetric else ComponentType.asym_load
    tap = lambda key: lambda element: element["taps"][key]
    data_in = {
        ComponentType.node: table(ComponentType.node, data["nodes"], {"u_rated": get("u_rated_v")}),
        ComponentType.line: table(
            ComponentType.line,
            data["lines"],
            {
                "from_node": at("from_node"),
                "to_node": at("to_node"),
                "from_status": lambda e: e.get("from_closed", True),
                "to_status": lambda e: e.get("to_closed", True),
                "tan1": 0.0,
                "tan0": 0.0,
                "i_n": get("i_rated_a"),
            }
            | {their: get(our) for their, our in [("r1", "r1_ohm"), ("x1", "x1_ohm"), ("c1", "c1_f")]}
            | {their: get(our) for their, our in [("r0", "r0_ohm"), ("x0", "x0_ohm"), ("c0", "c0_f")]},
        ),
        ComponentType.transformer: table(
            ComponentType.transformer,
            data["transformers"],
            {
                "from_node": at("from_node"),
                "to_node": at("to_node"),
                "from_status": 1,
                "to_status": 1,
                "u1": get("u1_v"),
                "u2": get("u2_v"),
                "sn": get("sn_va"),
                "uk": get("uk"),
                "pk": get("pk_w"),
                "i0": get("i0"),
                "p0": get("p0_w"),
                "winding_from": lambda e: WINDINGS[e["from_winding"]],
                "winding_to": lambda e: WINDINGS[e["to_winding"]],
                "clock": get("clock"),
                "tap_side": lambda e: ["from", "to"].index(e["taps"]["side"]),
                "tap_pos": tap("position"),
                "tap_min": tap("lowest"),
                "tap_max": tap("highest"),
                "tap_nom": 0,
                "tap_size": tap("step_v"),
            },
        ),
        ComponentType.shunt: table(
            ComponentType.shunt,
            data["shunts"],
            {"node": at("node"), "status": 1, "g1": get("g1_s"), "b1": get("b1_s"), "g0": get("g0_s"), "b0": get("b0_s")},
        ),
        ComponentType.source: table(
            ComponentType.source,
            data["sources"],
            {
                "node": at("node"),
                "status": 1,
                "u_ref": get("u_ref_pu"),
                "u_ref_angle": lambda e: e.get("u_angle_rad", 0.0),
                "sk": get("sk_va"),
                "rx_ratio": get("rx_ratio"),
                "z01_ratio": get("z01_ratio"),
            },
        ),
        load_kind: table(
            load_kind, data["loads"], {"node": at("node"), "status": 1, "type": lambda e: KINDS[e["kind"]]}
        ),
    }
    loads = data_in[load_kind]
    loads["p_specified"], loads["q_specified"] = p_w[0], q_var[0]
    update = initialize_array(DatasetType.update, load_kind, p_w.shape[:2])
    update["id"], update["p_specified"], update["q_specified"] = loads["id"], p_w, q_var
    return PowerGridModel(data_in).calculate_power_flow(
        symmetric=symmetric,
        error_tolerance=TOLERANCE_PU,
        max_iterations=50,
        calculation_method=CalculationMethod.newton_raphson,
        update_data={load_kind: update},
    )


def compare(found, expected, phases):
    """Voltages, flows, losses and sources of each step."""
    by_phase = lambda array: array[..., None] if phases == 1 else array
    node = expected[ComponentType.node]
    complex_u = by_phase(node["u_pu"]) * np.exp(1j * by_phase(node["u_angle"]))
    for step, result in enumerate(found["steps"]):
        assert result["converged"], step
        u = np.array(result["u_pu"]) * np.exp(1j * np.array(result["u_angle_rad"]))
        assert np.abs(u - complex_u[step]).max() < NEAR_PU
        losses = 0.0
        for name, kind in [("lines", ComponentType.line), ("transformers", ComponentType.transformer)]:
            branch = expected[kind][step]
            columns = [by_phase(branch[key]) for key in ["p_from", "q_from", "p_to", "q_to"]]
            theirs_w = np.stack(columns, axis=-1)
            size = max(1.0, np.abs(theirs_w).max())
            assert np.abs(np.array(result[name]) - theirs_w).max() < 1e-6 * size
            losses += theirs_w[..., [0, 2]].sum()
            loading = np.array(result[name[:-1] + "_loading"])
            assert np.abs(loading - branch["loading"]).max() < 1e-6
        assert abs(result["losses_w"] - losses) < 1e-6 * losses
        source = expected[ComponentType.source][step]
        given = np.stack([by_phase(source["p"]), by_phase(source["q"])], axis=-1)
        assert np.abs(np.array(result["sources"]) - given).max() < 1e-6 * np.abs(given).max()


@pytest.mark.parametrize("phases", [1, 3])
@pytest.mark.parametrize("seed", range(12))
def test_random_radial_networks_have_the_voltages_of_power_grid_model(tmp_path, seed, phases):
    draw = random.Random(seed)
    data = network(draw, draw.choice([10, 40, 120]))
    p_w, q_var = powers(draw, data, phases)
    found = ours(tmp_path, data, p_w, q_var, *(["--three"] if phases == 3 else []))
    assert found["method"] == "sweep"
    compare(found, theirs(data, p_w, q_var, phases), phases)


@pytest.mark.parametrize("phases", [1, 3])
@pytest.mark.parametrize("seed", range(12))
def test_random_meshed_networks_have_the_voltages_of_power_grid_model(tmp_path, seed, phases):
    draw = random.Random(1000 + seed)
    data = network(draw, draw.choice([12, 40, 120]), chords=draw.randint(1, 6), second_source=seed % 2 == 1)
    p_w, q_var = powers(draw, data, phases)
    found = ours(tmp_path, data, p_w, q_var, *(["--three"] if phases == 3 else []))
    assert found["method"] == "current_injection"
    compare(found, theirs(data, p_w, q_var, phases), phases)


@pytest.mark.parametrize("method", ["current_injection", "newton"])
def test_the_other_methods_have_them_too(tmp_path, method):
    draw = random.Random(7)
    data = network(draw, 40)
    p_w, q_var = powers(draw, data, 3)
    compare(ours(tmp_path, data, p_w, q_var, "--three", "--method", method), theirs(data, p_w, q_var, 3), 3)
