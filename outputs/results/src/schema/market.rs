//! The columns of the tables of markets and bills.

use super::tables::{COMPLETE, PAID, SLOT_END, SLOT_START, column};
use super::{ColumnType, Table};
use ColumnType::{Flag, Integer, Name, Number, Real, Text, Time};

/// One row per order.
pub const ORDERS: Table = Table {
    name: "orders",
    rows: "One row per order the market operator took, as it stood when it was cleared. Energies are those of the whole contract.",
    hourly: COMPLETE,
    columns: &[
        column("time", Time, "", "When it was taken"),
        column("product", Name, "", "What is traded: `spot` for the very next slots, else a product of the scenario"),
        SLOT_START,
        SLOT_END,
        column("order_id", Number, "", "The order's number, unique within product, slot and clearing"),
        column("participant", Name, "", "Whose order it is"),
        column("side", Name, "", "`bid` buys, `offer` sells"),
        column("energy_wh", Integer, "Wh", "Energy asked or offered, positive on both sides"),
        column("limit_ueur_per_kwh", Integer, "µEUR/kWh", "Limit price; 1,000 µEUR/kWh are 1 EUR/MWh")
            .sign("− the seller pays"),
        column(
            "quality",
            Integer,
            "",
            "Level of quality that is offered, or bid for at least: 0 grey, 1 green or local, 2 green and local",
        ),
        column("premium_percent", Real, "%", "What a bid adds to its limit where the mechanism is one with `premium`"),
        column("filled_wh", Integer, "Wh", "How much of it was filled"),
    ],
};

/// One row per trade.
pub const TRADES: Table = Table {
    name: "trades",
    rows: "One row per trade between two participants; with `market.backstop` one of them may be the retailer. \
           Also for delivery after the end of the run: key figures count only what is delivered within it.",
    hourly: COMPLETE,
    columns: &[
        column("time", Time, "", "When it was cleared"),
        column("product", Name, "", "What is traded: `spot` for the very next slots, else a product of the scenario"),
        SLOT_START,
        SLOT_END,
        column("buyer", Name, "", "Who buys"),
        column("seller", Name, "", "Who sells"),
        column("energy_wh", Integer, "Wh", "Energy traded"),
        column("price_ueur_per_kwh", Integer, "µEUR/kWh", "Price of this trade: what the seller receives")
            .sign("− the seller pays"),
        column(
            "fee_ueur_per_kwh",
            Integer,
            "µEUR/kWh",
            "What the grid takes, paid by the buyer on top: fees, and congestion rent where boundaries have limits; 0 without \
             areas",
        ),
    ],
};

/// One row per clearing.
pub const CLEARINGS: Table = Table {
    name: "clearings",
    rows: "One row per clearing of the market, also for delivery after the end of the run.",
    hourly: COMPLETE,
    columns: &[
        column("time", Time, "", "When it was cleared"),
        column("product", Name, "", "What is traded: `spot` for the very next slots, else a product of the scenario"),
        SLOT_START,
        SLOT_END,
        column(
            "price_ueur_per_kwh",
            Integer,
            "µEUR/kWh",
            "The uniform price; null when nothing was traded, each trade has a price of its own, or each area (table `areas`)",
        )
        .sign("− sellers pay")
        .or_null(),
        column("volume_wh", Integer, "Wh", "Energy traded"),
        column("demand_wh", Integer, "Wh", "Energy asked by all bids, those of a retailer behind the book included"),
        column("supply_wh", Integer, "Wh", "Energy offered by all offers, those of such a retailer included"),
        column("value_neur", Integer, "nEUR", "What sellers receive; buyers pay that and the fees").sign("− sellers pay"),
        column(
            "welfare_neur",
            Integer,
            "nEUR",
            "What the trades are worth to buyers and sellers: limit of the bid less limit of the offer, times energy, less the \
             fees",
        ),
        column("fees_neur", Integer, "nEUR", "Grid fees between areas, congestion rents included; 0 without areas"),
    ],
};

/// One row per clearing and area.
pub const AREAS: Table = Table {
    name: "areas",
    rows: "One row per clearing and area of the market (`[area.NAME]`), in the order of their names. \"Within\" counts an area and \
           all areas inside it. Empty without areas.",
    hourly: COMPLETE,
    columns: &[
        column("time", Time, "", "When it was cleared"),
        column("product", Name, "", "What is traded: `spot` for the very next slots, else a product of the scenario"),
        SLOT_START,
        SLOT_END,
        column("area", Name, "", "The area"),
        column(
            "price_ueur_per_kwh",
            Integer,
            "µEUR/kWh",
            "The uniform price of the orders that met at this level, before the fees of either side; null when none met, or \
             each trade has a price of its own. Where boundaries have limits the area's locational price, which its buyers \
             pay and its sellers receive; null when nothing was bought or sold within it",
        )
        .sign("− sellers pay")
        .or_null(),
        column(
            "volume_wh",
            Integer,
            "Wh",
            "Energy that met at this level; over all areas the volume of the clearing. With fees between pairs of areas, energy \
             that met inside the area",
        ),
        column("demand_wh", Integer, "Wh", "Energy that bids within it asked for"),
        column("bought_wh", Integer, "Wh", "Energy bought by bids within it"),
        column("sold_wh", Integer, "Wh", "Energy sold by offers within it"),
        column("local_wh", Integer, "Wh", "Energy bought within it from offers within it"),
        column(
            "fees_neur",
            Integer,
            "nEUR",
            "Grid fees collected on its boundary, and congestion rent where boundaries have limits; with fees between pairs of areas, of energy delivered to it. Over all areas \
             the fees of the clearing, which are what buyers pay less what sellers receive",
        ),
        column("local_share", Real, "", "`local_wh / bought_wh`; null where nothing was bought").or_null(),
    ],
};

/// One row per site and local day.
pub const SETTLEMENTS: Table = Table {
    name: "settlements",
    rows: "One row per site and local day with anything to settle, over the slots that begin in that day. Amounts are exact: 1 nEUR is 1 Wh at 1 µEUR/kWh, 1e9 nEUR are 1 EUR, and \
           `traded_neur + residual_neur + balancing_neur + grid_fee_neur + levy_neur = total_neur`.",
    hourly: COMPLETE,
    columns: &[
        column("time", Time, "", "Beginning of the first slot settled"),
        column("end_time", Time, "", "End of the last slot settled"),
        column("site", Name, "", "The site"),
        column("metered_import_wh", Integer, "Wh", "Energy the meter saw coming in"),
        column("metered_export_wh", Integer, "Wh", "Energy the meter saw going out, positive"),
        column("bought_wh", Integer, "Wh", "Energy bought in the market, or taken under contracts"),
        column("sold_wh", Integer, "Wh", "Energy sold in the market, or given under contracts, positive"),
        column("residual_import_wh", Integer, "Wh", "Energy bought from the retailer"),
        column("residual_export_wh", Integer, "Wh", "Energy sold to the retailer, positive"),
        column("shortage_wh", Integer, "Wh", "Energy short against what was traded, at the imbalance price"),
        column("surplus_wh", Integer, "Wh", "Energy too much against what was traded, at the imbalance price"),
        column("traded_neur", Integer, "nEUR", "Paid in the market, grid fees between its areas included").sign(PAID),
        column("residual_neur", Integer, "nEUR", "Paid to the retailer").sign(PAID),
        column("balancing_neur", Integer, "nEUR", "Paid for shortage and surplus").sign(PAID),
        column("grid_fee_neur", Integer, "nEUR", "Paid to the network operator").sign(PAID),
        column("levy_neur", Integer, "nEUR", "Paid to the state").sign(PAID),
        column("total_neur", Integer, "nEUR", "The bill").sign(PAID),
        column("retailer_only_neur", Integer, "nEUR", "What the bill would be without any trade").sign(PAID),
    ],
};

/// One row per site, local month and line.
pub const INVOICES: Table = Table {
    name: "invoices",
    rows: "One row per site, local month and line, made with the first slot that is settled after the month; what is open when the run ends is invoiced then, when it is interrupted not at all. Amounts are exact, and a site's lines sum up to what it pays: the `total_neur` of its settlements in the slots between `time` and `end_time`, standing charges, contracts and taxes.",
    hourly: COMPLETE,
    columns: &[
        column("time", Time, "", "Beginning of the first slot invoiced"),
        column("end_time", Time, "", "End of the last slot invoiced"),
        column("site", Name, "", "The site"),
        column("month", Text, "", "The local month, such as `2026-03`"),
        column(
            "is_partial",
            Flag,
            "",
            "Whether the month has slots that are not on the invoice, because the run began later or ended earlier",
        ),
        column(
            "line",
            Name,
            "",
            "What for: `energy` traded in the market, `community` energy shared after the fact, `retail`, `balancing`, `grid-fee`, `levy`, `standing` charge, `contract`",
        ),
        column(
            "side",
            Name,
            "",
            "`owed` for what the site takes or is charged, `due` for what it gives or is credited",
        ),
        column(
            "quantity_wh",
            Integer,
            "Wh",
            "Energy taken or given, or the base of the charge; positive on both sides",
        ),
        column(
            "mean_price_ueur_per_kwh",
            Integer,
            "µEUR/kWh",
            "Mean price of that, to the nearest; null without energy",
        )
        .sign("of side `owed` + the site pays, of side `due` + it is paid")
        .or_null(),
        column("net_neur", Integer, "nEUR", "The line before tax").sign(PAID),
        column("tax_neur", Integer, "nEUR", "The tax on it; only what is owed is taxed").sign(PAID),
        column("total_neur", Integer, "nEUR", "The line with tax").sign(PAID),
    ],
};

/// One row per rule and local day.
pub const COMPARISONS: Table = Table {
    name: "comparisons",
    rows: "One row per rule of `market.compare` and local day, the settlement itself first: what the same meters and the same orders come to under it, for all sites that take part in the market. Mechanisms clear the orders of auctions; continuous trades stay as they were. Nobody behaves otherwise: what devices did follows the rule in force. Under an ex-post price all that flows counts as bought and sold. Empty without such rules.",
    hourly: COMPLETE,
    columns: &[
        column("time", Time, "", "Beginning of the first slot"),
        column("end_time", Time, "", "End of the last slot"),
        column("rule", Name, "", "The rule, as the scenario names it; `settled` for the settlement itself"),
        column("volume_wh", Integer, "Wh", "Energy traded, or shared"),
        column("value_neur", Integer, "nEUR", "What sellers received for it").sign("− sellers pay"),
        column(
            "welfare_neur",
            Integer,
            "nEUR",
            "What trades are worth: limit of the bid less limit of the offer, times energy, less the fees; null without orders",
        )
        .or_null(),
        column("import_wh", Integer, "Wh", "Energy that all meters saw coming in"),
        column("export_wh", Integer, "Wh", "Energy that all meters saw going out, positive"),
        column("local_wh", Integer, "Wh", "The part of it that went from one to the other as traded"),
        column("peak_wh", Integer, "Wh", "Highest import beyond that in a slot"),
        column("cost_neur", Integer, "nEUR", "What all sites pay together").sign("+ they pay, − they are paid"),
        column("fees_neur", Integer, "nEUR", "Grid fees between the market's areas, which are part of that"),
    ],
};

/// One row per rule, site and local day.
pub const COMPARED_BILLS: Table = Table {
    name: "compared_bills",
    rows: "One row per rule of `market.compare`, site that takes part in the market, and local day: its bill under that rule. Empty without such rules.",
    hourly: COMPLETE,
    columns: &[
        column("time", Time, "", "Beginning of the first slot"),
        column("end_time", Time, "", "End of the last slot"),
        column("rule", Name, "", "The rule, as the scenario names it; `settled` for the settlement itself"),
        column("site", Name, "", "The site"),
        column("total_neur", Integer, "nEUR", "The bill").sign(PAID),
    ],
};
