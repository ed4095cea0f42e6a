//! Rows for the results, the catalogue that names what they are about, and whoever takes them.

use crate::act::ActId;
use crate::id::{Kind, ParticipantId, SiteId};
use crate::reading::{AssetReading, FaultReading, MirrorReading, Signal, SignalReading, SiteReading, SupplyReading};
use crate::retailer::{AlternativeId, Worth};
use crate::time::{Calendar, Slot, Span, Time};
use market::areas::{AreaId, AreaOutcome};
use market::product::ProductId;
use market::reserve::{CapacityPrice, Direction, Power};
use market::settlement::{SlotBill, TaxedInvoice, Traded};
use market::{Energy, Money, OrderId, Price, Side};
use serde::{Deserialize, Serialize};
use std::error::Error;

mod event;
mod plans;

pub use event::{Event, EventCode};
pub use plans::{ForecastRow, ForecastScoreRow, PlanDayRow, PlanReason, PlanRow, PlanSlotRow, ScheduleRow};

/// A row that a participant (or the kernel) wants kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// An order as the market operator took it.
    Order(OrderRow),
    /// A trade.
    Trade(TradeRow),
    /// A clearing.
    Clearing(ClearingRow),
    /// What a clearing came to in one area, where a market has some.
    Area(Box<AreaRow>),
    /// A site's bill for a slot.
    Settlement(SettlementRow),
    /// A site's invoice for a month.
    Invoice(Box<InvoiceRow>),
    /// What was traded for a slot, when it is delivered.
    Delivery(Box<DeliveryRow>),
    /// What a slot would have come to under another rule.
    Alternative(Box<AlternativeRow>),
    /// A charging session that has ended.
    Session(SessionRow),
    /// How a battery stood at the end of a local day.
    StorageHealth(StorageHealthRow),
    /// An offer of reserve and what became of it.
    Reserve(Box<ReserveRow>),
    /// A signal takes this value from now on.
    Signal(Signal, f64),
    /// Something worth knowing happened.
    Event(Event),
    /// An energy manager has made a plan.
    Plan(PlanRow),
    /// What a plan says of a device in a slot, where it is new.
    Schedule(ScheduleRow),
    /// What an energy manager expected of a slot when it planned.
    Forecast(ForecastRow),
    /// What a planned day cost, and could have cost.
    PlanDay(PlanDayRow),
    /// What was planned and forecast for a slot, and what came.
    PlanSlot(Box<PlanSlotRow>),
    /// How good forecasts were so far, so many slots ahead.
    ForecastScore(Box<ForecastScoreRow>),
    /// What the orders of a prosumer got for a contract that is traded from outside.
    Award(AwardRow),
    /// An ISP in which flexibility was asked for, or the load was beyond a limit.
    Flexibility(Box<FlexibilityRow>),
    /// An act comes to nothing: whoever did it is told why. For the kernel, which makes it an event.
    ActFailed(ActId, String),
}

/// What the orders of a prosumer got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwardRow {
    /// When it was told.
    pub time: Time,
    /// Whose orders.
    pub prosumer: ParticipantId,
    /// What was traded.
    pub product: ProductId,
    /// The contract: its delivery slot.
    pub slot: Slot,
    /// Bought or sold.
    pub side: Side,
    /// Energy over the whole contract, positive.
    pub energy: Energy,
    /// At what price; of the last trade where trades have prices of their own.
    pub price: Price,
}

/// An order as the market operator took it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderRow {
    /// When it was taken.
    pub time: Time,
    /// What is traded.
    pub product: ProductId,
    /// The contract: its delivery slot.
    pub slot: Slot,
    /// The order's number, unique within product, slot and gate.
    pub order: OrderId,
    /// Whose order it is.
    pub participant: ParticipantId,
    /// Buys or sells.
    pub side: Side,
    /// Energy asked or offered.
    pub energy: Energy,
    /// Limit price.
    pub limit: Price,
    /// Level of quality that is offered, or bid for at least.
    pub quality: u8,
    /// What a bid adds to its limit where premiums are paid, in hundredths of a percent of the limit.
    pub premium_bp: u32,
    /// How much of it was filled.
    pub filled: Energy,
}

/// A trade between two participants.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TradeRow {
    /// When it was cleared.
    pub time: Time,
    /// What is traded.
    pub product: ProductId,
    /// The delivery slot.
    pub slot: Slot,
    /// Who buys.
    pub buyer: ParticipantId,
    /// Who sells.
    pub seller: ParticipantId,
    /// How much.
    pub energy: Energy,
    /// At what price: what the seller receives.
    pub price: Price,
    /// What the buyer pays on top of it, for crossing the grid.
    #[serde(default)]
    pub fee: Price,
}

/// What a clearing came to in one area. "Within" counts the area and all areas inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AreaRow {
    /// When it was cleared.
    pub time: Time,
    /// What is traded.
    pub product: ProductId,
    /// The delivery slot.
    pub slot: Slot,
    /// The area, its energies and its fees.
    pub outcome: AreaOutcome,
}

/// One clearing of the market.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClearingRow {
    /// When it was cleared.
    pub time: Time,
    /// What is traded.
    pub product: ProductId,
    /// The delivery slot.
    pub slot: Slot,
    /// The uniform price; none when nothing was traded, or each trade has a price of its own.
    pub price: Option<Price>,
    /// Energy traded.
    pub volume: Energy,
    /// Energy asked by all bids, those of a retailer that stands behind the book included.
    pub demand: Energy,
    /// Energy offered by all offers, those of such a retailer included.
    pub supply: Energy,
    /// What sellers receive; buyers pay that and the fees.
    pub value: Money,
    /// What the trades are worth to those who trade: the bid's limit less the offer's, times the energy, less the fees.
    pub welfare: Money,
    /// What buyers pay on top for crossing the grid.
    #[serde(default)]
    pub fees: Money,
}

/// A site's bill for a delivery slot.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettlementRow {
    /// When it was settled.
    pub time: Time,
    /// The delivery slot.
    pub slot: Slot,
    /// The site.
    pub site: SiteId,
    /// Energy the meter saw coming in.
    pub metered_import: Energy,
    /// Energy the meter saw going out.
    pub metered_export: Energy,
    /// Whether somebody trades for the site.
    pub trades: bool,
    /// What the site traded and pays for it all; negative when it is paid.
    pub bill: SlotBill,
    /// The same without its contracts.
    pub market: MarketPart,
    /// What it would pay without having traded.
    pub alone: Money,
}

/// What a site does in the market, contracts left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketPart {
    /// Energy bought.
    pub bought: Energy,
    /// Energy sold.
    pub sold: Energy,
    /// What it would pay for everything.
    pub total: Money,
}

impl MarketPart {
    /// Of this bill for what was traded.
    pub(crate) fn of(bill: &SlotBill, traded: &Traded) -> Self {
        Self { bought: traded.bought, sold: traded.sold, total: bill.total }
    }
}

/// What was traded for a settlement slot, whenever it was; known when it is delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRow {
    /// When it was settled.
    pub time: Time,
    /// The slot.
    pub slot: Slot,
    /// What all trades come to.
    pub worth: Worth,
    /// What they come to in each area in which anything was bought or paid, by area.
    pub areas: Vec<AreaDelivery>,
}

/// What trades within an area come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AreaDelivery {
    /// The area.
    pub area: AreaId,
    /// Energy bought by bids within it.
    pub bought: Energy,
    /// Energy bought within it from offers within it.
    pub local: Energy,
    /// Collected on its boundary.
    pub fees: Money,
}

/// A site's invoice for a local month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceRow {
    /// When it was made.
    pub time: Time,
    /// The site.
    pub site: SiteId,
    /// Year and month (1-12) of the local calendar.
    pub month: (i64, u32),
    /// Whether it leaves out slots of the month: those before the run, or after it.
    pub is_partial: bool,
    /// What is to be paid, line by line.
    pub invoice: TaxedInvoice,
}

/// What a slot would have come to under a rule that is compared, for all who take part in the market.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlternativeRow {
    /// When it was settled.
    pub time: Time,
    /// The slot.
    pub slot: Slot,
    /// The rule.
    pub alternative: AlternativeId,
    /// Energy all meters saw coming in.
    pub import: Energy,
    /// Energy all meters saw going out.
    pub export: Energy,
    /// The part of it that went from one to the other.
    pub local: Energy,
    /// What was traded.
    pub worth: Worth,
    /// What each site would have paid.
    pub bills: Vec<(SiteId, Money)>,
}

/// An ISP of a congestion point's flexibility, and what one aggregator had to do with it, settled.
///
/// Mean powers, consumption positive. Those of flexibility are deviations from the baseline: negative ones are less
/// consumption or more production.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlexibilityRow {
    /// When it was settled.
    pub time: Time,
    /// The ISP.
    pub slot: Slot,
    /// Name of the congestion point.
    pub congestion_point: String,
    /// Who pools flexibility there.
    pub aggregator: ParticipantId,
    /// Metered at the congestion point.
    pub load: Power,
    /// That without what orders have moved, by meters and D-prognoses.
    pub load_before: Power,
    /// Beyond a limit, zero or more.
    pub excess: Power,
    /// Beyond a limit without what orders have moved, zero or more.
    pub excess_before: Power,
    /// Asked for, of all aggregators together.
    pub requested: Power,
    /// Offered by this one, whatever the price; what was ordered before included.
    pub offered: Power,
    /// Ordered from it.
    pub ordered: Power,
    /// Its D-prognosis, where something was ordered.
    pub baseline: Option<Power>,
    /// Metered at its connections.
    pub metered: Power,
    /// Delivered of what was ordered.
    pub delivered: Power,
    /// What full delivery is paid, rounded down.
    pub price: Money,
    /// Paid for what was delivered.
    pub payment: Money,
    /// Fined for what was not.
    pub penalty: Money,
}

/// A charging session that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionRow {
    /// The charge point.
    pub evse: ParticipantId,
    /// The vehicle.
    pub vehicle: ParticipantId,
    /// When it was plugged in.
    pub start: Time,
    /// When it was unplugged.
    pub end: Time,
    /// Energy delivered to the vehicle, at its inlet.
    pub delivered_kwh: f64,
    /// Energy taken from the vehicle (V2G), positive, at its inlet.
    pub returned_kwh: f64,
    /// Energy missing in the vehicle's battery at departure, against what it had asked for.
    pub unserved_kwh: f64,
    /// What the operator charges for it; none until the operator has priced it.
    pub cost: Option<Money>,
}

/// An offer of reserve and what became of it, settled when its window is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReserveRow {
    /// When it was settled.
    pub time: Time,
    /// The window.
    pub window: Slot,
    /// Up or down.
    pub direction: Direction,
    /// Who is paid.
    pub provider: ParticipantId,
    /// The device that holds and delivers.
    pub unit: ParticipantId,
    /// Power offered.
    pub offered: Power,
    /// Power accepted; zero where the offer was not.
    pub accepted: Power,
    /// Asked per kilowatt for the window.
    pub capacity_price: CapacityPrice,
    /// Asked per kilowatt-hour delivered.
    pub activation_price: Price,
    /// Energy called, positive in either direction.
    pub called: Energy,
    /// Energy delivered of it, 0 to `called`.
    pub delivered: Energy,
    /// Received for holding ready.
    pub capacity_payment: Money,
    /// Received for delivering; negative where the activation price is.
    pub energy_payment: Money,
    /// Paid for energy that was missing.
    pub energy_fine: Money,
    /// Paid for power that was missing.
    pub capacity_fine: Money,
}

impl ReserveRow {
    /// What the provider receives in all; negative where fines are more.
    pub fn total(&self) -> Money {
        self.capacity_payment + self.energy_payment - self.energy_fine - self.capacity_fine
    }
}

/// How a battery stood at the end of a local day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StorageHealthRow {
    /// First instant of the day that lies in the run.
    pub time: Time,
    /// The battery.
    pub asset: ParticipantId,
    /// How it stood when the day was over.
    pub health: StorageHealth,
}

/// What has become of a storage: its capacity, its losses, and how warm its cells were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StorageHealth {
    /// Capacity relative to the nominal one (state of health).
    pub soh: f64,
    /// Capacity lost to time alone since the start, relative to the nominal one.
    pub calendar_fade: f64,
    /// Capacity lost to cycles since the start, relative to the nominal one.
    pub cycle_fade: f64,
    /// Energy moved into and out of the cells since the start, in cycles of the nominal capacity.
    pub equivalent_full_cycles: f64,
    /// Mean temperature of the cells over the local day, °C.
    pub cell_mean_c: f64,
    /// Highest temperature of the cells in the local day, °C.
    pub cell_max_c: f64,
    /// Energy lost in the converter, in standby and for cooling since the start.
    pub lost_kwh: f64,
}

/// Everything there is to keep of one interval.
#[derive(Clone, Copy, Debug)]
pub struct IntervalRows<'a> {
    /// First instant of the interval.
    pub start: Time,
    /// Its length.
    pub length: Span,
    /// One reading per asset, in id order.
    pub assets: &'a [AssetReading],
    /// One reading per site, in id order.
    pub sites: &'a [SiteReading],
    /// One reading per signal in force.
    pub signals: &'a [SignalReading],
    /// One reading per source if a market slot has ended with the interval and the scenario has a supply; else none.
    pub supply: &'a [SupplyReading],
    /// One reading per mirrored asset, in id order.
    pub mirror: &'a [MirrorReading],
    /// One reading per faulty asset, in id order: what it shows, where that is not its reading.
    pub faults: &'a [FaultReading],
    /// What participants recorded at the end of the interval, in the order of rounds and ids.
    pub records: &'a [Record],
}

/// Takes the rows of a run, interval by interval.
///
/// The records of the very first instant come with the first interval. Errors end the run.
pub trait Recorder {
    /// Takes one interval.
    fn record(&mut self, rows: &IntervalRows<'_>) -> Result<(), Box<dyn Error + Send + Sync>>;
}

/// Names and ratings of all that rows refer to by dense id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    /// The calendar of local days.
    pub calendar: Calendar,
    /// Participants by dense id.
    pub participants: Vec<ParticipantEntry>,
    /// Sites by dense id.
    pub sites: Vec<SiteEntry>,
    /// Portfolio names by dense id.
    pub portfolios: Vec<String>,
    /// What is traded, by [`ProductId`].
    #[serde(default)]
    pub products: Vec<String>,
    /// What the settlement is compared with, itself first, by [`AlternativeId`].
    #[serde(default)]
    pub alternatives: Vec<String>,
    /// The areas of the market, by [`AreaId`].
    #[serde(default)]
    pub areas: Vec<String>,
}

/// What the catalogue says of a participant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParticipantEntry {
    /// Stable string id, for instance `bat_03`.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// The site it belongs to, for assets, or trades for.
    pub site: Option<SiteId>,
    /// Nominal energy, for assets that store.
    pub capacity_kwh: Option<f64>,
}

/// What the catalogue says of a site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteEntry {
    /// Stable name.
    pub name: String,
    /// The commune it lies in.
    pub commune: String,
    /// The portfolio it belongs to, by index into [`Catalogue::portfolios`].
    pub portfolio: Option<crate::id::PortfolioId>,
}

impl Catalogue {
    /// The string id of a participant; `-` for the outside.
    pub fn participant(&self, id: ParticipantId) -> &str {
        self.participants.get(id.index()).map_or("-", |entry| entry.id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_codes_are_all_codes() {
        let refusal = serde_json::from_str::<EventCode>("\"none\"").expect_err("no code").to_string();
        // `none` itself stands in quotes too.
        assert_eq!(refusal.matches('`').count(), 2 * (EventCode::ALL.len() + 1), "{refusal}");
        for code in EventCode::ALL {
            assert_eq!(serde_json::from_str::<EventCode>(&format!("\"{code}\"")).expect("its own name"), code);
        }
    }
}
