//! Which profiles a station takes (K01 and its requirements).

use super::profiles::{Installed, Profiles, Session};
use crate::v201::{
    ChargingLimitSource, ChargingProfile, ChargingProfileKind, ChargingProfilePurpose, ChargingRateUnit,
    ChargingSchedule, DateTime,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a station can keep (component `SmartChargingCtrlr`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// `ProfileStackLevel`: the highest stack level.
    pub stack_level: i32,
    /// `PeriodsPerSchedule`.
    pub periods: usize,
    /// `Entries[ChargingProfiles]`: profiles in all.
    pub entries: usize,
    /// The number of EVSEs.
    pub evses: i32,
}

/// Why a profile is not taken; the text is what `additionalInfo` says, [`Why::reason_code`] its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Why {
    /// There is no such EVSE.
    #[error("there is no such EVSE")]
    UnknownEvse,
    /// External limits are not the CSMS's to set.
    #[error("external constraints are not set by a CSMS")]
    External,
    /// The purpose and the EVSE do not go together.
    #[error("this purpose is not for this EVSE")]
    PurposeAndEvse,
    /// A profile of a transaction that is not there.
    #[error("there is no such transaction on this EVSE")]
    UnknownTransaction,
    /// The stack level is out of range.
    #[error("the stack level is beyond ProfileStackLevel")]
    StackLevel,
    /// Too many profiles.
    #[error("no more profiles can be kept")]
    Full,
    /// Another profile has this level already.
    #[error("another profile has this purpose and stack level")]
    Conflict,
    /// The kind asks for what is not there, or forbids what is.
    #[error("kind, recurrency and start of the schedule do not go together")]
    Kind,
    /// The schedule itself is not in order.
    #[error("the schedule's periods are not in order, too many, or out of range")]
    Schedule,
    /// It would never be valid.
    #[error("validTo is not after validFrom")]
    Validity,
}

impl Why {
    /// `reasonCode` of part 2, appendix 5.
    pub fn reason_code(self) -> &'static str {
        match self {
            Self::UnknownEvse => "UnknownEvse",
            Self::External | Self::PurposeAndEvse | Self::Kind => "InvalidProfile",
            Self::UnknownTransaction => "TxNotFound",
            Self::StackLevel => "InvalidStackLevel",
            Self::Full => "OutOfMemory",
            Self::Conflict => "DuplicateProfile",
            Self::Schedule | Self::Validity => "InvalidSchedule",
        }
    }
}

impl Profiles {
    /// Installs a profile of the CSMS. One of the same id and purpose is replaced.
    ///
    /// # Errors
    /// What of it is against the rules; nothing changes then.
    pub fn install(
        &mut self,
        evse_id: i32,
        profile: ChargingProfile,
        rules: &Rules,
        session: Session<'_>,
    ) -> Result<(), Why> {
        check(evse_id, &profile, rules, session)?;
        let others = || self.installed.iter().filter(|one| one.profile.id != profile.id);
        if others().any(|one| conflicts(one, evse_id, &profile)) {
            return Err(Why::Conflict);
        }
        if others().count() >= rules.entries {
            return Err(Why::Full);
        }
        let is_external = |one: &Installed| {
            one.profile.charging_profile_purpose == ChargingProfilePurpose::ChargingStationExternalConstraints
        };
        if self.installed.iter().any(|one| one.profile.id == profile.id && is_external(one)) {
            return Err(Why::External);
        }
        self.installed.retain(|one| one.profile.id != profile.id);
        self.installed.push(Installed { evse_id, source: ChargingLimitSource::Cso, profile });
        Ok(())
    }

    /// Installs an external limit (K11, K12); it takes the place of the one its source had at this EVSE.
    ///
    /// # Errors
    /// When the schedule is not in order.
    pub fn install_external(
        &mut self,
        evse_id: i32,
        source: ChargingLimitSource,
        schedule: ChargingSchedule,
    ) -> Result<(), Why> {
        check_schedule(&schedule, usize::MAX)?;
        self.clear_external(evse_id, source);
        // Ids of external limits are negative: no CSMS gave them.
        let id = self.installed.iter().map(|one| one.profile.id).min().unwrap_or(0).min(0) - 1;
        let profile = ChargingProfile {
            id,
            stack_level: 0,
            charging_profile_purpose: ChargingProfilePurpose::ChargingStationExternalConstraints,
            charging_profile_kind: ChargingProfileKind::Absolute,
            charging_schedule: crate::v201::Items::new(vec![schedule]).expect("one is within 1 to 3"),
            recurrency_kind: None,
            valid_from: None,
            valid_to: None,
            transaction_id: None,
            custom_data: None,
        };
        self.installed.push(Installed { evse_id, source, profile });
        Ok(())
    }
}

/// Two profiles of one purpose and stack level may not be valid at one time (K01). `TxDefaultProfile` on EVSE 0 holds
/// on all EVSEs.
fn conflicts(one: &Installed, evse_id: i32, profile: &ChargingProfile) -> bool {
    let purpose = profile.charging_profile_purpose;
    let over_all = purpose == ChargingProfilePurpose::TxDefaultProfile && (one.evse_id == 0) != (evse_id == 0);
    let before =
        |to: Option<DateTime>, from: Option<DateTime>| matches!((to, from), (Some(to), Some(from)) if to <= from);
    one.profile.charging_profile_purpose == purpose
        && one.profile.stack_level == profile.stack_level
        && (one.evse_id == evse_id || over_all)
        && one.profile.transaction_id == profile.transaction_id
        && !before(one.profile.valid_to, profile.valid_from)
        && !before(profile.valid_to, one.profile.valid_from)
}

fn check(evse_id: i32, profile: &ChargingProfile, rules: &Rules, session: Session<'_>) -> Result<(), Why> {
    use ChargingProfilePurpose::*;
    let ensure = |holds: bool, why: Why| if holds { Ok(()) } else { Err(why) };
    ensure((0..=rules.evses).contains(&evse_id), Why::UnknownEvse)?;
    let kind = profile.charging_profile_kind;
    match profile.charging_profile_purpose {
        ChargingStationExternalConstraints => return Err(Why::External),
        ChargingStationMaxProfile => {
            ensure(evse_id == 0, Why::PurposeAndEvse)?;
            ensure(kind != ChargingProfileKind::Relative, Why::Kind)?;
        }
        TxDefaultProfile => {}
        TxProfile => {
            ensure(evse_id > 0, Why::PurposeAndEvse)?;
            let asked = profile.transaction_id.as_deref();
            ensure(asked.is_some() && asked == session.transaction_id, Why::UnknownTransaction)?;
        }
    }
    ensure(profile.transaction_id.is_none() || profile.charging_profile_purpose == TxProfile, Why::PurposeAndEvse)?;
    ensure((0..=rules.stack_level).contains(&profile.stack_level), Why::StackLevel)?;
    let recurring = kind == ChargingProfileKind::Recurring;
    ensure(recurring == profile.recurrency_kind.is_some(), Why::Kind)?;
    for schedule in profile.charging_schedule.iter() {
        let relative = kind == ChargingProfileKind::Relative;
        ensure(relative != schedule.start_schedule.is_some(), Why::Kind)?;
        check_schedule(schedule, rules.periods)?;
    }
    let ordered = !matches!((profile.valid_from, profile.valid_to), (Some(from), Some(to)) if to <= from);
    ensure(ordered, Why::Validity)
}

fn check_schedule(schedule: &ChargingSchedule, most: usize) -> Result<(), Why> {
    let periods = &schedule.charging_schedule_period;
    let ordered =
        periods[0].start_period == 0 && periods.windows(2).all(|two| two[0].start_period < two[1].start_period);
    let in_range = periods.iter().all(|period| {
        period.limit.is_finite()
            && period.limit >= 0.0
            && period.number_phases.is_none_or(|phases| (1..=3).contains(&phases))
            && period.phase_to_use.is_none_or(|phase| (1..=3).contains(&phase) && period.number_phases == Some(1))
    });
    let positive = schedule.duration.is_none_or(|duration| duration > 0);
    let known_unit = matches!(schedule.charging_rate_unit, ChargingRateUnit::A | ChargingRateUnit::W);
    let holds = periods.len() <= most && ordered && in_range && positive && known_unit;
    if holds { Ok(()) } else { Err(Why::Schedule) }
}
