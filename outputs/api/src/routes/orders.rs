//! Orders from outside: placed and withdrawn through a prosumer, and what has become of them.

use super::acts::act;
use super::commands::{Outcome, Taken, ask};
use super::responses::{Kernel, Missing, Queued, Refusals};
use crate::call::Call;
use crate::face::Shared;
use crate::problem::Problem;
use crate::take::{Json, Query, Segment, id, time};
use agents::act::{Act, NamedContract, side_name};
use agents::face::order::read_trade;
use agents::market_operator::OpenOrder;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// An order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Order)]
#[expect(dead_code, reason = "it documents what agents::face::order reads")]
pub(super) struct OrderBody {
    /// The name of the product; absent: the first of the market.
    #[schema(min_length = 1, max_length = 128)]
    product: Option<String>,
    /// When delivery begins, as the market shows it.
    #[schema(format = "date-time")]
    delivery: String,
    /// `bid` buys, `offer` sells.
    #[schema(schema_with = sides)]
    side: String,
    /// Energy over the whole contract, in whole watt-hours for each settlement slot.
    #[schema(exclusive_minimum = 0, maximum = 1_000_000_000)]
    energy_kwh: f64,
    /// The most that is paid, or the least that is asked.
    #[schema(minimum = -1_000_000_000, maximum = 1_000_000_000)]
    limit_eur_per_mwh: f64,
    /// Level of quality that is offered, or bid for at least: 0 grey, 1 green or local, 2 both; absent: as the prosumer's own
    /// orders have it.
    #[schema(maximum = 2)]
    quality: Option<u8>,
    /// What a bid adds to its limit where premiums are paid, with at most two decimals; absent: as its own bids have it.
    #[schema(minimum = 0, maximum = 1000)]
    premium_percent: Option<f64>,
    /// An id of the sender's: an order that comes twice with one id is placed once.
    #[schema(max_length = 128)]
    id: Option<String>,
}

fn sides() -> utoipa::openapi::Object {
    super::commands::words(["bid", "offer"])
}

/// Which orders are withdrawn.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WhichOrders {
    /// The name of the product; absent: the first of the market.
    #[param(min_length = 1, max_length = 128)]
    product: Option<String>,
    /// When delivery begins.
    #[param(format = "date-time")]
    delivery: String,
    /// An id of the sender's: a request that comes twice with one id is taken once.
    #[param(max_length = 128)]
    id: Option<String>,
}

/// How a prosumer stands in its market. Energy is over whole contracts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Orders {
    /// Its orders that may still trade.
    orders: Vec<PlacedOrder>,
    /// What it has traded, of each settlement slot to come.
    positions: Vec<Position>,
}

/// An order that waits for its gate, or rests in a book.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenOrder)]
struct PlacedOrder {
    /// The name of the product.
    product: String,
    /// When delivery begins.
    #[schema(format = "date-time")]
    delivery: String,
    /// `bid` or `offer`.
    side: &'static str,
    /// What was asked or offered.
    energy_kwh: f64,
    /// How much of it has been traded.
    filled_kwh: f64,
    /// Its limit.
    limit_eur_per_mwh: f64,
    /// When it was taken.
    #[schema(format = "date-time")]
    time: String,
    /// Whether it came from outside; else it is the prosumer's own.
    is_external: bool,
}

/// What was traded of a settlement slot.
#[derive(Debug, Serialize, ToSchema)]
struct Position {
    /// Its beginning.
    #[schema(format = "date-time")]
    start: String,
    /// Bought less sold, of all products.
    energy_kwh: f64,
}

impl PlacedOrder {
    fn of(shared: &Shared, order: &OpenOrder) -> Self {
        let product = shared.catalogue.products.get(usize::from(order.product.0));
        Self {
            product: product.cloned().unwrap_or_default(),
            delivery: order.slot.start.to_string(),
            side: side_name(order.side),
            energy_kwh: order.energy.as_kwh(),
            filled_kwh: order.filled.as_kwh(),
            limit_eur_per_mwh: order.limit.as_eur_per_mwh(),
            time: order.time.to_string(),
            is_external: order.is_outside,
        }
    }
}

/// The orders of a prosumer that may still trade, and what it has traded. Awards are events, `order_awarded`.
#[utoipa::path(get, path = "/v1/participants/{id}/orders", tag = "market",
    params(("id" = String, Path, description = "A prosumer.")),
    responses((status = 200, description = "Its orders and positions.", body = Orders), Missing, Kernel))]
pub(super) async fn orders(
    State(shared): State<Arc<Shared>>,
    Segment(id): Segment<String>,
) -> Result<axum::Json<Orders>, Problem> {
    shared.participant(&id)?;
    let call = |reply| Call::Trader { id: id.clone(), reply };
    let view = shared.desk.ask_soon(call).await?;
    let view = view.ok_or_else(|| Problem::missing(format!("{id} does not trade: name the prosumer of its site")))?;
    let orders = view.orders.iter().map(|order| PlacedOrder::of(&shared, order)).collect();
    let position = |(slot, energy): &(agents::Slot, market::Energy)| Position {
        start: slot.start.to_string(),
        energy_kwh: energy.as_kwh(),
    };
    Ok(axum::Json(Orders { orders, positions: view.positions.iter().map(position).collect() }))
}

/// Places an order. It waits for its gate, or trades as soon as another one meets it.
#[utoipa::path(post, path = "/v1/participants/{id}/orders", tag = "market", request_body = OrderBody,
    params(("id" = String, Path, description = "A prosumer.")),
    responses((status = 200, description = "It is placed.", body = Outcome), Queued, Missing, Refusals, Kernel))]
pub(super) async fn place(
    State(shared): State<Arc<Shared>>,
    Segment(target): Segment<String>,
    Json(body): Json<serde_json::Value>,
) -> Result<Taken, Problem> {
    let kind = shared.participant(&target)?.entry.kind;
    let written = read_trade("order", &body);
    let written = written.map_err(|wrong| Problem::meaningless(wrong.reason).at_named().of(wrong.id))?;
    ask(&shared, act(target, kind, written.act, None, written.id.as_deref())?, written.id).await
}

/// Withdraws what is left of the orders from outside for a contract.
#[utoipa::path(delete, path = "/v1/participants/{id}/orders", tag = "market",
    params(("id" = String, Path, description = "A prosumer."), WhichOrders),
    responses((status = 200, description = "They are withdrawn.", body = Outcome), Queued, Missing, Refusals, Kernel))]
pub(super) async fn cancel(
    State(shared): State<Arc<Shared>>,
    Segment(target): Segment<String>,
    Query(which): Query<WhichOrders>,
) -> Result<Taken, Problem> {
    let kind = shared.participant(&target)?.entry.kind;
    let id = id(which.id)?;
    let missing = || Problem::parameter("delivery", "`delivery` is missing: send the instant at which delivery begins");
    let delivery = time("delivery", Some(&which.delivery))?.ok_or_else(missing)?;
    let contract = NamedContract { product: which.product, delivery };
    ask(&shared, act(target, kind, Act::CancelOrders(contract), None, id.as_deref())?, id).await
}
