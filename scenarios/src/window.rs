//! What holds for the whole run: its window, calendar, market rules and weather station.

use crate::assets::no_name;
use crate::communes::Commune;
use crate::document::Value;
use crate::error::Problem;
use crate::models::supply::SupplyParameters;
use crate::parameters::Conflict;
use crate::products;
use crate::resolve::Sections;
use crate::scenario::Scenario;
use crate::sections::{DsoSection, RetailerSection};
use crate::settlement::Form;
use agents::dso::DsoPolicy;
use agents::mail::RetailTariff;
use agents::market_operator::{MarketRules, Trading, Venue, Venues};
use agents::{Calendar, Span, Time};
use jiff::tz::TimeZone;
use market::Price;
use std::cell::RefCell;

/// The frame of a run.
pub(crate) struct Window {
    pub(crate) start: Time,
    pub(crate) end: Time,
    pub(crate) calendar: Calendar,
    pub(crate) rules: MarketRules,
    /// What is traded when.
    pub(crate) venues: Venues,
    /// Index of the station's commune.
    pub(crate) station: usize,
}

/// Reads and checks the frame; none when that is a problem already told.
pub(crate) fn read(scenario: &Scenario, sections: &Sections, problems: &RefCell<Vec<Problem>>) -> Option<Window> {
    let note = |key: &str, text: String| problems.borrow_mut().push(scenario.root.problem(key, text));
    let told = |key: &'static str| move |text: String| note(key, text);
    let Sections { run, place, market, .. } = sections;
    if let Some(Value::Text(name)) = scenario.root.at("name").map(|node| &node.value)
        && let Some(text) = no_name(name)
    {
        note("name", text);
    }
    for (section, outcome) in [
        ("retailer", sections.retailer.check()),
        ("settlement", sections.settlement.check()),
        ("community", sections.community.check()),
        ("weather", sections.weather.check()),
        ("clouds", sections.clouds.check()),
        ("supply", sections.supply.as_ref().map_or(Ok(()), SupplyParameters::check)),
        ("mirror", sections.mirror.check()),
        ("mqtt", sections.mqtt.check()),
    ] {
        if let Err(Conflict { key, text }) = outcome {
            note(&format!("{section}.{key}"), text);
        }
    }
    if sections.dso.request <= Span::ZERO {
        note("dso.request", "must be longer than nothing".into());
    }
    let calendar = calendar(&place.zone).map_err(told("place.zone")).ok();
    let station = Commune::find(&place.station).map_err(told("place.station")).ok();
    let rules = market_rules(market.slot, market.lead).map_err(|(key, text)| note(key, text)).ok();
    if let Some(Err(Conflict { key, text })) = rules.map(|rules| sections.reserve.check(rules.slot)) {
        note(&format!("reserve.{key}"), text);
    }
    let venues = products::read(scenario, market, (rules, calendar), problems);
    if sections.community.sharing != Form::None && !venues.is_empty() {
        let text = "shares what is traded already: set market.mechanism = \"none\" and leave products out, or sharing = \"none\"";
        note("community.sharing", text.into());
    }
    let (calendar, rules) = (calendar?, rules?);
    if let Err(Conflict { key, text }) = sections.schedule.check(rules.slot) {
        note(&format!("schedule.{key}"), text);
    }
    // Where a product could not be read, that is told already.
    let is_sold =
        |venue: &Venue| matches!(venue.trading, Trading::Auction { .. }) && venue.product.delivery == rules.slot;
    if problems.borrow().is_empty() && !venues.iter().any(is_sold) {
        for (key, strategy) in [("ems.batteries", sections.ems.batteries), ("ems.vehicles", sections.ems.vehicles)] {
            if strategy.terms().is_some() {
                let text = "leaves storage to a market that has no auction of single slots: set market.mechanism, or                             add a product that is auctioned with deliveries of one slot";
                note(key, text.into());
            }
        }
    }
    // One that could not be read is told of already.
    let written = matches!(scenario.root.at("run.start").map(|node| &node.value), Some(Value::Text(_)));
    let start = written.then(|| parse_start(&run.start, calendar).map_err(told("run.start")).ok())??;
    let end = start + run.duration;
    if sections.reserve.is_on() && sections.flexibility.congestion_point.is_some() {
        let text = "is set beside [reserve]: both sell the same batteries, and neither knows of the other; keep one of the two";
        note("flexibility.congestion_point", text.into());
    }
    if let Err(Conflict { key, text }) = sections.flexibility.check(rules.slot, calendar.utc_offset) {
        note(&format!("flexibility.{key}"), text);
    }
    check_window(start, end, run.tick, rules.slot).map_err(|(key, text)| note(key, text)).ok()?;
    Some(Window { start, end, calendar, rules, venues: venues.into(), station: station? })
}

fn market_rules(slot: Span, lead: Option<Span>) -> Result<MarketRules, (&'static str, String)> {
    if slot < Span::MINUTE || Span::HOUR.0 % slot.0 != 0 {
        return Err(("market.slot", "must divide the hour and be at least 1m".into()));
    }
    let lead = lead.unwrap_or(slot);
    if lead.0 % slot.0 != 0 {
        return Err(("market.lead", "must be a whole number of slots, or \"0m\"".into()));
    }
    Ok(MarketRules { slot, lead })
}

fn calendar(zone: &str) -> Result<Calendar, String> {
    let tz = TimeZone::get(zone)
        .map_err(|_| format!("is {zone:?}, which is no IANA time zone: write for instance \"America/Martinique\""))?;
    match tz.to_fixed_offset() {
        Ok(offset) => Ok(Calendar { utc_offset: Span::from_s(offset.seconds().into()) }),
        // A zone's history may hold changes long past; what counts is that it has none from now on.
        Err(_) => {
            let probe = jiff::Timestamp::from_second(1_577_836_800).expect("2020-01-01 is a valid instant");
            match tz.following(probe).next() {
                None => Ok(Calendar { utc_offset: Span::from_s(tz.to_offset(probe).seconds().into()) }),
                Some(_) => Err(format!(
                    "is {zone:?}, which changes its clocks: choose a zone without daylight saving, such as \"Etc/GMT-1\""
                )),
            }
        }
    }
}

/// Reads the start of a run: a local date (its midnight), or an instant in RFC 3339 with its offset.
///
/// # Errors
/// A sentence that says what is expected.
pub fn parse_start(text: &str, calendar: Calendar) -> Result<Time, String> {
    if let Ok(date) = text.parse::<jiff::civil::Date>()
        && text.len() == 10
    {
        let epoch = jiff::civil::date(1970, 1, 1);
        let days = date.since(epoch).map_err(|error| error.to_string())?.get_days();
        return Ok(calendar.midnight(days.into()));
    }
    match text.parse::<jiff::Timestamp>() {
        Ok(instant) => Ok(Time(instant.as_millisecond())),
        Err(_) => Err(format!(
            "is `{text}`, neither a local date (2026-03-20) nor an instant with its offset (2026-03-20T06:00:00-04:00)"
        )),
    }
}

fn check_window(start: Time, end: Time, tick: Span, slot: Span) -> Result<(), (&'static str, String)> {
    if tick < Span::from_s(1) {
        return Err(("run.tick", "must be at least 1s".into()));
    }
    if slot.0 % tick.0 != 0 {
        return Err(("run.tick", format!("must divide the market slot of {} min", slot.hours() * 60.0)));
    }
    if start != start.floor(slot) {
        let text = format!("is {start}, which is not on the market's grid of {} min", slot.hours() * 60.0);
        return Err(("run.start", text));
    }
    if end <= start || (end - start).0 % tick.0 != 0 {
        return Err(("run.duration", "must be a whole number of ticks, at least one".into()));
    }
    if end - start > Span::DAY * 366 * 50 {
        return Err(("run.duration", "must not exceed 50 years".into()));
    }
    // The sun's position is known well beyond, but a year out here is a slip of the pen.
    let years = [start, end].map(|time| Calendar::civil(time.0.div_euclid(Span::DAY.0)).0);
    if years.iter().any(|year| !(1900..2200).contains(year)) {
        return Err(("run.start", "the run must lie between the years 1900 and 2200".into()));
    }
    Ok(())
}

impl RetailerSection {
    fn check(&self) -> Result<(), Conflict> {
        if self.feed_in_eur_per_mwh > self.peak_eur_per_mwh.min(self.off_peak_eur_per_mwh) {
            let text = "must not exceed the import prices: everyone would buy only to sell";
            return Err(Conflict::new("feed_in_eur_per_mwh", text));
        }
        Ok(())
    }

    pub(crate) fn tariff(&self) -> RetailTariff {
        RetailTariff {
            peak: Price::from_eur_per_mwh(self.peak_eur_per_mwh),
            off_peak: Price::from_eur_per_mwh(self.off_peak_eur_per_mwh),
            off_peak_from: Span::from_hours(self.off_peak_from_h),
            off_peak_until: Span::from_hours(self.off_peak_until_h),
            feed_in: Price::from_eur_per_mwh(self.feed_in_eur_per_mwh),
        }
    }
}

impl DsoSection {
    pub(crate) fn policy(&self) -> DsoPolicy {
        DsoPolicy {
            price_eur_per_mwh: self.price_eur_per_mwh,
            price_shape: self.price_shape,
            price_daily_spread: self.price_daily_spread,
            production_price_ratio: self.production_price_ratio,
            co2_g_per_kwh: self.co2_g_per_kwh,
            load_control_above_kw: self.load_control_above_mw * 1000.0,
            load_control_percent: self.load_control_percent,
            demand_response_above_kw: self.demand_response_above_mw * 1000.0,
            request_length: self.request,
        }
    }
}
