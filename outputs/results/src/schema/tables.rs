//! The data: every table in its order, and the columns of those of readings, devices and happenings.

use super::market::{AREAS, CLEARINGS, COMPARED_BILLS, COMPARISONS, INVOICES, ORDERS, SETTLEMENTS, TRADES};
use super::plans::{FORECAST_SCORES, FORECASTS, PLAN_DAYS, PLAN_SLOTS, PLANS, SCHEDULES};
use super::{Column, ColumnType, Table};
use ColumnType::{Flag, Integer, Name, Number, Real, Text, Time};

/// Every table, in the order of the documentation.
pub const TABLES: [&Table; 27] = [
    &ASSETS,
    &SITES,
    &SIGNALS,
    &SUPPLY,
    &MIRROR,
    &FAULTS,
    &ORDERS,
    &TRADES,
    &CLEARINGS,
    &AREAS,
    &SETTLEMENTS,
    &INVOICES,
    &COMPARISONS,
    &COMPARED_BILLS,
    &RESERVE,
    &SESSIONS,
    &STORAGE_HEALTH,
    &FLEXIBILITY,
    &PLANS,
    &SCHEDULES,
    &FORECASTS,
    &PLAN_SLOTS,
    &PLAN_DAYS,
    &FORECAST_SCORES,
    &EVENTS,
    &PARTICIPANTS,
    &KPIS,
];

pub(super) const COMPLETE: &str = "every row";
pub(super) const CONSUMED: &str = "+ consumption, − production";
const DRAWN: &str = "+ drawn from the network as by an inductor, − given to it";
pub(super) const IMPORTED: &str = "+ import, − export";
const MOVED: &str = "− less consumption or more production, + the other way";
pub(super) const PAID: &str = "+ the site pays, − it is paid";

pub(super) const fn column(
    name: &'static str,
    ty: ColumnType,
    unit: &'static str,
    description: &'static str,
) -> Column {
    Column { name, ty, nullable: false, unit, sign: "", description }
}

impl Column {
    pub(super) const fn or_null(mut self) -> Self {
        self.nullable = true;
        self
    }

    pub(super) const fn sign(mut self, sign: &'static str) -> Self {
        self.sign = sign;
        self
    }
}

const INTERVAL_START: Column = column(
    "time",
    Time,
    "",
    "First instant of the interval; it lasts until the next `time` of the table, the last one until `reached` in run.json",
);
pub(super) const SLOT_START: Column = column("slot_start", Time, "", "First instant of the delivery slot");
pub(super) const SLOT_END: Column = column("slot_end", Time, "", "First instant after the delivery slot");

/// One row per asset and interval.
pub const ASSETS: Table = Table {
    name: "assets",
    rows: "One row per asset and interval, by time, then in the order of the assets' names.",
    hourly: "one row per asset and hour (an interval belongs to the hour of UTC in which it starts): time-weighted mean \
             of `power_kw`, and of `setpoint_kw` and `reactive_kvar` over the intervals that had one; last `energy_kwh` \
             and `state`",
    columns: &[
        INTERVAL_START,
        column("asset", Name, "", "The asset's name"),
        column("kind", Name, "", "`pv`, `battery`, `evse`, `ev` or `load`"),
        column(
            "power_kw",
            Real,
            "kW",
            "Mean power over the interval, to 1 W; of an `ev` at the vehicle's inlet, already contained in the power of \
             its charge point, so leave `ev` out of sums",
        )
        .sign(CONSUMED),
        column("setpoint_kw", Real, "kW", "Mean of the power asked for; null while no setpoint was in force")
            .sign(CONSUMED)
            .or_null(),
        column("energy_kwh", Real, "kWh", "Energy stored at the end of the interval, to 1 Wh; null for assets that do not store")
            .or_null(),
        column(
            "state",
            Name,
            "",
            "What it was doing at the end: `idle`, `charging`, `discharging`, `producing`, `curtailed`, `derated`, \
             `consuming`, `limited`, `parked`, `driving` or `faulted`; `curtailed` under a limit or because frequency or voltage \
             asked for it, `derated` because the inverter was too hot, both at any time in the interval; a charge point \
             without power is `available`, or with a vehicle in its plug `suspended_evse` if it offers nothing and \
             `suspended_ev` if the vehicle takes nothing of what is offered; `faulted` where a fault keeps it from doing what \
             it is for",
        ),
        column(
            "reactive_kvar",
            Real,
            "kvar",
            "Mean reactive power over the interval, to 1 var; null for assets that do not control it",
        )
        .sign(DRAWN)
        .or_null(),
    ],
};

/// One row per site and interval.
pub const SITES: Table = Table {
    name: "sites",
    rows: "One row per site and interval, by time, then in the order of the sites' names. Communes and portfolios of the \
           sites are in the table `participants`.",
    hourly: "one row per site and hour: time-weighted means of `power_kw` and `imbalance_kw`, sums of the energies",
    columns: &[
        INTERVAL_START,
        column("site", Name, "", "The site's name"),
        column("power_kw", Real, "kW", "Mean net power at the meter over the interval, to 1 W").sign(IMPORTED),
        column("import_kwh", Real, "kWh", "Energy imported in the interval, to 1 Wh"),
        column("export_kwh", Real, "kWh", "Energy exported in the interval, positive, to 1 Wh"),
        column(
            "imbalance_kw",
            Real,
            "kW",
            "Phase imbalance, to 1 W: what the phase with the highest net power takes more than the one with the lowest, \
             from the mean power of each asset on each phase; 0 when balanced",
        ),
    ],
};

/// One row per signal and interval.
pub const SIGNALS: Table = Table {
    name: "signals",
    rows: "One row per signal in force and interval: weather, prices and requests of the DSO, the same for everybody.",
    hourly: "one row per signal and hour: time-weighted mean",
    columns: &[
        INTERVAL_START,
        column(
            "signal",
            Name,
            "",
            "`irradiance`, `temperature`, `wind_speed`, `consumption_price`, `production_price`, `load_control_signal`, \
             `demand_response_signal`, `co2_intensity` or `reserve_activation_signal`",
        ),
        column(
            "value",
            Real,
            "as the column `unit` says",
            "Mean over the interval of weather, value in force of the others",
        ),
        column("unit", Name, "", "Unit of `value`: `W/m2`, `°C`, `m/s`, `EUR/MWh`, `%`, `level` or `g/kWh`"),
    ],
};

/// One row per source and market slot.
pub const SUPPLY: Table = Table {
    name: "supply",
    rows: "One row per source of the island's supply and market slot that has ended, by time, then in the order of the words \
           below; none in scenarios without `[supply]`. The powers of a slot add up to that of all sites with its sign \
           turned. Worked out after the fact: no participant sees it.",
    hourly: "one row per source and hour: time-weighted means, sums of `fuel_kg` and `co2_kg`",
    columns: &[
        column("time", Time, "", "First instant of the market slot, however long a tick is"),
        column(
            "source",
            Name,
            "",
            "`biomass`, `wind`, `pv` (that stands on the island besides the plants of the scenario), `engines`, `turbines`, \
             `unserved` (what nobody could give) or `surplus` (what sites export and nobody takes, positive)",
        ),
        column("power_kw", Real, "kW", "Mean power over the slot, to 1 W").sign(CONSUMED),
        column(
            "curtailed_kw",
            Real,
            "kW",
            "Mean power over the slot that it could have given besides, positive, to 1 W",
        ),
        column(
            "units_online",
            Real,
            "",
            "Units running, mean over the slot; null for sources that are not made of units",
        )
        .or_null(),
        column("fuel_kg", Real, "kg", "Fuel burnt in the slot, to 1 g; null for sources whose fuel is not counted")
            .or_null(),
        column(
            "co2_kg",
            Real,
            "kg",
            "CO2 of that fuel when it is burnt, to 1 g; without what came before, unlike the signal `co2_intensity`",
        )
        .or_null(),
    ],
};

/// One row per mirrored asset and interval.
pub const MIRROR: Table = Table {
    name: "mirror",
    rows: "One row per mirrored asset and interval, by time, then in the order of the assets' names; none while readings come \
           from nowhere. What the field said is what flows: `power_kw` of `assets` is `field_power_kw` as long as there is one.",
    hourly: "one row per asset and hour in which it was mirrored: time-weighted means of `model_power_kw`, and of \
             `field_power_kw` and `residual_kw` over the intervals that had one; last `field_energy_kwh`, sum of \
             `energy_residual_kwh`, highest `staleness_s`; `is_stale` if it was so at any time",
    columns: &[
        INTERVAL_START,
        column("asset", Name, "", "The asset's name"),
        column(
            "field_power_kw",
            Real,
            "kW",
            "Power last read in the field, which held throughout the interval, to 1 W; null while no reading holds",
        )
        .sign(CONSUMED)
        .or_null(),
        column(
            "model_power_kw",
            Real,
            "kW",
            "Mean power of the model over the interval, from the mirrored state at its beginning, under the commands in \
             force, to 1 W",
        )
        .sign(CONSUMED),
        column("residual_kw", Real, "kW", "`field_power_kw` less `model_power_kw`, to 1 W; null while no reading holds")
            .sign("+ the field takes more, or gives less")
            .or_null(),
        column(
            "field_energy_kwh",
            Real,
            "kWh",
            "Stored energy as it was read in the field, to 1 Wh; null where none was taken on in the interval",
        )
        .or_null(),
        column(
            "energy_residual_kwh",
            Real,
            "kWh",
            "That energy, within the capacity, less what the mirrored store was expected to hold at that instant, to 1 Wh; \
             null where none was taken on",
        )
        .sign("+ the field holds more")
        .or_null(),
        column(
            "staleness_s",
            Real,
            "s",
            "Age of the last sound reading, of whatever quantity, at the end of the interval, to 1 ms",
        ),
        column("is_stale", Flag, "", "Whether the field had fallen silent, so that the model carried on by itself"),
    ],
};

/// One row per faulty asset and interval.
pub const FAULTS: Table = Table {
    name: "faults",
    rows: "One row per asset with a fault and interval, by time, then in the order of the assets' names; none while nothing is \
           wrong. What it showed to others stands beside what was so, which is that of `assets`. scenarios/FAULTS.md says what \
           each fault does.",
    hourly: "one row per asset and hour in which it had a fault, over the intervals in which it had one: every fault of \
             them, time-weighted means of `power_kw`, and of `shown_power_kw` over those that showed one; last \
             `shown_energy_kwh`, `shown_state`, `energy_kwh` and `clock_error_s`; `is_shown` and `is_link_down` if it was so \
             at any time, highest `link_delay_s` and `link_loss_share`",
    columns: &[
        INTERVAL_START,
        column("asset", Name, "", "The asset's name"),
        column(
            "faults",
            Text,
            "",
            "The faults it had at the end of the interval or within it, by name, with commas between",
        ),
        column("is_shown", Flag, "", "Whether it showed anything"),
        column("shown_power_kw", Real, "kW", "Mean power that it showed, to 1 W; null where it showed nothing")
            .sign(CONSUMED)
            .or_null(),
        column(
            "shown_energy_kwh",
            Real,
            "kWh",
            "Stored energy that it showed, to 1 Wh; null where it showed nothing, and for what does not store",
        )
        .or_null(),
        column("shown_state", Name, "", "The state that it showed; null where it showed nothing").or_null(),
        column("power_kw", Real, "kW", "Mean power over the interval, as in `assets`").sign(CONSUMED),
        column("energy_kwh", Real, "kWh", "Stored energy, as in `assets`; null for what does not store").or_null(),
        column("clock_error_s", Real, "s", "By how much its clock was wrong at the end of the interval, to 1 ms")
            .sign("+ ahead of the twin's, − behind"),
        column("is_link_down", Flag, "", "Whether nothing passed between it and others"),
        column("link_delay_s", Real, "s", "By how much what passed was late"),
        column("link_loss_share", Real, "", "Share of the messages that were lost"),
    ],
};

/// One row per offer of reserve.
pub const RESERVE: Table = Table {
    name: "reserve",
    rows: "One row per offer of reserve, accepted or not, written when its window is over; by window, then as offered. Energy is delivered against the plan that was told when the slot began, and counted up to what was called. The totals of a window are what the operator pays. Empty without `[reserve]`.",
    hourly: COMPLETE,
    columns: &[
        column("time", Time, "", "When it was settled"),
        column("window_start", Time, "", "First instant of the window"),
        column("window_end", Time, "", "First instant after the window"),
        column("direction", Name, "", "`up` (less consumption, more production) or `down`"),
        column("provider", Name, "", "Who offers and is paid: the aggregator"),
        column("unit", Name, "", "The device that holds and delivers"),
        column("offered_kw", Real, "kW", "Power offered, positive"),
        column(
            "accepted_kw",
            Real,
            "kW",
            "Power accepted and to be held, positive; 0 where the offer was not accepted",
        ),
        column("capacity_price_ueur_per_kw", Integer, "µEUR/kW", "Asked for a kW held for the whole window"),
        column("activation_price_ueur_per_kwh", Integer, "µEUR/kWh", "Asked for a kWh delivered, in either direction")
            .sign("− the provider pays"),
        column("called_wh", Integer, "Wh", "Energy called, positive in either direction"),
        column("delivered_wh", Integer, "Wh", "Energy delivered of it, from 0 to what was called"),
        column("capacity_payment_neur", Integer, "nEUR", "Paid to the provider for holding"),
        column("energy_payment_neur", Integer, "nEUR", "Paid to the provider for delivering")
            .sign("− the provider pays"),
        column("energy_fine_neur", Integer, "nEUR", "Paid by the provider for energy missing beyond the tolerance"),
        column("capacity_fine_neur", Integer, "nEUR", "Paid by the provider for power missing at the worst moment"),
        column("total_neur", Integer, "nEUR", "Payments less fines").sign("+ the provider receives, − it pays"),
    ],
};

/// One row per charging session that has ended.
pub const SESSIONS: Table = Table {
    name: "sessions",
    rows: "One row per charging session that has ended, by `end_time`. Energies are at the vehicle's inlet.",
    hourly: COMPLETE,
    columns: &[
        column("evse", Name, "", "The charge point"),
        column("vehicle", Name, "", "The vehicle"),
        column("start_time", Time, "", "When it was plugged in"),
        column("end_time", Time, "", "When it was unplugged"),
        column("delivered_kwh", Real, "kWh", "Energy delivered to the vehicle"),
        column("returned_kwh", Real, "kWh", "Energy taken from the vehicle (V2G), positive"),
        column("unserved_kwh", Real, "kWh", "Energy missing in the battery at departure, against what was asked for"),
        column("cost_neur", Integer, "nEUR", "What the operator charges; null where it has not priced it")
            .sign("+ the driver pays")
            .or_null(),
    ],
};

/// One row per battery and local day.
pub const STORAGE_HEALTH: Table = Table {
    name: "storage_health",
    rows: "One row per stationary battery and local day that has ended, by day, then in the order of the batteries' \
           names. Shares refer to the nominal capacity. The capacity that is left holds from the next midnight on.",
    hourly: COMPLETE,
    columns: &[
        column("time", Time, "", "First instant of the local day that lies in the run"),
        column("asset", Name, "", "The battery"),
        column("soh", Real, "", "State of health at the end of the day: capacity left, as a share"),
        column("calendar_fade", Real, "", "Capacity lost to time alone since the start of the run, as a share"),
        column(
            "cycle_fade",
            Real,
            "",
            "Capacity lost to cycles since the start of the run, as a share; cycles still open count half",
        ),
        column(
            "equivalent_full_cycles",
            Real,
            "",
            "Half the energy moved into and out of the cells since the start, in nominal capacities",
        ),
        column("cell_mean_c", Real, "°C", "Mean temperature of the cells over the day, to 0.01 °C"),
        column("cell_max_c", Real, "°C", "Highest temperature of the cells in the day, to 0.01 °C"),
        column(
            "lost_kwh",
            Real,
            "kWh",
            "Energy lost in the converter, in standby and for cooling since the start of the run, to 1 Wh",
        ),
    ],
};

/// One row per ISP of a congestion point and aggregator.
pub const FLEXIBILITY: Table = Table {
    name: "flexibility",
    rows: "One row per ISP (slot of the market) in which flexibility was asked for or the congestion point was beyond a limit, and aggregator, when its local day is settled; a day that is under way at the end has none. Powers are means over the ISP; those of flexibility are deviations from the D-prognosis. Empty without `[flexibility]`.",
    hourly: COMPLETE,
    columns: &[
        column("time", Time, "", "When the day was settled"),
        column("slot_start", Time, "", "Beginning of the ISP"),
        column("slot_end", Time, "", "End of the ISP"),
        column("congestion_point", Text, "", "Name of the congestion point"),
        column("aggregator", Name, "", "Who pools flexibility there"),
        column(
            "load_before_w",
            Integer,
            "W",
            "Load of the congestion point without what orders have moved, by meters and D-prognoses",
        )
        .sign(CONSUMED),
        column("load_w", Integer, "W", "Load of the congestion point as metered").sign(CONSUMED),
        column("excess_before_w", Integer, "W", "How far `load_before_w` is beyond a limit, 0 or more"),
        column("excess_w", Integer, "W", "How far `load_w` is beyond a limit, 0 or more"),
        column("requested_w", Integer, "W", "Asked for of all aggregators together, 0 where the forecast missed it")
            .sign(MOVED),
        column("offered_w", Integer, "W", "Offered by this one, whatever the price").sign(MOVED),
        column("ordered_w", Integer, "W", "Ordered from it").sign(MOVED),
        column("baseline_w", Integer, "W", "Its D-prognosis; null where nothing was ordered").sign(CONSUMED).or_null(),
        column("metered_w", Integer, "W", "Metered at its connections").sign(CONSUMED),
        column("delivered_w", Integer, "W", "Delivered of what was ordered").sign(MOVED),
        column("price_neur", Integer, "nEUR", "What full delivery is paid, rounded down"),
        column("payment_neur", Integer, "nEUR", "Paid to the aggregator for what was delivered"),
        column("penalty_neur", Integer, "nEUR", "Fined for what was not delivered beyond the tolerance"),
    ],
};

/// One row per event.
pub const EVENTS: Table = Table {
    name: "events",
    rows: "One row per thing worth knowing that happened.",
    hourly: COMPLETE,
    columns: &[
        column("time", Time, "", "When"),
        column("participant", Name, "", "To whom; `-` for the twin as a whole and what comes from outside"),
        column(
            "code",
            Name,
            "",
            "What, from the closed list of events of the crate `agents`, for instance `order_refused`",
        ),
        column("detail", Text, "", "The particulars, for a reader"),
    ],
};

/// One row per participant.
pub const PARTICIPANTS: Table = Table {
    name: "participants",
    rows: "One row per participant, in the order of their names. Every site has an asset, so that sites, their communes and \
           portfolios are all here: `select distinct site, commune, portfolio from participants where site is not null`.",
    hourly: COMPLETE,
    columns: &[
        column("participant", Name, "", "The participant's name"),
        column(
            "kind",
            Name,
            "",
            "`pv`, `battery`, `evse`, `ev`, `load`, `retailer`, `market_operator`, `prosumer`, `ems`, `dso` or \
             `charge_point_operator`",
        ),
        column("site", Name, "", "The site it belongs to, or trades for; null for institutions").or_null(),
        column("commune", Name, "", "The commune of that site; null without one").or_null(),
        column("portfolio", Name, "", "The portfolio of that site; null without one").or_null(),
        column("capacity_kwh", Real, "kWh", "Nominal energy; null for what does not store").or_null(),
    ],
};

/// One wide row per run. These columns come first, then one per key figure.
pub const KPIS: Table = Table {
    name: "kpis",
    rows: "One row per run: these columns, then one per key figure.",
    hourly: COMPLETE,
    columns: &[
        column("run", Text, "", "Id of the run: a hash of scenario, data, seed and engine"),
        column("scenario", Name, "", "Name of the scenario"),
        column("seed", Number, "", "Its seed"),
        column("start", Time, "", "First instant of the run"),
        column(
            "end",
            Time,
            "",
            "First instant after the last interval recorded; before the planned end if interrupted",
        ),
        column("tick_s", Real, "s", "Length of a tick"),
    ],
};
