"""Orders from outside as traders place them: over HTTP, over MQTT, and by the robot of the examples."""

import subprocess
import sys
from contextlib import contextmanager
from datetime import datetime, timedelta

import api
import pytest
from brokers import client, mosquitto
from cli import PATIENCE_S, ROOT, end, start
from live import reached, wait_until

HOURS = '{ trading = "continuous", every = "1h", at = "0s", lead = "1h", delivery = "1h", contracts = 12 }'
SETS = ("--set", "market.bidding=external", "--set", f"product.hours={HOURS}", "--set", "run.tick=1m")
NOON = ("--start", "2026-03-20T12:00:00-04:00")
PV, BAT = (f"/v1/participants/prosumer_{asset}/orders" for asset in ("pv_01", "bat_01"))


@pytest.fixture(scope="module")
def paused(tmp_path_factory):
    """A twin that stands still, and does a tick of a minute when it is told to."""
    with api.live(tmp_path_factory.mktemp("paused") / "place", *NOON, *SETS) as twin:
        twin.post("/v1/clock/pause")
        twin.step()
        yield twin


def product(twin, name: str) -> dict:
    """What the market shows of a product."""
    return next(product for product in twin.get("/v1/market")["products"] if product["name"] == name)


def do(twin, method: str, path: str, body=None, expect=200, id="", **options):
    """Something that the next tick takes, that tick, and what became of it."""
    body, options = (body | {"id": id}, options) if body else (None, {"params": options["params"] | {"id": id}})
    assert twin.send(method, path, body, expect=202, **options)["status"] == "queued"
    twin.step()
    return twin.send(method, path, body, expect=expect, **options)


def test_two_traders_meet_in_a_book_and_see_it(paused):
    delivery = product(paused, "hours")["contracts"][2]["delivery"]
    offer = {"product": "hours", "delivery": delivery, "side": "offer", "energy_kwh": 4, "limit_eur_per_mwh": 100.5}
    assert do(paused, "POST", PV, offer, id="a")["status"] == "accepted"
    book = product(paused, "hours")["contracts"][2]["book"]
    assert (book["best_bid_eur_per_mwh"], book["best_offer_eur_per_mwh"]) == (None, 100.5)
    assert book["offers"] == [{"price_eur_per_mwh": 100.5, "energy_kwh": 4}]
    [waiting] = paused.get(PV)["orders"]
    assert (waiting["energy_kwh"], waiting["filled_kwh"], waiting["is_external"]) == (4, 0, True)
    do(paused, "POST", BAT, offer | {"side": "bid", "energy_kwh": 1, "limit_eur_per_mwh": 200}, id="b")
    book = product(paused, "hours")["contracts"][2]["book"]
    assert (book["last_price_eur_per_mwh"], book["volume_kwh"]) == (100.5, 1)
    assert paused.get(PV)["orders"][0]["filled_kwh"] == 1
    assert [p["energy_kwh"] for p in paused.get(BAT)["positions"]] == [0.25] * 4
    told = paused.get("/v1/events?code=order_awarded&participant=prosumer_bat_01")["events"]
    assert told[-1]["detail"] == f"bid 1 kWh of hours for delivery from {delivery} at 100.5 EUR/MWh"
    which = {"product": "hours", "delivery": delivery}
    assert do(paused, "DELETE", PV, params=which, id="c")["status"] == "accepted"
    assert paused.get(PV)["orders"] == []
    refused = do(paused, "DELETE", PV, params=which, id="d", expect=409)
    assert "no order from outside waits" in refused["detail"]


def test_an_auction_clears_at_its_gate_and_shows_its_price(paused):
    spot = product(paused, "spot")
    assert (spot["trading"], spot["contracts"][0]["book"]) == ("auction", None)
    order = {"delivery": spot["contracts"][0]["delivery"], "energy_kwh": 0.7}
    do(paused, "POST", PV, order | {"side": "offer", "limit_eur_per_mwh": 80}, id="e")
    do(paused, "POST", BAT, order | {"side": "bid", "limit_eur_per_mwh": 120}, id="f")
    paused.step(15)
    cleared = product(paused, "spot")["clearings"][0]
    assert (cleared["delivery"], cleared["volume_kwh"]) == (order["delivery"], 0.7)
    assert 80 <= cleared["price_eur_per_mwh"] <= 120


def test_what_can_not_be_traded_is_refused_with_a_reason(paused):
    hours = product(paused, "hours")
    good = {"product": "hours", "side": "bid", "energy_kwh": 1, "limit_eur_per_mwh": 1}
    good["delivery"] = hours["contracts"][0]["delivery"]
    past = (datetime.fromisoformat(good["delivery"]) - timedelta(hours=9)).isoformat()
    for number, (change, says) in enumerate({
        ("product", "gas"): 'there is no product "gas": name one of spot, hours',
        ("delivery", past): "gate closed",
        ("delivery", good["delivery"].replace(":00:00", ":07:00")): "has no such contract: its next gate, at",
        ("delivery", "2999-12-31T00:00:00Z"): "does not trade the slot of",
        ("energy_kwh", 0.001): "order a multiple of 0.004 kWh",
    }.items()):
        refused = do(paused, "POST", PV, good | dict([change]), id=f"wrong {number}", expect=409)
        assert says in refused["detail"], refused
    for change, says in {
        ("energy_kwh", 0): "more than 0",
        ("energy_kwh", -3): "more than 0",
        ("energy_kwh", 1e10): "at most",
        ("energy_kwh", 0.00001): "three decimals",
        ("limit_eur_per_mwh", 1e12): "send one from",
        ("limit_eur_per_mwh", None): "missing",
        ("side", "buy"): "bid",
        ("delivery", "noon"): "no instant",
        ("volume", 3): "unknown field",
    }.items():
        refused = paused.send("POST", PV, good | dict([change]), expect=422)
        assert says in refused["detail"], refused
    wrong = paused.send("POST", "/v1/participants/bat_01/orders", good, expect=422)
    assert "name the prosumer of its site" in wrong["detail"]
    paused.send("GET", "/v1/participants/bat_01/orders", expect=404)
    paused.send("DELETE", PV, expect=400)
    paused.send("DELETE", PV + "?delivery=noon", expect=400)


@contextmanager
def on_a_broker(place, broker):
    """A live twin on the wall clock that speaks MQTT."""
    process = start("live", "--place", place, "--no-view", "--mqtt", broker.url, *NOON, *SETS, "--speed", "60")
    try:
        wait_until(lambda: reached(place) or process.poll() is not None)
        yield
        process.terminate()
    finally:
        said = end(process)
    assert said.code == 0, said.err


def test_orders_over_mqtt_are_answered_and_awards_published(tmp_path):
    order = {"product": "hours", "delivery": "2026-03-20T20:00:00-04:00", "limit_eur_per_mwh": 90, "energy_kwh": 2}
    topic = "cariflex/commands/prosumer/prosumer_{}/order".format
    with mosquitto(tmp_path) as broker, client(broker, "cariflex/market/#", "cariflex/commands/+/+/+/result") as listener:
        with on_a_broker(tmp_path / "place", broker):
            awards = lambda asset: listener.of(f"cariflex/market/prosumer_{asset}/award")
            answers = lambda asset: listener.of(topic(asset) + "/result")
            listener.publish(topic("pv_01"), order | {"side": "offer", "id": "a"})
            listener.wait(lambda: answers("pv_01"))
            listener.publish(topic("bat_01"), order | {"side": "bid", "id": "b"})
            listener.publish(topic("bat_01"), order | {"side": "bid", "id": "c", "product": "gas"})
            listener.publish(topic("bat_01"), order | {"side": "both", "id": "d"})
            listener.wait(lambda: len(answers("bat_01")) == 3 and awards("pv_01") and awards("bat_01"))
            assert answers("pv_01") == [{"id": "a", "status": "accepted"}]
            by_id = {answer["id"]: answer for answer in answers("bat_01")}
            assert by_id["b"]["status"] == "accepted" and "reason" not in by_id["b"]
            assert "name one of spot, hours" in by_id["c"]["reason"] and "`side`" in by_id["d"]["reason"]
            [award] = awards("bat_01")
            assert award.pop("time").endswith("-04:00")
            expected = {"product": "hours", "delivery": order["delivery"], "side": "bid", "energy_kwh": 2}
            assert award == expected | {"price_eur_per_mwh": 90}
            cancel = topic("pv_01").replace("/order", "/cancel_orders")
            listener.publish(cancel, {"product": "hours", "delivery": order["delivery"]})
            listener.wait(lambda: listener.of(cancel + "/result"))
            assert "no order from outside waits" in listener.of(cancel + "/result")[0]["reason"]


def test_the_robot_of_the_examples_sells_what_its_plant_produces(tmp_path):
    sets = ("--set", "pv.pv_01.bidding=external", "--set", "run.tick=1m", "--speed", "180")
    with api.live(tmp_path / "place", *NOON, *sets) as twin:
        robot = [sys.executable, "-W", "error", ROOT / "examples" / "trader.py", "--api", twin.base, "--gates", "4"]
        ended = subprocess.run([*robot, "--first-price", "60"], capture_output=True, text=True, timeout=PATIENCE_S)
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.count(" EUR/MWh: accepted") >= 3, ended.stdout
        told = twin.get("/v1/events?code=order_awarded&participant=prosumer_pv_01")["events"]
        assert told and told[0]["detail"].startswith("offer "), ended.stdout
