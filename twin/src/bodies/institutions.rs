//! The bodies of those who have none of their own: the meters and feeds they may read.

use super::Embodied;
use crate::world::Meters;
use agents::charge_point_operator::ChargePointOperator;
use agents::dso::{Dso, DsoSense};
use agents::ems::Ems;
use agents::market_operator::MarketOperator;
use agents::prosumer::Prosumer;
use agents::retailer::{Retailer, RetailerSense};
use agents::series::Series;
use agents::{MeterId, MeterReading};
use bevy_ecs::component::Component;
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

/// A DSO's feeds: the series of the present local day, each with the number of that day.
#[derive(Component, Debug, Default)]
pub(crate) struct DsoBody {
    pub(crate) prices: Option<(i64, Series)>,
    pub(crate) co2: Option<(i64, Series)>,
}

/// What has come about at a DSO: of which local day each of its feeds is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DsoState {
    pub(crate) prices: Option<i64>,
    pub(crate) co2: Option<i64>,
}

impl DsoBody {
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
        (sense.price_feed, sense.co2_feed) = (series(&body.prices), series(&body.co2));
    }
    fn obey(_: &mut DsoBody, (): ()) {}
}
