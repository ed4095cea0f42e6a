//! The bodies of those who have none of their own: the meters and feeds they may read.

use super::Embodied;
use crate::world::Meters;
use agents::charge_point_operator::ChargePointOperator;
use agents::dso::{Dso, DsoSense, FlexSense};
use agents::ems::Ems;
use agents::market_operator::MarketOperator;
use agents::prosumer::Prosumer;
use agents::retailer::{Retailer, RetailerSense};
use agents::series::Series;
use agents::{MeterId, MeterReading};
use bevy_ecs::component::Component;
use market::Energy;
use serde::{Deserialize, Serialize};

/// Nothing to sense.
#[derive(Component, Debug)]
pub(crate) struct NoBody;

/// The meters a participant may read, in its own order.
#[derive(Component, Debug)]
pub(crate) struct MeterAccess(pub(crate) Vec<MeterId>);

impl MeterAccess {
    fn only(&self, meters: &Meters) -> MeterReading {
        meters.read(self.0[0])
    }
}

/// A DSO's feeds: the series of the present local day, each with the number of that day; and the meters of its flexibility
/// market.
#[derive(Component, Debug, Default)]
pub(crate) struct DsoBody {
    pub(crate) prices: Option<(i64, Series)>,
    pub(crate) co2: Option<(i64, Series)>,
    flexibility: Option<FlexMeters>,
}

/// Meters that are added up: of a congestion point, and of each aggregator.
#[derive(Debug)]
struct FlexMeters {
    congestion_point: Vec<MeterId>,
    aggregators: Vec<Vec<MeterId>>,
}

/// What has come about at a DSO: of which local day each of its feeds is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DsoState {
    pub(crate) prices: Option<i64>,
    pub(crate) co2: Option<i64>,
}

impl DsoBody {
    /// The body of a DSO before anything has come about.
    pub(crate) fn of(dso: &Dso) -> Self {
        let flexibility = dso.flexibility().map(|terms| FlexMeters {
            congestion_point: terms.meters.clone(),
            aggregators: terms.aggregators.iter().map(|of| of.connections.clone()).collect(),
        });
        Self { flexibility, ..Self::default() }
    }

    /// What has come about at it.
    pub(crate) fn state(&self) -> DsoState {
        let day = |feed: &Option<(i64, Series)>| feed.as_ref().map(|(day, _)| *day);
        DsoState { prices: day(&self.prices), co2: day(&self.co2) }
    }
}

impl Embodied for MarketOperator {
    type Body = NoBody;
    fn sense(_: &NoBody, _: &Meters, (): &mut ()) {}
    fn obey(_: &mut NoBody, (): ()) {}
}

impl Embodied for ChargePointOperator {
    type Body = NoBody;
    fn sense(_: &NoBody, _: &Meters, (): &mut ()) {}
    fn obey(_: &mut NoBody, (): ()) {}
}

impl Embodied for Prosumer {
    type Body = MeterAccess;
    fn sense(body: &MeterAccess, meters: &Meters, sense: &mut MeterReading) {
        *sense = body.only(meters);
    }
    fn obey(_: &mut MeterAccess, (): ()) {}
}

impl Embodied for Ems {
    type Body = MeterAccess;
    fn sense(body: &MeterAccess, meters: &Meters, sense: &mut MeterReading) {
        *sense = body.only(meters);
    }
    fn obey(_: &mut MeterAccess, (): ()) {}
}

impl Embodied for Retailer {
    type Body = MeterAccess;
    fn sense(body: &MeterAccess, meters: &Meters, sense: &mut RetailerSense) {
        sense.meters.clear();
        sense.meters.extend(body.0.iter().map(|meter| meters.read(*meter)));
    }
    fn obey(_: &mut MeterAccess, (): ()) {}
}

impl Embodied for Dso {
    type Body = DsoBody;
    fn sense(body: &DsoBody, meters: &Meters, sense: &mut DsoSense) {
        sense.island = meters.read(MeterId::Island);
        let series = |feed: &Option<(i64, Series)>| feed.as_ref().map(|(_, series)| series.clone());
        sense.flexibility = body.flexibility.as_ref().map(|of| FlexSense {
            congestion_point: sum(&of.congestion_point, meters),
            aggregators: of.aggregators.iter().map(|connections| sum(connections, meters)).collect(),
        });
        (sense.price_feed, sense.co2_feed) = (series(&body.prices), series(&body.co2));
    }
    fn obey(_: &mut DsoBody, (): ()) {}
}

/// The sum of what meters show.
fn sum(of: &[MeterId], meters: &Meters) -> MeterReading {
    let none = MeterReading { power_kw: 0.0, imported: Energy(0), exported: Energy(0) };
    of.iter().map(|meter| meters.read(*meter)).fold(none, |sum, reading| MeterReading {
        power_kw: sum.power_kw + reading.power_kw,
        imported: sum.imported + reading.imported,
        exported: sum.exported + reading.exported,
    })
}
