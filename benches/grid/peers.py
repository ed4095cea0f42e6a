"""Runs power-grid-model and lightsim2grid on the feeders and loads of the benchmark, and prints how many times longer they take.

    pip install power-grid-model lightsim2grid pandapower
    cargo bench -p cariflex-grid --bench grid -- --compare

`--compare` starts this script for each feeder, between two measurements of its own: peers.py FOLDER FEEDER MICROSECONDS
PHASES, with the files that the benchmark wrote. Both sides count the processor time of one thread, compute the voltages
of all nodes to 1e-8, and must agree; of each peer the fastest of its methods that reaches that counts.
"""

import json
import os
import statistics
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

ENOUGH_S = 1.5
LEAST_RUNS = 3
TOLERANCE = 1e-8


def median_us(work, steps):
    """Median of the processor time of one step, us."""
    times = []
    begun = time.process_time()
    while len(times) < LEAST_RUNS or time.process_time() - begun < ENOUGH_S:
        start = time.process_time()
        work()
        times.append((time.process_time() - start) / steps * 1e6)
    return statistics.median(times)


class Feeder:
    def __init__(self, folder, name, phases):
        read = lambda end: np.fromfile(os.path.join(folder, f"{name}.{end}"))
        with open(os.path.join(folder, f"{name}.json"), encoding="utf-8") as file:
            self.network = json.load(file)
        shape = (-1, len(self.network["loads"])) + ((3,) if phases == 3 else ())
        self.phases = phases
        self.p_w, self.q_var = read("p_w").reshape(shape), read("q_var").reshape(shape)
        self.steps = len(self.p_w)
        nodes = [node["id"] for node in self.network["nodes"]]
        self.place = {node: place for place, node in enumerate(nodes)}
        self.u_pu = read("u_pu").reshape((self.steps, len(nodes)) + ((3,) if phases == 3 else ()))


def power_grid_model(feeder):
    """Times of each method of power-grid-model, us per step."""
    from power_grid_model import CalculationMethod, ComponentType, DatasetType, LoadGenType, PowerGridModel, initialize_array

    network, nodes = feeder.network, len(feeder.place)
    node = initialize_array(DatasetType.input, ComponentType.node, nodes)
    node["id"] = np.arange(nodes)
    node["u_rated"] = [n["u_rated_v"] for n in network["nodes"]]
    lines = network["lines"]
    line = initialize_array(DatasetType.input, ComponentType.line, len(lines))
    line["id"] = nodes + np.arange(len(lines))
    line["from_node"] = [feeder.place[e["from_node"]] for e in lines]
    line["to_node"] = [feeder.place[e["to_node"]] for e in lines]
    line["from_status"] = line["to_status"] = 1
    for ours, theirs in [("r1_ohm", "r1"), ("x1_ohm", "x1"), ("c1_f", "c1"), ("r0_ohm", "r0"), ("x0_ohm", "x0"), ("c0_f", "c0")]:
        line[theirs] = [e[ours] for e in lines]
    line["tan1"] = line["tan0"] = 0
    line["i_n"] = [e["i_rated_a"] for e in lines]
    first_load = nodes + len(lines)
    symmetric = feeder.phases == 1
    kind = ComponentType.sym_load if symmetric else ComponentType.asym_load
    load = initialize_array(DatasetType.input, kind, len(network["loads"]))
    load["id"] = first_load + np.arange(len(load))
    load["node"] = [feeder.place[e["node"]] for e in network["loads"]]
    load["status"] = 1
    load["type"] = LoadGenType.const_power
    load["p_specified"], load["q_specified"] = feeder.p_w[0], feeder.q_var[0]
    (ours,) = network["sources"]
    source = initialize_array(DatasetType.input, ComponentType.source, 1)
    source["id"], source["node"], source["status"] = first_load + len(load), feeder.place[ours["node"]], 1
    source["u_ref"], source["sk"], source["rx_ratio"], source["z01_ratio"] = (
        ours[key] for key in ["u_ref_pu", "sk_va", "rx_ratio", "z01_ratio"]
    )
    model = PowerGridModel(
        {ComponentType.node: node, ComponentType.line: line, kind: load, ComponentType.source: source}
    )
    update = initialize_array(DatasetType.update, kind, feeder.p_w.shape[:2])
    update["id"] = load["id"]
    update["p_specified"], update["q_specified"] = feeder.p_w, feeder.q_var
    times = {}
    for method in [CalculationMethod.iterative_current, CalculationMethod.newton_raphson]:

        def solve():
            return model.calculate_power_flow(
                symmetric=symmetric,
                error_tolerance=TOLERANCE,
                max_iterations=50,
                calculation_method=method,
                update_data={kind: update},
                threading=-1,
                output_component_types=[ComponentType.node],
            )

        apart = np.abs(solve()[ComponentType.node]["u_pu"] - feeder.u_pu).max()
        assert apart < 1e-6, (method, apart)
        times[f"power-grid-model {method.name}"] = median_us(solve, feeder.steps), apart
    return times


def lightsim2grid(feeder):
    """Times of the solvers of lightsim2grid, us per step. It takes networks of pandapower."""
    import warnings

    warnings.simplefilter("ignore")
    import pandapower
    from lightsim2grid.algorithm import AlgorithmType
    from lightsim2grid.network import init_from_pandapower
    from lightsim2grid.timeSerie import TimeSeriesCPP

    network = feeder.network
    net = pandapower.create_empty_network(f_hz=50.0, sn_mva=1.0)
    for node in network["nodes"]:
        pandapower.create_bus(net, vn_kv=node["u_rated_v"] / 1e3)
    (source,) = network["sources"]
    # The ideal voltage is a node of its own behind the impedance, which pandapower's external grid does not have.
    at = feeder.place[source["node"]]
    u_v = network["nodes"][at]["u_rated_v"]
    ideal = pandapower.create_bus(net, vn_kv=u_v / 1e3)
    pandapower.create_gen(net, ideal, p_mw=0.0, vm_pu=source["u_ref_pu"], slack=True)
    z = u_v**2 / source["sk_va"]
    x = z / np.sqrt(1 + source["rx_ratio"] ** 2)

    def line(a, b, r, x, c_f):
        pandapower.create_line_from_parameters(
            net, a, b, length_km=1.0, r_ohm_per_km=r, x_ohm_per_km=x, c_nf_per_km=c_f * 1e9, max_i_ka=1.0
        )

    line(ideal, at, source["rx_ratio"] * x, x, 0.0)
    for e in network["lines"]:
        line(feeder.place[e["from_node"]], feeder.place[e["to_node"]], e["r1_ohm"], e["x1_ohm"], e["c1_f"])
    for e, p, q in zip(network["loads"], feeder.p_w[0], feeder.q_var[0]):
        pandapower.create_load(net, feeder.place[e["node"]], p_mw=p / 1e6, q_mvar=q / 1e6)
    pandapower.runpp(net, init="flat", numba=False)
    grid = init_from_pandapower(net)
    p_mw, q_mvar = feeder.p_w / 1e6, feeder.q_var / 1e6
    none = np.zeros((feeder.steps, len(net.gen)))
    start = np.ones(len(net.bus), dtype=complex)
    times = {}
    for name in ["NR_KLU", "NRSing_KLU"]:
        series = TimeSeriesCPP(grid)
        series.change_algorithm(getattr(AlgorithmType, name))

        def solve():
            status = series.compute_Vs(none, np.zeros((feeder.steps, 0)), p_mw, q_mvar, start, 20, TOLERANCE)
            assert status == 1, status

        solve()
        voltages = np.abs(series.get_voltages())[:, : len(feeder.place)]
        apart = np.abs(voltages - feeder.u_pu).max()
        assert apart < 1e-6, (name, apart)
        times[f"lightsim2grid {name}"] = median_us(solve, feeder.steps), apart
    return times


def main():
    folder, name, ours_us, phases = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
    feeder = Feeder(folder, name, phases)
    times = power_grid_model(feeder)
    if phases == 1:
        try:
            times |= lightsim2grid(feeder)
        except ImportError as error:
            print(f"    lightsim2grid is left out: {error}")
    for peer, (us, apart) in sorted(times.items(), key=lambda item: item[1][0]):
        print(f"    {peer:<38} {us:>10.2f} us, {us / ours_us:>6.1f} times ours; at most {apart:.0e} pu apart")


if __name__ == "__main__":
    main()
