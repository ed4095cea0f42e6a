//! The keys of a script, defined as those of a scenario are.

use crate::parameters::Limits::{Any, Within};
use crate::parameters::{choice, parameters};
use agents::Span;
use agents::command::Priority;
use agents::face::Verdict;
use market::Side;

/// Version of the format that this program reads.
pub(super) const VERSION: i64 = 1;
/// Most steps of a script.
pub(super) const MOST_STEPS: usize = 10_000;

choice!(Verdict {
    "accepted" => Verdict::Accepted,
    "overruled" => Verdict::Overruled,
    "refused" => Verdict::Refused,
});

choice!(Side {
    "bid" => Side::Bid,
    "offer" => Side::Offer,
});

choice!(Priority {
    "local" => Priority::Local,
    "ems" => Priority::Ems,
    "dso_emergency" => Priority::DsoEmergency,
    "operator" => Priority::Operator,
    "safety" => Priority::Safety,
});

parameters! {
    /// The head of a script.
    pub(super) struct ScriptHead in "" {
        /// Version of the format.
        version: u64, "1", Any, "";
        /// What it shows, in a sentence.
        name: String, "text", Any, "";
        /// What there is to know besides.
        about: Option<String> = None, "text", Any, "";
        /// The scenario it runs: a built-in one, or a file sought from the script's folder.
        scenario: String, "scenario", Any, "";
        /// First instant. None: that of the scenario.
        start: Option<String> = None, "date or instant", Any, "";
        /// Length of a tick, whatever the scenario says.
        tick: Span = Span::from_s(1), "duration", Any, "";
        /// Twin time that the script may take; what is not over by then has failed.
        timeout: Span = Span::HOUR, "duration", Any, "";
    }
}

parameters! {
    /// What every step may say. A step begins when the one before has ended, and not before its own time.
    pub(super) struct StepSection in "step" {
        /// What is read beside its outcome.
        name: Option<String> = None, "text", Any, "";
        /// When it begins, since the start of the script.
        at: Option<Span> = None, "duration", Any, "";
        /// When it begins, since the end of the step before.
        after: Option<Span> = None, "duration", Any, "";
    }
}

parameters! {
    /// What every step may say that asks for something.
    pub(super) struct AnswerSection in "answer" {
        /// The answer that is expected.
        answer: Verdict = Verdict::Accepted, "answer", Any, "";
        /// What the reason must hold that comes with the answer.
        reason_contains: Option<String> = None, "text", Any, "";
    }
}

parameters! {
    /// Holds a signal at a value, whatever weather and DSO say.
    pub(super) struct SignalSection in "signal" {
        /// The signal, as the table `signals` names it.
        signal: String, "signal", Any, "";
        /// Its value, in its unit.
        value: f64, "number", Any, "";
    }
}

parameters! {
    /// Lets a signal go that is held.
    pub(super) struct ReleaseSection in "release" {
        /// The signal.
        release: String, "signal", Any, "";
    }
}

parameters! {
    /// Commands a device, by one of `setpoint_kw`, `import_limit_kw`, `export_limit_kw`, `reserve_kwh` and `withdraw`.
    pub(super) struct CommandSection in "set" {
        /// The device.
        set: String, "participant", Any, "";
        /// With what right; later ones overrule earlier ones. None: operator.
        priority: Priority = Priority::Operator, "priority", Any, "";
        /// How long each value of a list holds.
        step: Option<Span> = None, "duration", Any, "";
        /// Energy that a battery keeps, kWh.
        reserve_kwh: Option<f64> = None, "kWh", Any, "";
        /// Forget all that was asked for with this priority.
        withdraw: Option<bool> = None, "true", Any, "";
    }
}

parameters! {
    /// Breaks a device. Parameters of the fault are keys of the step.
    pub(super) struct FaultSection in "fault" {
        /// The fault.
        fault: String, "fault", Any, "";
        /// The device.
        on: String, "participant", Any, "";
    }
}

parameters! {
    /// Repairs a device.
    pub(super) struct ClearSection in "clear" {
        /// The fault, or all.
        clear: String, "fault", Any, "";
        /// The device.
        on: String, "participant", Any, "";
    }
}

parameters! {
    /// Puts a vehicle into the plug, wherever it is.
    pub(super) struct PlugSection in "plug" {
        /// The vehicle, or its charge point.
        plug: String, "participant", Any, "";
    }
}

parameters! {
    /// Takes a vehicle out of the plug.
    pub(super) struct UnplugSection in "unplug" {
        /// The vehicle, or its charge point.
        unplug: String, "participant", Any, "";
    }
}

parameters! {
    /// Presents a token at a charge point.
    pub(super) struct SwipeSection in "swipe" {
        /// The charge point.
        swipe: String, "participant", Any, "";
        /// What the token says; that of a vehicle's driver is the vehicle's id.
        token: String, "text", Any, "";
    }
}

parameters! {
    /// Has a prosumer place an order in the market.
    pub(super) struct OrderSection in "order" {
        /// The prosumer.
        order: String, "participant", Any, "";
        /// `bid` buys, `offer` sells.
        side: Side, "side", Any, "";
        /// Energy over the whole contract, with at most three decimals.
        energy_kwh: f64, "kWh", Any, "";
        /// The most that is paid, or the least that is asked.
        limit_eur_per_mwh: f64, "EUR/MWh", Any, "";
        /// Level of quality that is offered, or bid for at least. None: as the prosumer's own orders have it.
        quality: Option<u64> = None, "level", Within(0.0, 2.0), "";
        /// What a bid adds to its limit where premiums are paid, with at most two decimals. None: as the prosumer's own bids have it.
        premium_percent: Option<f64> = None, "%", Within(0.0, 1000.0), "";
        /// The product. None: the first of the market.
        product: Option<String> = None, "product", Any, "";
        /// When delivery begins, since the start of the script.
        delivery: Span, "duration", Any, "";
    }
}

parameters! {
    /// Withdraws what is left of a prosumer's orders from outside.
    pub(super) struct CancelOrdersSection in "cancel_orders" {
        /// The prosumer.
        cancel_orders: String, "participant", Any, "";
        /// The product. None: the first of the market.
        product: Option<String> = None, "product", Any, "";
        /// When delivery begins, since the start of the script.
        delivery: Span, "duration", Any, "";
    }
}

parameters! {
    /// Waits until a condition holds. A script whose wait fails is over.
    pub(super) struct WaitSection in "wait" {
        /// How long it waits at most.
        within: Span, "duration", Any, "";
    }
}

parameters! {
    /// Expects that a condition holds.
    pub(super) struct ExpectSection in "expect" {
        /// How long it must hold, at every tick. None: at this one.
        throughout: Option<Span> = None, "duration", Any, "";
    }
}

parameters! {
    /// A condition is about one of an asset (`of` without `event`), a site, a signal, trades (`delivery`) and an event, and says
    /// one of `is`, `is_not`, `above`, `below` and `between`; of an event nothing or `never`.
    pub(super) struct ConditionSection in "condition" {
        /// The asset, or the prosumer; of an event, whom it happened to, or `twin` for the twin as a whole.
        of: Option<String> = None, "participant", Any, "";
        /// The site.
        site: Option<String> = None, "site", Any, "";
        /// The signal, as the table `signals` names it.
        signal: Option<String> = None, "signal", Any, "";
        /// The event, as the table `events` names it.
        event: Option<String> = None, "event", Any, "";
        /// Of trades: the product. None, of a prosumer: all products.
        product: Option<String> = None, "product", Any, "";
        /// Of trades: when delivery begins, since the start of the script.
        delivery: Option<Span> = None, "duration", Any, "";
        /// Of an asset, a site or trades: what is looked at.
        what: Option<String> = None, "quantity", Any, "";
        /// The value is more than this number.
        above: Option<f64> = None, "number", Any, "";
        /// The value is less than this number.
        below: Option<f64> = None, "number", Any, "";
        /// The value is neither less than the first of these numbers nor more than the second.
        between: Option<[f64; 2]> = None, "list of two", Any, "";
        /// By how much a number may be apart from that of `is` or `is_not` and be taken for it. None: 0.001.
        tolerance: Option<f64> = None, "number", Within(0.0, 1e9), "";
        /// Of an asset: look at what it shows, which a faulty one makes wrong, rather than at what is so. None: false.
        shown: Option<bool> = None, "true or false", Any, "";
        /// Of an event: what its detail must hold.
        contains: Option<String> = None, "text", Any, "";
        /// Of an event: since when, back from now. None: since the last step began that asked or waited for something.
        since: Option<Span> = None, "duration", Any, "";
        /// Of an event: that it did not happen. None: false.
        never: Option<bool> = None, "true or false", Any, "";
    }
}
