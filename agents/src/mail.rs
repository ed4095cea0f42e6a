//! The messages participants send each other, delivered in the rounds of one tick.

use crate::act::{ActId, HeldSignal, NamedContract, PlacedOrder};
use crate::command::Command;
use crate::id::ParticipantId;
use crate::record::SessionRow;
use crate::reserve::ReserveMail;
use crate::retailer::{Cleared, ContractWorth};
use crate::series::Series;
use crate::storage_trade::TradableStorage;
use crate::time::{Slot, Span, Time};
use market::flexibility::FlexMessage;
use market::product::ProductId;
use market::settlement::Traded;
use market::{Energy, Order, Price, Side};
use serde::{Deserialize, Serialize};

/// A message under way. The kernel delivers mail sorted by (`to`, `from`), in the order sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mail {
    /// Whom it is for.
    pub to: ParticipantId,
    /// Who sent it; [`ParticipantId::OUTSIDE`] for external inputs.
    pub from: ParticipantId,
    /// What it says.
    pub message: Message,
}

/// What participants say to each other. Powers in kW (consumption positive), energies in kWh.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// Anyone to a device: hold this power, stay under this limit.
    Command(Command),
    /// Battery to its EMS: what it holds and can do.
    StorageStatus(StorageStatus),
    /// Vehicle to its charge point, and charge point to its EMS: what is needed until when.
    ChargingNeeds(ChargingNeeds),
    /// Charge point to its EMS: nothing is plugged in any more.
    ChargingOver,
    /// Charge point to its operator: may this token charge?
    AuthorizeRequest {
        /// The vehicle that holds the token.
        vehicle: ParticipantId,
    },
    /// The outside to a charge point: somebody presents a token.
    TokenPresented {
        /// What it says.
        token: String,
        /// The vehicle whose driver has it, if it is one's.
        holder: Option<ParticipantId>,
    },
    /// The outside to a DSO: it holds a signal at a value, or decides by itself again.
    HoldSignal(HeldSignal),
    /// Operator to its charge point: the answer.
    AuthorizeResponse {
        /// The vehicle that holds the token.
        vehicle: ParticipantId,
        /// Whether it may charge.
        accepted: bool,
    },
    /// Charge point to its operator: a session has ended; its row still lacks the cost.
    SessionEnded(SessionRow),
    /// DSO to EMS: energy prices of the coming day, EUR/MWh.
    EnergyPrices {
        /// Price of consumption (sensor 84).
        consumption: Series,
        /// Price of production (sensor 85).
        production: Series,
    },
    /// DSO to EMS: flexible loads may use this share of their rated power (sensor 86).
    LoadControl {
        /// Share of rated power in percent, 100 = no limit.
        percent: f64,
        /// First instant at which it holds.
        start: Time,
        /// First instant at which it holds no more.
        end: Time,
    },
    /// DSO to EMS: storage shall support the network (sensor 87).
    DemandResponse {
        /// 0 normal, 1 moderate, 2 high, 3 special (OpenADR SIMPLE levels).
        level: u8,
        /// First instant at which it holds.
        start: Time,
        /// First instant at which it holds no more.
        end: Time,
    },
    /// Retailer to prosumer: what it buys and sells at.
    Tariff(RetailTariff),
    /// EMS to prosumer: how the devices it manages at the site will differ in a slot from what they did in the last one.
    PlannedChange {
        /// The delivery slot.
        slot: Slot,
        /// Energy taken beyond that of the last slot; negative when less is taken, or more given.
        energy: Energy,
    },
    /// The outside to a prosumer: it shall place an order.
    PlaceOrder {
        /// Where a refusal is told.
        act: ActId,
        /// The order.
        order: PlacedOrder,
    },
    /// The outside to a prosumer: it shall withdraw what is left of the orders that came from outside.
    WithdrawOrders {
        /// Where a refusal is told.
        act: ActId,
        /// The contract they are for.
        contract: NamedContract,
    },
    /// EMS to prosumer, before the planned change: a storage that is for the market, as it stands.
    Tradable(TradableStorage),
    /// Prosumer to EMS: all that has been traded for a storage in a slot.
    Awarded {
        /// The battery or charge point.
        device: ParticipantId,
        /// The delivery slot.
        slot: Slot,
        /// Bought less sold.
        energy: Energy,
    },
    /// Prosumer to market operator: an order for a contract.
    Order {
        /// What is traded.
        product: ProductId,
        /// The contract: its delivery slot.
        slot: Slot,
        /// The order, its quantity that of each settlement slot; its lottery ticket is replaced by the operator's draw.
        order: Order,
        /// The act by which it came from outside; none of an order of the prosumer's own.
        #[serde(default)]
        act: Option<ActId>,
        /// The storage it is for; none: for the rest of the site.
        #[serde(default)]
        storage: Option<ParticipantId>,
    },
    /// Prosumer to market operator: what is left of its orders for a contract is withdrawn, of its own or of those that came
    /// from outside.
    CancelOrders {
        /// What is traded.
        product: ProductId,
        /// The contract: its delivery slot.
        slot: Slot,
        /// The act by which somebody outside withdraws those from outside; none: its own are withdrawn.
        #[serde(default)]
        act: Option<ActId>,
    },
    /// Market operator to prosumer: what its orders got, those for one storage or those for the rest of the site.
    Award {
        /// What was traded.
        product: ProductId,
        /// The contract: its delivery slot.
        slot: Slot,
        /// Bought or sold.
        side: Side,
        /// Energy awarded in each settlement slot, positive.
        energy: Energy,
        /// Price of the award, of the last trade where trades have prices of their own.
        price: Price,
        /// The storage the orders were for; none: for the rest of the site.
        #[serde(default)]
        storage: Option<ParticipantId>,
    },
    /// Market operator to those who learn from prices, or are paid by them: an auction has been cleared for a contract.
    Cleared {
        /// What is traded.
        #[serde(default)]
        product: ProductId,
        /// The contract: its delivery slot.
        slot: Slot,
        /// The one price, or the mean of all trades; none if there was no trade.
        price: Option<Price>,
    },
    /// Market operator to retailer: what a prosumer has traded, beyond what was told before, for settlement.
    Traded {
        /// The contract: its delivery slot.
        slot: Slot,
        /// Whose position it is.
        prosumer: ParticipantId,
        /// What was traded in each settlement slot of the contract.
        traded: Traded,
    },
    /// Market operator to retailer: what a clearing comes to.
    Worth(Box<ContractWorth>),
    /// Market operator to retailer: what a clearing comes to under a mechanism that is compared.
    WouldHaveCleared(Box<Cleared>),
    /// Between an operator who buys reserve and an aggregator who offers it.
    Reserve(Box<ReserveMail>),
    /// Between DSO and EMS as aggregator: requests and orders there, D-prognoses and offers back.
    Flexibility(Box<FlexMessage>),
}

/// What a storage holds and can do at an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StorageStatus {
    /// Stored energy.
    pub energy_kwh: f64,
    /// Least energy it may hold.
    pub min_kwh: f64,
    /// Most energy it may hold.
    pub max_kwh: f64,
    /// Highest charging power, positive.
    pub charge_limit_kw: f64,
    /// Highest discharging power, positive.
    pub discharge_limit_kw: f64,
    /// Mean power since the last report, charging positive.
    pub power_kw: f64,
}

/// What a plugged vehicle tells about itself (ISO 15118 charge parameters).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChargingNeeds {
    /// What its battery holds and can do.
    pub storage: StorageStatus,
    /// Energy it wants to hold at departure.
    pub target_kwh: f64,
    /// Energy below which it will not discharge.
    pub reserve_kwh: f64,
    /// When it will leave.
    pub departure: Time,
}

/// A retailer's prices: day and off-peak import, and feed-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetailTariff {
    /// Price of imported energy outside off-peak hours.
    pub peak: Price,
    /// Price of imported energy in off-peak hours.
    pub off_peak: Price,
    /// Local time of day at which off-peak begins.
    pub off_peak_from: Span,
    /// Local time of day at which off-peak ends; earlier than the beginning when it spans midnight.
    pub off_peak_until: Span,
    /// Price paid for exported energy.
    pub feed_in: Price,
}

impl RetailTariff {
    /// The import price at local time of day `time_of_day`.
    pub fn import(&self, time_of_day: Span) -> Price {
        let (from, until) = (self.off_peak_from, self.off_peak_until);
        let off_peak = if from <= until {
            from <= time_of_day && time_of_day < until
        } else {
            from <= time_of_day || time_of_day < until
        };
        if off_peak { self.off_peak } else { self.peak }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_peak_hours_may_span_midnight() {
        let tariff = RetailTariff {
            peak: Price(200_000),
            off_peak: Price(150_000),
            off_peak_from: Span::HOUR * 22,
            off_peak_until: Span::HOUR * 6,
            feed_in: Price(100_000),
        };
        let cheap: Vec<_> = (0..24).filter(|h| tariff.import(Span::HOUR * *h) == tariff.off_peak).collect();
        assert_eq!(cheap, [0, 1, 2, 3, 4, 5, 22, 23]);
    }
}
