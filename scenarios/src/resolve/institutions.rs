//! The participants that are there once: retailer, market operator, energy manager, DSO, charge-point operator.

use super::{CHARGE_POINT_OPERATOR, DSO, Draft, EMS, MARKET_OPERATOR, RETAILER, Sections};
use crate::assets::{Asset, Model};
use crate::plan::{PlannedParticipant, Role};
use crate::sections::EmsSection;
use agents::charge_point_operator::{ChargePointOperator, ChargingTariff};
use agents::draw::Draws;
use agents::dso::Dso;
use agents::ems::{Ems, ManagedBattery, ManagedChargePoint};
use agents::market_operator::MarketOperator;
use agents::retailer::{Account, Retailer, Rule, Settling};
use agents::{Calendar, ParticipantId, PortfolioId, SiteId};
use market::Price;
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
        if reserve.is_on() { ems.with_reserve(reserve.terms()) } else { ems }
    }

    fn buying_reserve(&self, dso: Dso) -> Dso {
        let reserve = &self.sections.reserve;
        if !reserve.is_on() {
            return dso;
        }
        let draws = Draws::new(self.sections.run.seed, DSO, "reserve");
        dso.with_reserve(reserve.rules(self.rules.slot), vec![self.id(EMS)], draws)
    }
}
