//! The participants that are there once: retailer, market operator, energy manager, DSO, charge-point operator.

use super::{CHARGE_POINT_OPERATOR, DSO, Draft, EMS, MARKET_OPERATOR, RETAILER, Sections};
use crate::assets::{Asset, Model};
use crate::error::Problem;
use crate::flexibility::Place;
use crate::plan::{PlannedParticipant, Role};
use crate::scenario::Scenario;
use crate::sections::EmsSection;
use agents::charge_point_operator::{ChargePointOperator, ChargingTariff};
use agents::draw::Draws;
use agents::dso::{Aggregator, Dso};
use agents::ems::{Ems, FlexibleStorage, ManagedBattery, ManagedChargePoint};
use agents::market_operator::MarketOperator;
use agents::retailer::{Account, Retailer, Rule, Settling};
use agents::{Calendar, MeterId, ParticipantId, PortfolioId, SiteId};
use market::Price;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Draft<'_> {
    pub(super) fn institutions(&self, calendar: Calendar) -> [PlannedParticipant; 5] {
        let Sections { run, retailer, ems, .. } = self.sections;
        let account = |index: usize| {
            let site = SiteId(index as u32);
            let prosumer = self.prosumer_of.get(&site).map(|trader| self.id(&trader.id));
            Account { site, prosumer, ticket: Draws::new(run.seed, &self.sites[index].name, "sharing").ticket() }
        };
        let accounts = (0..self.sites.len()).map(account).collect();
        let ticket = Draws::new(run.seed, MARKET_OPERATOR, "lottery").ticket();
        let operator = MarketOperator::new(Arc::clone(&self.venues), self.rules.slot, self.id(RETAILER), ticket)
            .comparing(&self.alternatives)
            .with_audience(self.audience())
            .within(self.areas.areas.clone())
            .with_backstop(self.sections.market.backstop.then(|| retailer.tariff()))
            .with_partners(self.partners.iter().cloned());
        let settling = Settling {
            tariff: retailer.tariff(),
            slot: self.rules.slot,
            terms: self.sections.settlement.terms(),
            rule: self.rule(),
            alternatives: self.alternatives.clone(),
            charges: self.sections.settlement.charges(self.end),
            contracts: self.contracts.clone(),
        };
        let portfolio = self.portfolio(&ems.portfolio);
        let dso = Dso::new(self.sections.dso.policy(), vec![self.id(EMS)], Draws::new(run.seed, DSO, "price"));
        let dso = self.buying_reserve(dso);
        let dso = self.with_flexibility(dso);
        let tariff = &self.sections.charge_point_operator;
        let tariff = ChargingTariff {
            delivered: Price::from_eur_per_mwh(tariff.delivered_eur_per_mwh),
            returned: Price::from_eur_per_mwh(tariff.returned_eur_per_mwh),
        };
        let vehicles = self.assets.iter().filter(|asset| matches!(asset.model, Model::Ev(..)));
        let contracts = vehicles.map(|asset| self.id(&asset.id));
        [
            (RETAILER, Role::Retailer(Retailer::new(settling, accounts))),
            (MARKET_OPERATOR, Role::MarketOperator(operator)),
            (EMS, Role::Ems(self.ems(portfolio, calendar), portfolio)),
            (DSO, Role::Dso(Box::new(dso))),
            (CHARGE_POINT_OPERATOR, Role::ChargePointOperator(ChargePointOperator::new(contracts, tariff))),
        ]
        .map(|(id, role)| PlannedParticipant { id: id.into(), site: None, role })
    }

    /// How what is metered is shared before it is settled.
    pub(super) fn rule(&self) -> Rule {
        let community = &self.sections.community;
        community.rule(community.sharing, self.prosumer_of.len())
    }

    /// Who is told clearing prices: who trades with storage, and the retailer where contracts refer to them; sorted.
    fn audience(&self) -> Vec<ParticipantId> {
        let refers = self.contracts.iter().any(|contract| contract.reference.is_some());
        let mut audience = self.storage_traders();
        audience.extend(refers.then(|| self.id(RETAILER)));
        audience.sort_unstable();
        audience
    }

    /// Who trades with storage, and so learns from prices; sorted.
    fn storage_traders(&self) -> Vec<ParticipantId> {
        let EmsSection { batteries, vehicles, .. } = &self.sections.ems;
        let is_traded = |asset: &&Asset| match asset.model {
            Model::Battery(_) => batteries.terms().is_some(),
            Model::Evse(_) => vehicles.terms().is_some(),
            _ => false,
        };
        let assets = self.assets.iter().filter(|asset| self.is_managed(asset)).filter(is_traded);
        let traders: BTreeSet<ParticipantId> = assets.filter_map(|asset| self.prosumer(asset)).collect();
        traders.into_iter().collect()
    }

    fn ems(&self, portfolio: PortfolioId, calendar: Calendar) -> Ems {
        let (mut batteries, mut charge_points) = (Vec::new(), Vec::new());
        for asset in self.assets.iter().filter(|asset| self.is_managed(asset)) {
            let (id, prosumer) = (self.id(&asset.id), self.prosumer(asset));
            match &asset.model {
                Model::Battery(battery) => {
                    let ticket = Draws::new(self.sections.run.seed, &asset.id, "dispatch").ticket();
                    batteries.push(ManagedBattery { battery: id, prosumer, rated_kw: battery.power_kw, ticket });
                }
                Model::Evse(point) => {
                    charge_points.push(ManagedChargePoint { evse: id, prosumer, rated_kw: point.power_kw });
                }
                _ => {}
            }
        }
        let strategies = (self.sections.ems.batteries, self.sections.ems.vehicles);
        let terms = self.sections.schedule.terms(self.sections.retailer.tariff());
        let ems = Ems::new(portfolio, self.rules, batteries, charge_points, strategies).scheduling(terms, calendar);
        let reserve = &self.sections.reserve;
        let ems = if reserve.is_on() { ems.with_reserve(reserve.terms()) } else { ems };
        let Some((_, devices)) = &self.congestion_point else { return ems };
        let asked = &self.sections.flexibility;
        ems.with_flexibility(FlexibleStorage {
            devices: devices.clone(),
            battery: Price::from_eur_per_mwh(asked.battery_eur_per_mwh),
            vehicle: Price::from_eur_per_mwh(asked.vehicle_eur_per_mwh),
            ticket: Draws::new(self.sections.run.seed, EMS, "flexibility").ticket(),
        })
    }

    /// The DSO, which buys reserve if it is to.
    fn buying_reserve(&self, dso: Dso) -> Dso {
        let reserve = &self.sections.reserve;
        if !reserve.is_on() {
            return dso;
        }
        let draws = Draws::new(self.sections.run.seed, DSO, "reserve");
        dso.with_reserve(reserve.rules(self.rules.slot), vec![self.id(EMS)], draws)
    }

    /// The DSO, with its flexibility market if there is one.
    fn with_flexibility(&self, dso: Dso) -> Dso {
        let Some((place, devices)) = &self.congestion_point else { return dso };
        let offered = self.assets.iter().filter(|asset| devices.contains(&self.id(&asset.id)));
        let connections: BTreeSet<SiteId> = offered.map(|asset| self.site(&asset.site)).collect();
        let connections = connections.into_iter().map(MeterId::Site).collect();
        let aggregators = vec![Aggregator { participant: self.id(EMS), connections }];
        dso.with_flexibility(self.sections.flexibility.terms(place, self.rules.slot, aggregators))
    }

    /// Where flexibility is traded, and the storage behind it that the energy manager commands. What shares a meter with
    /// anything else is left out: nobody could tell what it has delivered.
    pub(super) fn find_congestion_point(
        &self,
        scenario: &Scenario,
        problems: &RefCell<Vec<Problem>>,
    ) -> Option<(Place, BTreeSet<ParticipantId>)> {
        let name = self.sections.flexibility.congestion_point.as_ref()?;
        let note = |text| problems.borrow_mut().push(scenario.root.problem("flexibility.congestion_point", text));
        let place = Place::find(name, &self.sites, &self.portfolios).map_err(note).ok()?;
        let is_storage = |asset: &Asset| match asset.model {
            Model::Battery(_) | Model::Evse(_) => self.is_managed(asset),
            Model::Ev(..) => true,
            _ => false,
        };
        let shared: BTreeSet<&str> =
            self.assets.iter().filter(|asset| !is_storage(asset)).map(|asset| asset.site.as_str()).collect();
        let is_offered = |asset: &&Asset| {
            matches!(asset.model, Model::Battery(_) | Model::Evse(_))
                && is_storage(asset)
                && !shared.contains(asset.site.as_str())
                && place.sites.contains(&self.site(&asset.site))
        };
        let devices: BTreeSet<ParticipantId> =
            self.assets.iter().filter(is_offered).map(|asset| self.id(&asset.id)).collect();
        if devices.is_empty() {
            let text = format!(
                "is `{name}`, which has no battery or charge point of the energy manager's with a site of its own: \
                 give one a site there, or choose another place"
            );
            note(text);
            return None;
        }
        Some((place, devices))
    }
}
