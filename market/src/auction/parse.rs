//! From text to a [`Specification`]: words, then items of a name and its parameters, then stages.

use std::fmt::Display;
use std::str::FromStr;

use super::catalogue::{Kind, catalogue, choices};
use super::{
    Admm, Auction, Discriminatory, GapShare, Negotiation, PriceRule, QualityCoverage, QualityMode, Rounding,
    Specification, SpecificationError, Stage, Uniform, Wrapper,
};

const THEN: &str = "then";

impl FromStr for Specification {
    type Err = SpecificationError;

    fn from_str(text: &str) -> Result<Specification, SpecificationError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let count = words.split(|word| *word == THEN).count();
        let stages = words.split(|word| *word == THEN).enumerate().map(|(at, words)| {
            let place = match at {
                _ if count == 1 => "",
                0 => "before `then`",
                _ => "behind `then`",
            };
            stage(words, place)
        });
        stages.collect::<Result<_, _>>().map(Specification::of_checked)
    }
}

impl TryFrom<String> for Specification {
    type Error = SpecificationError;

    fn try_from(text: String) -> Result<Specification, SpecificationError> {
        text.parse()
    }
}

fn stage(words: &[&str], place: &str) -> Result<Stage, SpecificationError> {
    let items = items(words)?;
    let (mut wrappers, mut auction) = (Vec::new(), None::<(Auction, &str)>);
    for item in &items {
        if let Some((_, before)) = auction {
            return Err(SpecificationError::BehindAuction { word: item.name.into(), auction: before.into() });
        }
        match part(item)? {
            Part::Auction(part) => auction = Some((part, item.name)),
            Part::Wrapper(wrapper) => wrappers.push((wrapper, item.name)),
        }
    }
    refuse_repeated(&wrappers)?;
    let auctions = || choices(&[Kind::Auction]);
    match (auction, wrappers.last()) {
        (Some((auction, _)), _) => {
            Ok(Stage { wrappers: wrappers.into_iter().map(|(wrapper, _)| wrapper).collect(), auction })
        }
        (None, Some((_, wrapper))) => {
            Err(SpecificationError::AuctionMissing { wrapper: (*wrapper).into(), choices: auctions() })
        }
        (None, None) => Err(SpecificationError::Missing { place: place.into(), choices: auctions() }),
    }
}

fn refuse_repeated(wrappers: &[(Wrapper, &str)]) -> Result<(), SpecificationError> {
    let is_quality = |wrapper: &Wrapper| matches!(wrapper, Wrapper::Quality(_) | Wrapper::QualityCoverage { .. });
    for (at, (wrapper, word)) in wrappers.iter().enumerate() {
        let rival =
            wrappers[..at].iter().find(|(other, name)| name == word || is_quality(other) && is_quality(wrapper));
        if let Some((_, other)) = rival {
            let other = if other == word { format!("another {other}") } else { (*other).into() };
            return Err(SpecificationError::Repeated { word: (*word).into(), other });
        }
    }
    Ok(())
}

/// A name and the parameters behind it.
struct Item<'text> {
    name: &'text str,
    parameters: Vec<(&'text str, &'text str)>,
}

fn items<'text>(words: &[&'text str]) -> Result<Vec<Item<'text>>, SpecificationError> {
    let mut items: Vec<Item<'_>> = Vec::new();
    for word in words {
        match (word.split_once('='), items.last_mut()) {
            (None, _) => items.push(Item { name: word, parameters: Vec::new() }),
            (Some(parameter), Some(item)) => item.parameters.push(parameter),
            (Some(_), None) => return Err(SpecificationError::ParameterFirst { word: (*word).into() }),
        }
    }
    Ok(items)
}

enum Part {
    Auction(Auction),
    Wrapper(Wrapper),
}

fn part(item: &Item<'_>) -> Result<Part, SpecificationError> {
    let named = |rules: &[(&str, PriceRule)]| rules.iter().find(|(name, _)| *name == item.name).map(|(_, rule)| *rule);
    if let Some(mode) = QualityMode::ALL.into_iter().find(|mode| mode.name() == item.name) {
        return item.without_parameters(Part::Wrapper(Wrapper::Quality(mode)));
    }
    if let Some(rule) = named(&Uniform::NAMED) {
        return item.without_parameters(Part::Auction(Auction::Uniform(rule)));
    }
    if let Some(rule) = named(&Discriminatory::NAMED) {
        return item.without_parameters(Part::Auction(Auction::Discriminatory(rule)));
    }
    match item.name {
        "uniform" => Ok(Part::Auction(Auction::Uniform(item.price_rule()?))),
        "discriminatory" => Ok(Part::Auction(Auction::Discriminatory(item.price_rule()?))),
        "max-volume-pay-as-bid" => item.without_parameters(Part::Auction(Auction::MaxVolumePayAsBid)),
        "posted-offers" => item.without_parameters(Part::Auction(Auction::PostedOffers)),
        "negotiation" => Ok(Part::Auction(Auction::Negotiation(item.negotiation()?))),
        "admm" => Ok(Part::Auction(Auction::Admm(item.admm()?))),
        "premium" => item.without_parameters(Part::Wrapper(Wrapper::Premium)),
        "quality-coverage" => Ok(Part::Wrapper(Wrapper::QualityCoverage { rounds: item.rounds()? })),
        "preferred-partners" => Ok(Part::Wrapper(Wrapper::PreferredPartners(item.price_rule()?))),
        word => {
            Err(SpecificationError::Unknown { word: word.into(), choices: choices(&[Kind::Auction, Kind::Wrapper]) })
        }
    }
}

impl Item<'_> {
    fn without_parameters(&self, part: Part) -> Result<Part, SpecificationError> {
        self.only(&[]).map(|()| part)
    }

    fn price_rule(&self) -> Result<PriceRule, SpecificationError> {
        self.only(&["k", "rounding"])?;
        let k: Option<GapShare> = self.value("k")?;
        let rounding: Option<Rounding> = self.value("rounding")?;
        let missing = || SpecificationError::ParameterMissing {
            name: self.name.into(),
            parameter: "k, the seller's share of the gap between ask and bid",
            example: format!("{} k=0.5", self.name),
        };
        Ok(PriceRule::new(k.ok_or_else(missing)?, rounding.unwrap_or_default()))
    }

    fn rounds(&self) -> Result<u32, SpecificationError> {
        self.only(&["rounds"])?;
        let rounds: Option<std::num::NonZeroU32> = self.value("rounds")?;
        Ok(rounds.map_or(QualityCoverage::ROUNDS, |rounds| rounds.get()))
    }

    fn negotiation(&self) -> Result<Negotiation, SpecificationError> {
        self.only(&["energy_wh", "increment_ueur_per_kwh"])?;
        let usual = Negotiation::default();
        Ok(Negotiation {
            energy_wh: self.value("energy_wh")?.unwrap_or(usual.energy_wh),
            increment_ueur_per_kwh: self.value("increment_ueur_per_kwh")?.unwrap_or(usual.increment_ueur_per_kwh),
        })
    }

    fn admm(&self) -> Result<Admm, SpecificationError> {
        self.only(&["iterations"])?;
        Ok(Admm { iterations: self.value("iterations")?.unwrap_or(Admm::default().iterations) })
    }

    /// Refuses parameters that are not among `keys`, and second ones.
    fn only(&self, keys: &[&str]) -> Result<(), SpecificationError> {
        for (at, (key, value)) in self.parameters.iter().enumerate() {
            let is_second = self.parameters[..at].iter().any(|(other, _)| other == key);
            if is_second || !keys.contains(key) {
                let (name, word) = (self.name.to_owned(), format!("{key}={value}"));
                return Err(SpecificationError::ParameterUnknown { name, word, parameters: self.taken() });
            }
        }
        Ok(())
    }

    /// The parameters the mechanism of this name takes, for an error message.
    fn taken(&self) -> String {
        let entry = catalogue().into_iter().find(|entry| entry.name == self.name);
        match entry.map(|entry| entry.parameters).unwrap_or_default() {
            "" => "no parameter".into(),
            parameters => format!("{parameters}, each once"),
        }
    }

    fn value<T: FromStr<Err: Display>>(&self, key: &'static str) -> Result<Option<T>, SpecificationError> {
        let Some((_, value)) = self.parameters.iter().find(|(other, _)| *other == key) else { return Ok(None) };
        let refused = |reason: T::Err| SpecificationError::Value {
            name: self.name.into(),
            key,
            value: (*value).into(),
            reason: reason.to_string(),
        };
        value.parse().map(Some).map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        text.parse::<Specification>().map_or_else(|error| panic!("{text}: {error}"), |read| read.to_string())
    }

    fn complaint(text: &str) -> String {
        text.parse::<Specification>().expect_err(text).to_string()
    }

    #[test]
    fn one_mechanism_has_one_text() {
        assert_eq!(canonical("uniform k=0 rounding=up"), "uniform-last-ask");
        assert_eq!(canonical("uniform rounding=half-up k=0.5"), "uniform-mid-rounded");
        assert_eq!(canonical("discriminatory k=1.0"), "pay-as-bid");
        assert_eq!(
            canonical(" quality-coverage rounds=100\tdiscriminatory  k=0.30 "),
            "quality-coverage discriminatory k=0.3"
        );
        assert_eq!(canonical("negotiation increment_ueur_per_kwh=1000 energy_wh=0500"), "negotiation energy_wh=500");
        assert_eq!(canonical("admm iterations=1000"), "admm");
        assert_eq!(canonical("premium preferred-partners k=1 pay-as-ask"), "premium preferred-partners k=1 pay-as-ask");
    }

    #[test]
    fn every_name_of_the_catalogue_is_read() {
        for entry in catalogue().into_iter().filter(|entry| entry.kind != Kind::Link) {
            let auction = if entry.kind == Kind::Wrapper { " pay-as-bid" } else { "" };
            let parameters = if entry.parameters.starts_with("k=") { " k=0.25" } else { "" };
            let text = format!("{}{parameters}{auction}", entry.name);
            assert_eq!(canonical(&text), text);
        }
    }

    #[test]
    fn an_unknown_word_is_named_with_the_choices() {
        let complaint = complaint("quality-seperate uniform-last-ask");
        assert!(complaint.contains("\"quality-seperate\"") && complaint.contains("quality-separate, "), "{complaint}");
    }

    #[test]
    fn a_stage_needs_exactly_one_auction_at_its_end() {
        assert!(complaint("").contains("a mechanism is missing"));
        assert!(complaint("pay-as-bid then").contains("missing behind `then`"));
        assert!(complaint("then pay-as-bid").contains("missing before `then`"));
        assert!(complaint("premium").contains("premium stands before an auction"));
        assert!(complaint("pay-as-bid premium").contains("\"premium\" can not follow the auction pay-as-bid"));
    }

    #[test]
    fn a_wrapper_stands_once_in_a_stage() {
        assert!(
            complaint("premium premium pay-as-bid").contains("premium can not stand in one stage with another premium")
        );
        assert!(complaint("quality-separate quality-coverage pay-as-bid").contains("with quality-separate;"));
        canonical("premium pay-as-bid then premium pay-as-bid");
    }

    #[test]
    fn parameters_are_named_with_what_is_wrong() {
        assert!(complaint("k=1 uniform").contains("\"k=1\" belongs to no mechanism"));
        assert!(complaint("uniform").contains("\"uniform k=0.5\""));
        assert!(complaint("uniform k=1.5").contains("k must be a decimal from 0 to 1"));
        assert!(complaint("uniform k=0.5 rounding=bankers").contains("truncated, half-up, down, up"));
        assert!(complaint("uniform k=0.5 k=0.6").contains("does not take \"k=0.6\" here"));
        assert!(complaint("pay-as-bid k=0.5").contains("it takes no parameter"));
        assert!(complaint("quality-coverage rounds=0 pay-as-bid").contains("rounds=\"0\""));
        assert!(complaint("negotiation energy_wh=0").contains("energy_wh=\"0\""));
        assert!(complaint("negotiation increment_ueur_per_kwh=-5").contains("increment_ueur_per_kwh=\"-5\""));
        assert!(
            complaint("negotiation iterations=5").contains("it takes [energy_wh=COUNT] [increment_ueur_per_kwh=COUNT]")
        );
        assert!(complaint("admm iterations=many").contains("iterations=\"many\""));
    }

    #[test]
    fn a_specification_travels_as_text_and_is_checked_on_arrival() {
        let specification: Specification = "premium uniform k=0.25".parse().expect("a mechanism");
        let json = serde_json::to_string(&specification).expect("text");
        assert_eq!(json, "\"premium uniform k=0.25\"");
        assert_eq!(serde_json::from_str::<Specification>(&json).expect("the same"), specification);
        assert!(serde_json::from_str::<Specification>("\"uniform k=2\"").is_err());
    }

    #[test]
    fn stages_put_together_by_hand_obey_the_same_rules() {
        let stage = |wrappers| Stage { wrappers, auction: Auction::PostedOffers };
        assert!(Specification::new(vec![]).is_err());
        assert!(Specification::new(vec![stage(vec![Wrapper::Premium; 2])]).is_err());
        assert!(Specification::new(vec![stage(vec![Wrapper::QualityCoverage { rounds: 0 }])]).is_err());
        assert!(Specification::new(vec![stage(vec![Wrapper::Premium]), stage(vec![])]).is_ok());
    }

    #[test]
    fn preferences_can_not_come_from_text_alone() {
        let specification: Specification = "preferred-partners k=0.5 pay-as-bid".parse().expect("a mechanism");
        assert_eq!(specification.build().err(), Some(SpecificationError::PreferencesMissing));
        assert_eq!(specification.build_with(&Default::default()).specification(), specification.to_string());
    }
}
