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

/// A DSO's feeds: the series of the present local day.
#[derive(Component, Debug, Default)]
pub(crate) struct DsoBody {
    pub(crate) prices: Option<Series>,
    pub(crate) co2: Option<Series>,
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
        sense.price_feed.clone_from(&body.prices);
        sense.co2_feed.clone_from(&body.co2);
    }
    fn obey(_: &mut DsoBody, (): ()) {}
}
