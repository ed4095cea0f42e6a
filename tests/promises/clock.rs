//! Promises about the clock: ticks fall on the clock face, and a gap is lived through, not left out.

use crate::rig::{Interval, Keep, Outside, at, busy, martinique, plan, sweep};
use agents::record::{Event, EventCode};
use agents::{ParticipantId, Span};
use twin::{Journal, Kernel, LiveHost, SweepHost};

#[test]
fn a_gap_that_is_skipped_is_lived_through_in_slots_and_replays_to_the_same_rows() {
    let plan = plan(&busy("1d", "1m", 4));
    let (from, until) = (at(&plan, 9.0) + Span::MINUTE * 7, at(&plan, 15.0) + Span::MINUTE * 4);
    let mut kernel = Kernel::new(&plan);
    let mut host = LiveHost::new(&plan, 1).unwrap();
    let mut rows = Keep::default();
    while !kernel.is_over() {
        if kernel.now() == from {
            kernel.skip(until);
        }
        kernel.tick(&mut host, &mut rows).unwrap();
    }
    let text = kernel.journal().to_json_lines();
    let replayed = sweep(&plan, Outside::Replay(&Journal::from_json_lines(&text).unwrap()));
    assert_eq!(rows.0, replayed.rows, "replayed on the other host");
    let within = rows.0.iter().filter(|interval| from <= interval.start && interval.start < until);
    let lengths: Vec<_> = within.map(|interval| (interval.length.seconds() / 60.0) as i64).collect();
    assert_eq!((lengths[0], lengths[1], lengths.len()), (8, 15, 25), "to the quarter hour, then quarter hours");
    assert_eq!(lengths.last(), Some(&4));
    let told: Vec<&Event> = replayed.events(EventCode::ClockReanchored);
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].time, told[0].participant), (from, ParticipantId::OUTSIDE));
    assert!(told[0].detail.starts_with("21420 s behind"), "{}", told[0].detail);
    // Nobody commands at other instants because of it: the day is the same day.
    let undisturbed = sweep(&plan, Outside::Nothing);
    let produced_kwh = |rows: &[Interval]| {
        let of = |interval: &Interval| {
            let pv_kw: f64 = interval.assets.iter().filter(|reading| reading.power_kw < 0.0).map(|r| r.power_kw).sum();
            pv_kw * interval.length.hours()
        };
        rows.iter().map(of).sum::<f64>()
    };
    let (expected, found) = (produced_kwh(&undisturbed.rows), produced_kwh(&replayed.rows));
    assert!((found / expected - 1.0).abs() < 0.02, "{found} kWh, not {expected}");
}

#[test]
fn ticks_fall_on_the_clock_face_wherever_a_run_begins_and_end_with_it() {
    let mut plan = plan(&martinique("1h", "15m", 1));
    plan.start = plan.start - Span::from_minutes(8);
    plan.end = plan.end - Span::from_minutes(4);
    let (mut kernel, mut rows) = (Kernel::new(&plan), Keep::default());
    let mut host = SweepHost::new(&plan, kernel.world_mut());
    while !kernel.is_over() {
        kernel.tick(&mut host, &mut rows).unwrap();
    }
    let minutes: Vec<_> = rows.0.iter().map(|interval| (interval.length.seconds() / 60.0) as i64).collect();
    assert_eq!(minutes, [8, 15, 15, 15, 11]);
    assert_eq!(kernel.now(), plan.end);
}

#[test]
fn a_run_without_a_gap_is_the_same_with_the_journal_taken_out_as_it_grows() {
    let plan = plan(&martinique("3h", "1m", 2));
    let (mut kernel, mut rows) = (Kernel::new(&plan), Keep::default());
    let mut host = SweepHost::new(&plan, kernel.world_mut());
    while !kernel.is_over() {
        assert!(kernel.journal_mut().take().is_empty());
        kernel.tick(&mut host, &mut rows).unwrap();
    }
    assert_eq!(rows.0, sweep(&plan, Outside::Nothing).rows);
}
