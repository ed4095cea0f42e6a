//! The state of the network that devices react to: one voltage and one frequency for the whole island, nominal unless
//! measured series give them. A power flow can take the place of the former later.

use crate::weather::{Step, mean_of_minute};
use agents::series::Series;
use scenarios::{Measured, Quantity};

/// Voltage and frequency where an inverter is connected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NetworkState {
    /// Voltage relative to its rating, p.u.
    pub voltage_pu: f64,
    /// Frequency, Hz.
    pub frequency_hz: f64,
}

impl NetworkState {
    /// A network that asks for nothing.
    pub const NOMINAL: Self = Self { voltage_pu: 1.0, frequency_hz: 50.0 };
}

/// The network of a run. Its state holds for a full minute and is a function of the minute alone, so that the moment
/// at which a threshold is crossed does not depend on the tick.
#[derive(Debug)]
pub(crate) struct Network {
    voltage: Option<Series>,
    frequency: Option<Series>,
    states: Vec<NetworkState>,
}

impl Network {
    pub(crate) fn new(measured: &Measured) -> Self {
        let series = |quantity| measured.get(quantity).cloned();
        Self { voltage: series(Quantity::Voltage), frequency: series(Quantity::Frequency), states: Vec::new() }
    }

    /// Makes the states of the coming steps.
    pub(crate) fn advance(&mut self, steps: &[Step]) {
        let value = |series: &Option<Series>, step, nominal| {
            series.as_ref().map_or(nominal, |series| mean_of_minute(series, step))
        };
        self.states.clear();
        self.states.extend(steps.iter().map(|step| NetworkState {
            voltage_pu: value(&self.voltage, step, NetworkState::NOMINAL.voltage_pu),
            frequency_hz: value(&self.frequency, step, NetworkState::NOMINAL.frequency_hz),
        }));
    }

    /// The state in each step.
    pub(crate) fn states(&self) -> &[NetworkState] {
        &self.states
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weather::cut_into_steps;
    use agents::{Calendar, Span, Time};

    /// The states in steps of ticks of `tick` over two minutes.
    fn states(measured: &Measured, tick: Span) -> Vec<NetworkState> {
        let (mut network, mut steps, mut states) = (Network::new(measured), Vec::new(), Vec::new());
        let mut start = Time(0);
        while start < Time(120_000) {
            cut_into_steps(start, start + tick, Calendar::default(), &mut steps);
            network.advance(&steps);
            states.extend_from_slice(network.states());
            start += tick;
        }
        states
    }

    /// Half minutes of `quantity` at these values.
    fn measured(quantity: &str, unit: &str, values: [f64; 4]) -> Measured {
        let times = ["00:00", "00:30", "01:00", "01:30"];
        let rows =
            times.iter().zip(values).map(|(at, value)| format!("1970-01-01T00:{at}Z,{quantity},{value},{unit}\n"));
        let mut measured = Measured::default();
        measured.add_csv(&format!("time,quantity,value,unit\n{}", rows.collect::<String>())).expect("valid");
        measured
    }

    #[test]
    fn without_measurements_the_network_is_nominal() {
        assert_eq!(states(&Measured::default(), Span::MINUTE), [NetworkState::NOMINAL; 2]);
    }

    #[test]
    fn measured_values_are_means_of_full_minutes_at_any_tick() {
        let frequency = measured("frequency", "Hz", [50.0, 50.2, 50.4, 50.4]);
        let found = |tick| states(&frequency, tick).iter().map(|state| state.frequency_hz).collect::<Vec<_>>();
        let close = |found: f64, expected: f64| (found - expected).abs() < 1e-12;
        assert!(found(Span::from_minutes(2)).into_iter().zip([50.1, 50.4]).all(|(found, mean)| close(found, mean)));
        let by_second = found(Span::from_s(1));
        assert_eq!(by_second.len(), 120);
        assert!(by_second.iter().enumerate().all(|(s, hz)| close(*hz, if s < 60 { 50.1 } else { 50.4 })));
    }

    #[test]
    fn a_voltage_in_percent_is_read_as_per_unit() {
        let voltage = states(&measured("voltage", "%", [104.0; 4]), Span::MINUTE)[0];
        assert!((voltage.voltage_pu - 1.04).abs() < 1e-12 && voltage.frequency_hz == 50.0);
    }
}
