//! The market: products with their gates, contracts, books and last clearings.

use super::responses::{Kernel, Missing};
use crate::call::Call;
use crate::face::Shared;
use crate::problem::Problem;
use agents::market_operator::{BookView, ContractView, MarketView, ProductView, Trading};
use agents::record::ClearingRow;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What the market shows. Energy is over whole contracts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Market {
    /// The instant of the last tick.
    #[schema(format = "date-time")]
    time: String,
    /// What is traded; orders that name no product are for the first.
    products: Vec<MarketProduct>,
}

/// What is traded, and when.
#[derive(Debug, Serialize, ToSchema)]
struct MarketProduct {
    /// Its name.
    name: String,
    /// How: `auction`, all at once at the gate, or `continuous`, whenever two orders meet.
    trading: &'static str,
    /// By which mechanism auctions are cleared.
    mechanism: Option<String>,
    /// The next gate: when an auction clears, or the first contract of continuous trading ends.
    #[schema(format = "date-time")]
    next_gate: String,
    /// From gate to gate.
    every_s: f64,
    /// From a gate to the beginning of the first delivery.
    lead_s: f64,
    /// Length of delivery of a contract.
    delivery_s: f64,
    /// What is traded until the next gate, first delivery first.
    contracts: Vec<MarketContract>,
    /// What was cleared at the last gate.
    clearings: Vec<MarketClearing>,
}

/// A contract, and its book in continuous trading; books of auctions are sealed.
#[derive(Debug, Serialize, ToSchema)]
struct MarketContract {
    /// When delivery begins, by which orders name it.
    #[schema(format = "date-time")]
    delivery: String,
    /// Its book; null in an auction.
    book: Option<MarketBook>,
}

/// A book: what is asked for and offered, the best first, 20 prices at most on each side.
#[derive(Debug, Serialize, ToSchema)]
struct MarketBook {
    /// The highest price that is bid.
    best_bid_eur_per_mwh: Option<f64>,
    /// The lowest price that is asked.
    best_offer_eur_per_mwh: Option<f64>,
    /// The price of the last trade.
    last_price_eur_per_mwh: Option<f64>,
    /// What was traded so far.
    volume_kwh: f64,
    /// What is asked for.
    bids: Vec<MarketLevel>,
    /// What is offered.
    offers: Vec<MarketLevel>,
}

/// All orders of one side at one price.
#[derive(Debug, Serialize, ToSchema)]
struct MarketLevel {
    price_eur_per_mwh: f64,
    energy_kwh: f64,
}

/// What was cleared.
#[derive(Debug, Serialize, ToSchema)]
struct MarketClearing {
    /// When.
    #[schema(format = "date-time")]
    time: String,
    /// When delivery begins.
    #[schema(format = "date-time")]
    delivery: String,
    /// The uniform price; null where nothing was traded, or each trade has a price of its own.
    price_eur_per_mwh: Option<f64>,
    /// Energy traded.
    volume_kwh: f64,
}

impl From<ProductView> for MarketProduct {
    fn from(view: ProductView) -> Self {
        let ProductView { product, trading, next_gate, contracts, cleared } = view;
        let (trading, mechanism) = match trading {
            Trading::Auction { mechanism } => ("auction", Some(mechanism.to_string())),
            Trading::Continuous => ("continuous", None),
        };
        Self {
            name: product.name,
            trading,
            mechanism,
            next_gate: next_gate.to_string(),
            every_s: product.every.seconds(),
            lead_s: product.lead.seconds(),
            delivery_s: product.delivery.seconds(),
            contracts: contracts.into_iter().map(MarketContract::from).collect(),
            clearings: cleared.into_iter().map(MarketClearing::from).collect(),
        }
    }
}

impl From<ContractView> for MarketContract {
    fn from(view: ContractView) -> Self {
        Self { delivery: view.slot.start.to_string(), book: view.book.map(MarketBook::from) }
    }
}

impl From<BookView> for MarketBook {
    fn from(view: BookView) -> Self {
        let levels = |levels: Vec<_>| -> Vec<MarketLevel> { levels.into_iter().map(MarketLevel::from).collect() };
        let (bids, offers) = (levels(view.bids), levels(view.offers));
        Self {
            best_bid_eur_per_mwh: bids.first().map(|level| level.price_eur_per_mwh),
            best_offer_eur_per_mwh: offers.first().map(|level| level.price_eur_per_mwh),
            last_price_eur_per_mwh: view.last_price.map(|price| price.as_eur_per_mwh()),
            volume_kwh: view.volume.as_kwh(),
            bids,
            offers,
        }
    }
}

impl From<(market::Price, market::Energy)> for MarketLevel {
    fn from((price, energy): (market::Price, market::Energy)) -> Self {
        Self { price_eur_per_mwh: price.as_eur_per_mwh(), energy_kwh: energy.as_kwh() }
    }
}

impl From<ClearingRow> for MarketClearing {
    fn from(row: ClearingRow) -> Self {
        Self {
            time: row.time.to_string(),
            delivery: row.slot.start.to_string(),
            price_eur_per_mwh: row.price.map(|price| price.as_eur_per_mwh()),
            volume_kwh: row.volume.as_kwh(),
        }
    }
}

/// What is traded: products with their next gates, contracts with their books, the last clearings.
#[utoipa::path(get, path = "/v1/market", tag = "market", responses(
    (status = 200, description = "What the market shows.", body = Market), Missing, Kernel,
))]
pub(super) async fn market(State(shared): State<Arc<Shared>>) -> Result<Json<Market>, Problem> {
    let view = shared.desk.ask_soon(|reply| Call::Market { reply }).await?;
    let MarketView { time, products } = view.ok_or_else(|| Problem::missing("this scenario has no market"))?;
    let products = products.into_iter().map(MarketProduct::from).collect();
    Ok(Json(Market { time: time.to_string(), products }))
}
