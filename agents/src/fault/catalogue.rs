//! The faults themselves.
//!
//! Sources: the states and event bits of SunSpec's inverter and battery models (101 to 103, 701, 802), the error codes of
//! OCPP 1.6, the component and reason names of OCPP 2.0.1, IEC 61851-1 (states E and F of the control pilot), and
//! EN 50549-1, 4.10: who reconnects after a trip has seen a healthy network for 60 s at least. Other defaults are
//! assumptions.

use super::{FaultEntry, FaultParameter, FaultRefusal, Layer};
use crate::id::Kind;
use std::str::FromStr;

/// Defines the catalogue: the type of faults, that of their kinds, and the description of each.
macro_rules! catalogue {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident $name:literal on $layer:ident of [$($device:ident),+] {
            $($(#[doc = $key_doc:literal])+ $key:ident: $unit:literal = $default:literal in $least:literal..=$most:literal;)*
        }
    )+) => {
        /// A fault with its parameters. In files and on wires: `{"kind": "derating", "share": 0.5}`.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Fault {
            $(
                $(#[doc = $doc])+
                $variant {
                    $(
                        $(#[doc = $key_doc])+
                        #[doc = concat!("Unit: ", $unit, ".")]
                        $key: f64,
                    )*
                },
            )+
        }

        /// Which fault it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FaultKind {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl FaultKind {
            /// Every kind, in the order of the catalogue.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// The name used in files and on wires.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// What the catalogue says of it.
            pub fn entry(self) -> &'static FaultEntry {
                match self {
                    $(Self::$variant => const { &FaultEntry {
                        kind: Self::$variant,
                        layer: Layer::$layer,
                        doc: concat!($($doc),+).trim_ascii(),
                        devices: &[$(Kind::$device),+],
                        parameters: &[$(FaultParameter {
                            key: stringify!($key),
                            doc: concat!($($key_doc),+).trim_ascii(),
                            unit: $unit,
                            default: $default,
                            least: $least,
                            most: $most,
                        }),*],
                    } },)+
                }
            }

            /// The fault with the defaults of its parameters.
            pub fn fault(self) -> Fault {
                match self {
                    $(Self::$variant => Fault::$variant { $($key: $default),* },)+
                }
            }
        }

        impl Fault {
            /// Which fault it is.
            pub fn kind(&self) -> FaultKind {
                match self {
                    $(Self::$variant { .. } => FaultKind::$variant,)+
                }
            }

            /// The values of its parameters, in the order of [`FaultEntry::parameters`].
            pub fn values(&self) -> Vec<f64> {
                match *self {
                    $(Self::$variant { $($key),* } => vec![$($key),*],)+
                }
            }

            pub(super) fn parameter_mut(&mut self, name: &str) -> Option<&mut f64> {
                match self {
                    $(Self::$variant { $($key),* } => {
                        let parameters: Vec<(&str, &mut f64)> = vec![$((stringify!($key), $key)),*];
                        parameters.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
                    })+
                }
            }
        }
    };
}

catalogue! {
    /// The inverter has tripped: nothing flows but what its electronics take, and when the fault is over it waits before it
    /// connects again.
    InverterTrip "inverter_trip" on Body of [Pv, Battery] {
        /// Time from the end of the fault until it connects.
        restart_s: "s" = 60.0 in 0.0..=86_400.0;
    }
    /// Loss of mains: the device sees no network, may not feed an island, and disconnects; when the network is back it
    /// waits before it connects again.
    Islanding "islanding" on Body of [Pv, Battery] {
        /// Time from the end of the fault until it connects.
        restart_s: "s" = 60.0 in 0.0..=86_400.0;
    }
    /// The device gives and takes at most a share of its rating, as when it is too hot.
    Derating "derating" on Body of [Pv, Battery, Evse] {
        /// Share of the rating that is left.
        share: "share" = 0.5 in 0.0..=1.0;
    }
    /// Strings of the array are lost: the rest makes its share of the power.
    StringLoss "string_loss" on Body of [Pv] {
        /// Share of the array that is lost.
        share: "share" = 0.5 in 0.0..=1.0;
    }
    /// A weak cell reaches its limits before the others: the battery management stops charging above one state of charge and
    /// discharging below another one.
    CellLimit "cell_limit" on Body of [Battery, Ev] {
        /// State of charge below which it does not discharge.
        floor_percent: "%" = 20.0 in 0.0..=100.0;
        /// State of charge above which it does not charge.
        ceiling_percent: "%" = 80.0 in 0.0..=100.0;
    }
    /// A residual current to earth: the protective device opens, and nothing flows until the fault is over.
    GroundFault "ground_fault" on Body of [Pv, Evse] {}
    /// The contactor does not open: the outlet stays live, and a vehicle in the plug takes all it wants, whatever is
    /// commanded and whoever it is.
    WeldedContactor "welded_contactor" on Body of [Evse] {}
    /// The lock does not release the connector: the vehicle in the plug stays there, and misses the trips that end meanwhile.
    ConnectorStuck "connector_stuck" on Body of [Evse] {}
    /// The control pilot is broken or short-circuited (states E and F): nothing is offered.
    PilotFault "pilot_fault" on Body of [Evse] {}
    /// Tokens can not be read.
    ReaderFailure "reader_failure" on Body of [Evse] {}
    /// The supply of the device is gone: nothing flows, nothing is shown, and when the fault is over it has to start.
    PowerLoss "power_loss" on Body of [Pv, Battery, Evse, Load] {
        /// Time from the end of the fault until it has started.
        restart_s: "s" = 30.0 in 0.0..=86_400.0;
    }
    /// The power that is shown stays what it was when the fault began.
    SensorStuck "sensor_stuck" on Sensor of [Pv, Battery, Evse, Ev, Load] {}
    /// The power that is shown is wrong by a factor and an offset.
    SensorBias "sensor_bias" on Sensor of [Pv, Battery, Evse, Ev, Load] {
        /// What is added to the power shown.
        offset_kw: "kW" = 1.0 in -1e6..=1e6;
        /// What the power is multiplied by before.
        factor: "factor" = 1.0 in -1000.0..=1000.0;
    }
    /// The power that is shown scatters about the true one.
    SensorNoise "sensor_noise" on Sensor of [Pv, Battery, Evse, Ev, Load] {
        /// Standard deviation.
        deviation_kw: "kW" = 0.1 in 0.0..=1e6;
    }
    /// Readings are missing at random.
    SensorDropout "sensor_dropout" on Sensor of [Pv, Battery, Evse, Ev, Load] {
        /// Share of the readings that are missing.
        share: "share" = 0.1 in 0.0..=1.0;
    }
    /// The device's own meter is connected the wrong way round: what it takes is shown as given.
    MeterReversed "meter_reversed" on Sensor of [Pv, Battery, Evse, Ev, Load] {}
    /// The state of charge that is shown, and told to those who plan with it, is too high or too low.
    SocMisreport "soc_misreport" on Sensor of [Battery, Ev] {
        /// What is added, in % of the capacity; what is shown stays between 0 and 100 %.
        offset_percent: "%" = 10.0 in -100.0..=100.0;
    }
    /// The state of charge that is shown stays what it was when the fault began.
    SocStuck "soc_stuck" on Sensor of [Battery, Ev] {}
    /// The device's clock is wrong.
    ClockOffset "clock_offset" on Clock of [Pv, Battery, Evse, Ev, Load] {
        /// By how much it is ahead; behind if negative.
        offset_s: "s" = 3600.0 in -1e9..=1e9;
    }
    /// The device's clock goes too fast or too slowly from the beginning of the fault on.
    ClockDrift "clock_drift" on Clock of [Pv, Battery, Evse, Ev, Load] {
        /// Seconds that it gains in a million; loses if negative.
        ppm: "ppm" = 100.0 in -1e6..=1e6;
    }
    /// Nothing goes out from the device and nothing comes in: it goes on with what it was told before.
    CommunicationLoss "communication_loss" on Link of [Pv, Battery, Evse, Ev, Load] {}
    /// What goes out and what comes in is late.
    SlowLink "slow_link" on Link of [Pv, Battery, Evse, Ev, Load] {
        /// By how much.
        delay_s: "s" = 5.0 in 0.0..=86_400.0;
    }
    /// Messages are lost at random, in both directions.
    LossyLink "lossy_link" on Link of [Pv, Battery, Evse, Ev, Load] {
        /// Share of the messages that are lost.
        share: "share" = 0.1 in 0.0..=1.0;
    }
}

impl FromStr for FaultKind {
    type Err = FaultRefusal;

    fn from_str(name: &str) -> Result<Self, FaultRefusal> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == name);
        found.ok_or_else(|| FaultRefusal::Unknown(name.into()))
    }
}
