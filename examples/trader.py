#!/usr/bin/env python3
"""A trading robot: sells what a solar plant produces, through the control API. Standard library only.

    cariflex live --api 127.0.0.1:8080 --set pv.pv_01.bidding=external
    python examples/trader.py --plant pv_01 --prosumer prosumer_pv_01

Before each gate it offers, for the first contract that is open, the plant's present power less what it has sold already.
It asks for the price of the last clearing and gives way by a tenth at each gate at which it sold nothing.
"""

import argparse
import json
import math
import time
import urllib.error
import urllib.request

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--api", default="http://127.0.0.1:8080")
parser.add_argument("--plant", default="pv_01", help="whose power is sold")
parser.add_argument("--prosumer", default="prosumer_pv_01", help="through whom it is sold")
parser.add_argument("--first-price", type=float, default=200.0, help="EUR/MWh, before anything was cleared")
parser.add_argument("--least-price", type=float, default=50.0, help="EUR/MWh")
parser.add_argument("--gates", type=float, default=math.inf, help="how many gates; without it, for ever")
options = parser.parse_args()
HOME = f"/v1/participants/{options.prosumer}/orders"


def ask(path: str, body: dict | None = None) -> dict:
    """What the twin answers; its reason where it refuses."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(options.api + path, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return {"status": "refused", "reason": json.load(error)["detail"]}


def offer(product: dict, price: float) -> bool:
    """Offers what the plant will produce in the next contract beyond what is sold; whether there was anything."""
    delivery, hours = product["contracts"][0]["delivery"], product["delivery_s"] / 3600
    standing = ask(HOME)
    position_kwh = sum(p["energy_kwh"] for p in standing["positions"] if p["start"] == delivery)
    reading = ask(f"/v1/participants/{options.plant}")["reading"]
    energy_kwh = round(-(reading["power_kw"] if reading else 0) * hours + position_kwh, 3)
    if energy_kwh <= 0:
        print(f"{delivery}: nothing to sell", flush=True)
        return False
    order = {"product": product["name"], "delivery": delivery, "side": "offer", "energy_kwh": energy_kwh}
    answer = ask(HOME, order | {"limit_eur_per_mwh": round(price, 2), "id": f"{options.prosumer} {delivery}"})
    print(f"{delivery}: offer {energy_kwh} kWh at {price:.2f} EUR/MWh: {answer['status']} {answer.get('reason') or ''}", flush=True)
    return True


gates, gate, price, offered, after = 0, None, options.first_price, False, ask("/v1/events?limit=1000")["next"]
while gates < options.gates:
    product = ask("/v1/market")["products"][0]
    if product["next_gate"] == gate:
        time.sleep(0.2)
        continue
    gate, gates = product["next_gate"], gates + 1
    news = ask(f"/v1/events?code=order_awarded&participant={options.prosumer}&after={after}")
    after = news["next"]
    for award in news["events"]:
        print(f"{award['time']}: {award['detail']}", flush=True)
    cleared = [clearing["price_eur_per_mwh"] for clearing in product["clearings"] if clearing["price_eur_per_mwh"]]
    if cleared:
        price = cleared[-1]
    if offered and not news["events"]:
        price *= 0.9
    price = max(price, options.least_price)
    offered = offer(product, price)
