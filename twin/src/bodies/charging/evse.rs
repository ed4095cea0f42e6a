//! The body of a charge point: the plug, what is offered in it, and the energy of the session.

use crate::bodies::Embodied;
use crate::faults::Condition;
use crate::physics::charging::{Charger, Connection, Outlet};
use crate::state::state;
use crate::world::{Flows, Meters};
use agents::evse::{ControlPilot, Evse, EvseIntent, EvseSense, Plug};
use agents::reading::{AssetReading, AssetState, round_energy_kwh, round_power_kw};
use agents::record::SessionRow;
use agents::{ParticipantId, SiteId, Time};
use bevy_ecs::component::Component;
use scenarios::EvseParameters;

#[derive(Component, Clone, Debug)]
pub(crate) struct EvseBody {
    pub(crate) id: ParticipantId,
    pub(super) site: SiteId,
    outlet: Outlet,
    intent: EvseIntent,
    plug: Option<Plug>,
    /// The vehicle in the plug, or the last one that was.
    connection: Option<Connection>,
    /// What is offered now, negative when asked to give; zero without a vehicle.
    offer_kw: f64,
    /// What flows now.
    flow_kw: f64,
    delivered_kwh: f64,
    returned_kwh: f64,
    ended: Vec<SessionRow>,
    /// Mean over the interval.
    power_kw: f64,
    /// What its faults leave of it.
    condition: Condition,
}

state! {
    /// What has come about at a charge point. What it offers follows from this and from the vehicle; a session that has
    /// ended is told in the tick that ends it.
    EvseState of EvseBody {
        intent: EvseIntent,
        plug: Option<Plug>,
        flow_kw: f64,
        delivered_kwh: f64,
        returned_kwh: f64,
        power_kw: f64,
    } given { id, site, outlet, connection, offer_kw, ended, condition }
}

impl EvseBody {
    pub(crate) fn new(id: ParticipantId, site: SiteId, spec: &EvseParameters) -> Self {
        Self {
            id,
            site,
            outlet: spec.into(),
            intent: EvseIntent::default(),
            plug: None,
            connection: None,
            offer_kw: 0.0,
            flow_kw: 0.0,
            delivered_kwh: 0.0,
            returned_kwh: 0.0,
            ended: Vec::new(),
            power_kw: 0.0,
            condition: Condition::SOUND,
        }
    }

    /// Lives with what its faults leave of it from now on.
    pub(crate) fn meet(&mut self, condition: Condition) {
        if self.condition != condition {
            self.condition = condition;
            self.renew_offer();
        }
    }

    /// Whether its lock does not release the connector.
    pub(crate) fn is_locked(&self) -> bool {
        self.condition.is_locked
    }

    /// Begins an interval: what ended in the last one has been sensed.
    pub(crate) fn begin_interval(&mut self) {
        self.ended.clear();
        self.power_kw = 0.0;
    }

    /// Ends an interval in which the vehicle took `power_kw` in the mean.
    pub(super) fn end_interval(&mut self, power_kw: f64) {
        self.power_kw = power_kw;
    }

    /// Shows the power that flows in the field where there is no vehicle that could take part in it.
    pub(crate) fn follow(&mut self, power_kw: f64, steps: usize, flows: &mut Flows) {
        (0..steps).for_each(|index| flows.add(self.site, index, power_kw));
        self.power_kw = power_kw;
    }

    /// Whether no vehicle is in the plug.
    pub(crate) fn is_free(&self) -> bool {
        self.plug.is_none()
    }

    /// Power it allows the vehicle to take (negative: asks it to give); zero is a pause.
    pub(super) fn offer_kw(&self) -> f64 {
        self.offer_kw
    }

    fn renew_offer(&mut self) {
        let connection = self.connection.filter(|_| self.plug.is_some());
        self.offer_kw = connection.map_or(0.0, |connection| self.offered_kw(&connection));
    }

    fn offered_kw(&self, connection: &Connection) -> f64 {
        let EvseIntent { setpoint_kw, import_limit_kw, export_limit_kw } = self.intent;
        match self.condition {
            condition if condition.is_out_of_order() => 0.0,
            Condition { is_welded: true, .. } => connection.offer_kw(None, None, None),
            Condition { rating_share, .. } if rating_share < 1.0 => {
                let left_kw = connection.power_kw(rating_share * self.outlet.rated_a);
                let within = |limit_kw: Option<f64>| Some(limit_kw.map_or(left_kw, |limit_kw| limit_kw.min(left_kw)));
                connection.offer_kw(setpoint_kw, within(import_limit_kw), within(export_limit_kw))
            }
            _ => connection.offer_kw(setpoint_kw, import_limit_kw, export_limit_kw),
        }
    }

    /// Counts what flows at `power_kw` for `hours`.
    pub(super) fn count(&mut self, power_kw: f64, hours: f64) {
        self.flow_kw = power_kw;
        self.delivered_kwh += power_kw.max(0.0) * hours;
        self.returned_kwh += (-power_kw).max(0.0) * hours;
    }

    pub(super) fn plug_in(&mut self, vehicle: ParticipantId, charger: &Charger, since: Time) -> Connection {
        self.plug = Some(Plug { vehicle, since });
        self.delivered_kwh = 0.0;
        self.returned_kwh = 0.0;
        self.connect(charger)
    }

    fn connect(&mut self, charger: &Charger) -> Connection {
        let connection = Connection::new(&self.outlet, charger);
        self.connection = Some(connection);
        self.renew_offer();
        connection
    }

    /// Goes on with `charger` of `vehicle` in the plug, if it is the one that is there.
    pub(super) fn resume(&mut self, vehicle: ParticipantId, charger: &Charger) -> Option<Connection> {
        self.plug.filter(|plug| plug.vehicle == vehicle).map(|_| self.connect(charger))
    }

    pub(super) fn unplug(&mut self, end: Time, unserved_kwh: f64) {
        if let Some(Plug { vehicle, since }) = self.plug.take() {
            self.ended.push(SessionRow {
                evse: self.id,
                vehicle,
                start: since,
                end,
                delivered_kwh: round_energy_kwh(self.delivered_kwh),
                returned_kwh: round_energy_kwh(self.returned_kwh),
                unserved_kwh: round_energy_kwh(unserved_kwh),
                cost: None,
            });
        }
        self.flow_kw = 0.0;
        self.renew_offer();
    }

    /// What the control pilot shows now; a flow that rounds to nothing is none.
    fn pilot(&self) -> ControlPilot {
        match self.plug {
            _ if self.condition.is_dead => ControlPilot::E,
            _ if self.condition.is_out_of_order() => ControlPilot::F,
            None => ControlPilot::A,
            Some(_) if round_power_kw(self.flow_kw) != 0.0 => ControlPilot::C,
            Some(_) if self.offer_kw == 0.0 => ControlPilot::B1,
            Some(_) => ControlPilot::B2,
        }
    }

    pub(crate) fn power_kw(&self) -> f64 {
        self.power_kw
    }

    /// Mean power over the interval by phase of the network, consumption positive.
    pub(crate) fn phases_kw(&self) -> [f64; 3] {
        match self.connection {
            Some(connection) => connection.phases_kw(self.power_kw),
            // Without a vehicle nothing flows, but for what the field may say.
            None => self.outlet.phases_kw(self.power_kw),
        }
    }

    pub(crate) fn reading(&self) -> AssetReading {
        let state = match self.pilot() {
            ControlPilot::A => AssetState::Available,
            ControlPilot::B1 => AssetState::SuspendedEvse,
            ControlPilot::B2 => AssetState::SuspendedEv,
            ControlPilot::C => AssetState::of_storage(self.flow_kw),
            ControlPilot::E | ControlPilot::F => AssetState::Faulted,
        };
        let setpoint_kw = self.intent.setpoint_kw.map(round_power_kw);
        AssetReading {
            asset: self.id,
            power_kw: round_power_kw(self.power_kw),
            setpoint_kw,
            energy_kwh: None,
            reactive_kvar: None,
            state,
        }
    }
}

impl Embodied for Evse {
    type Body = EvseBody;

    fn sense(body: &EvseBody, _: &Meters, sense: &mut EvseSense) {
        sense.plug = body.plug;
        sense.pilot = body.pilot();
        sense.delivered_kwh = body.delivered_kwh;
        sense.returned_kwh = body.returned_kwh;
        sense.ended.clone_from(&body.ended);
    }

    fn obey(body: &mut EvseBody, intent: EvseIntent) {
        body.intent = intent;
        body.renew_offer();
    }
}
