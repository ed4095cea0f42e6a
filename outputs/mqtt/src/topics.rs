//! The tree of topics, and how names become levels of it.
//!
//! | topic | what it carries |
//! |---|---|
//! | `{root}/sensors/{asset_type}/{asset_id}/{quantity}` | what an asset shows |
//! | `{root}/sensors/site/{name}/power` | what a site's meter shows |
//! | `{root}/sensors/weather/station/{signal}`, `{root}/sensors/dso/signals/{signal}` | signals |
//! | `{root}/events/{participant}` | events; those of the twin as a whole under `twin` |
//! | `{root}/status/{asset_type}/{asset_id}`, `{root}/status/gateway/{client_id}` | `online` or `offline`, retained |
//! | `{root}/market/{prosumer}/award` | what orders got, in contracts that are traded from outside |
//! | `{root}/commands/prosumer/{prosumer}/{order or cancel_orders}` | orders |
//! | `{root}/commands/{asset_type}/{asset_id}/{command}` | what is asked of an asset |
//! | `…/{command}/result` | what became of it |

use agents::reading::Signal;
use std::borrow::Cow;
use std::fmt::Write;

/// What a series of an asset is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Quantity {
    Power,
    Energy,
    Soc,
    Setpoint,
    ReactivePower,
    State,
    Residual,
    Staleness,
}

impl Quantity {
    /// Every quantity, in declaration order.
    pub(crate) const ALL: [Self; 8] = [
        Self::Power,
        Self::Energy,
        Self::Soc,
        Self::Setpoint,
        Self::ReactivePower,
        Self::State,
        Self::Residual,
        Self::Staleness,
    ];

    /// The last level of its topic.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Energy => "energy",
            Self::Soc => "soc",
            Self::Setpoint => "setpoint",
            Self::ReactivePower => "reactive_power",
            Self::State => "state",
            Self::Residual => "residual",
            Self::Staleness => "staleness",
        }
    }

    /// The unit of its values.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Power | Self::Setpoint | Self::Residual => "kW",
            Self::Energy => "kWh",
            Self::Soc => "%",
            Self::ReactivePower => "kvar",
            Self::State => "state",
            Self::Staleness => "s",
        }
    }
}

/// A name as one level of a topic: what would end or widen the level is written as `%` and two hexadecimal digits.
///
/// Ids of scenarios are letters, digits, `_` and `-`, and stay as they are.
pub(crate) fn level(name: &str) -> Cow<'_, str> {
    let is_unsafe = |c: char| matches!(c, '/' | '+' | '#' | '%') || c.is_control();
    if !name.is_empty() && !name.contains(is_unsafe) {
        return Cow::Borrowed(name);
    }
    let mut escaped = String::with_capacity(name.len() + 8);
    for c in name.chars() {
        if is_unsafe(c) {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                // Writing to a string does not fail.
                let _ = write!(escaped, "%{byte:02X}");
            }
        } else {
            escaped.push(c);
        }
    }
    // A level may be empty, but nobody would see it.
    Cow::Owned(if escaped.is_empty() { "%".into() } else { escaped })
}

/// Where a signal is published, below `{root}/sensors/`.
pub(crate) fn of_signal(signal: Signal) -> &'static str {
    match signal {
        Signal::Irradiance | Signal::Temperature | Signal::WindSpeed => "weather/station",
        _ => "dso/signals",
    }
}

/// The levels of a topic of commands behind `{root}/commands/`.
pub(crate) struct CommandTopic<'a> {
    pub(crate) asset_type: &'a str,
    pub(crate) asset_id: &'a str,
    pub(crate) command: &'a str,
}

impl<'a> CommandTopic<'a> {
    /// Reads a topic; none if it is no topic of commands.
    pub(crate) fn read(root: &str, topic: &'a str) -> Option<Self> {
        let rest = topic.strip_prefix(root)?.strip_prefix("/commands/")?;
        let mut levels = rest.split('/');
        let (asset_type, asset_id, command) = (levels.next()?, levels.next()?, levels.next()?);
        let is_whole = levels.next().is_none() && ![asset_type, asset_id, command].contains(&"");
        is_whole.then_some(Self { asset_type, asset_id, command })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_level_whatever_it_holds() {
        assert_eq!(level("bat_03"), "bat_03");
        assert_eq!(level("Le Lamentin"), "Le Lamentin");
        assert_eq!(level("a/b+c#d%e\n"), "a%2Fb%2Bc%23d%25e%0A");
        assert_eq!(level(""), "%");
    }

    #[test]
    fn commands_are_told_from_other_topics() {
        let read = |topic: &str| {
            CommandTopic::read("plant/a", topic)
                .map(|t| (t.asset_type.to_owned(), t.asset_id.to_owned(), t.command.to_owned()))
        };
        let of = |a: &str, b: &str, c: &str| Some((a.to_owned(), b.to_owned(), c.to_owned()));
        assert_eq!(read("plant/a/commands/battery/bat_01/setpoint"), of("battery", "bat_01", "setpoint"));
        for other in [
            "plant/a/commands/battery/bat_01",
            "plant/a/commands/battery/bat_01/setpoint/result",
            "plant/a/commands/battery//setpoint",
            "plant/b/commands/battery/bat_01/setpoint",
            "plant/a/sensors/battery/bat_01/power",
            "plant/acommands/battery/bat_01/setpoint",
            "",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
