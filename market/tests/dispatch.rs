//! Central dispatch against golden costs, with a checker of its own for every schedule, and prices that behave as prices.

use std::fs;
use std::path::{Path, PathBuf};

use market::Money;
use market::dispatch::{Community, Dispatch, DispatchError, Group, Limits, Member, Profile, Storage, dispatch, settle};
use market::optimise::{BranchAndBound, InteriorPoint};
use proptest::prelude::*;
use serde_json::{Value, json};

fn golden(folder: &str) -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/schedules").join(folder);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .into_iter()
        .map(|file| (file.clone(), serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()))
        .collect()
}

fn community_of(case: &Value) -> Community {
    let members = case.get("prosumers").cloned().unwrap_or_else(|| json!([case["prosumer"]]));
    let parts = ["steps", "dt_h", "price_import_eur_per_kwh", "price_export_eur_per_kwh"];
    let mut community: serde_json::Map<_, _> =
        parts.iter().map(|part| (part.to_string(), case[part].clone())).collect();
    community.insert("prosumers".to_owned(), members);
    serde_json::from_value(Value::Object(community)).unwrap()
}

fn solve(community: &Community) -> Result<Dispatch, DispatchError> {
    dispatch(community, &InteriorPoint::default())
}

/// Everything a schedule must keep, and what it costs: from the community and the powers alone.
fn cost_if_feasible(community: &Community, found: &Dispatch) -> f64 {
    const NEAR: f64 = 1e-6;
    let within = |limits: &Limits, step: usize, net: f64| {
        let most = |limit: &Option<Profile>| limit.as_ref().map_or(f64::INFINITY, |limit| limit.at(step));
        assert!(net <= most(&limits.import_kw) + NEAR, "{net} kW in at step {step}");
        assert!(-net <= most(&limits.export_kw) + NEAR, "{} kW out at step {step}", -net);
    };
    let mut cost = 0.0;
    for step in 0..community.steps {
        let mut total = 0.0;
        let mut of_groups = vec![0.0; community.groups.len()];
        for (member, schedule) in community.members.iter().zip(&found.members) {
            let pv = schedule.pv_kw[step];
            assert!(-NEAR <= pv && pv <= member.pv_kw.get(step).copied().unwrap_or(0.0) + NEAR);
            let mut net = member.load_kw[step] - pv;
            for (storage, powers) in member.storages.iter().zip(&schedule.storages) {
                let (charge, discharge) = (powers.charge_kw[step], powers.discharge_kw[step]);
                assert!(-NEAR <= charge && charge <= storage.charge_max_kw.at(step) + NEAR);
                assert!(-NEAR <= discharge && discharge <= storage.discharge_max_kw.at(step) + NEAR);
                net += charge - discharge;
                cost += community.step_h * storage.degradation_eur_per_kwh * (charge + discharge);
            }
            assert!((net - schedule.net_kw[step]).abs() < NEAR);
            within(&member.limits, step, net);
            total += net;
            let mut group = member.group;
            while let Some(index) = group {
                of_groups[index] += net;
                group = community.groups[index].parent;
            }
        }
        community.groups.iter().zip(of_groups).for_each(|(group, net)| within(&group.limits, step, net));
        within(&community.limits, step, total);
        assert!((found.import_kw[step] - found.export_kw[step] - total).abs() < NEAR);
        let price = if total > 0.0 { &community.import_price_eur_per_kwh } else { &community.export_price_eur_per_kwh };
        cost += community.step_h * total * price[step];
    }
    for (member, schedule) in community.members.iter().zip(&found.members) {
        for (storage, powers) in member.storages.iter().zip(&schedule.storages) {
            let mut energy = storage.start_kwh;
            for step in 0..community.steps {
                energy += community.step_h * powers.charge_kw[step] * storage.efficiency;
                energy -= community.step_h * powers.discharge_kw[step] / storage.efficiency;
                assert!((energy - powers.energy_kwh[step]).abs() < NEAR);
                assert!(storage.energy_min_kwh - NEAR <= energy && energy <= storage.energy_max_kwh + NEAR);
            }
            assert!(energy >= storage.end_min_kwh - NEAR);
        }
    }
    cost
}

#[test]
fn golden_costs_of_single_prosumers_are_met() {
    let cases = golden("tou");
    assert_eq!(cases.len(), 8);
    for (file, case) in cases {
        let community = community_of(&case);
        match (solve(&community), case["expected"]["status"].as_str().unwrap()) {
            (Ok(found), "feasible") => {
                let expected = case["expected"]["objective"].as_f64().unwrap();
                let cost = cost_if_feasible(&community, &found);
                assert!((cost - expected).abs() < 1e-6, "{file:?}: {cost} instead of {expected}");
                assert!((found.cost_eur - cost).abs() < 1e-9, "{file:?}");
            }
            (Err(DispatchError::TargetOutOfReach { storage: 0, step: 23, wanted_kwh, .. }), "infeasible") => {
                assert_eq!(wanted_kwh, 75.5);
            }
            (found, expected) => panic!("{file:?}: {found:?} instead of {expected}"),
        }
    }
}

#[test]
fn golden_costs_of_communities_are_met_and_never_exceed_what_members_pay_alone() {
    let cases = golden("community");
    assert_eq!(cases.len(), 2);
    for (file, case) in cases {
        let community = community_of(&case);
        let found = solve(&community).unwrap();
        let (expected, cost) = (case["expected"]["objective"].as_f64().unwrap(), cost_if_feasible(&community, &found));
        assert!((cost - expected).abs() < 1e-6, "{file:?}: {cost} instead of {expected}");
        let alone = |member: &Member| Community { members: vec![member.clone()], ..community.clone() };
        let alone: f64 = community.members.iter().map(|member| solve(&alone(member)).unwrap().cost_eur).sum();
        let expected = case["expected"]["sum_of_individual_optima"].as_f64().unwrap();
        assert!((alone - expected).abs() < 1e-6, "{file:?}: {alone} instead of {expected}");
        assert!(cost <= alone);
    }
}

/// A producer and a consumer behind a feeder with limits, and one outside.
fn feeder(export_kw: Option<f64>) -> Community {
    let limits = Limits { import_kw: None, export_kw: export_kw.map(Profile::from) };
    Community {
        steps: 2,
        step_h: 0.5,
        import_price_eur_per_kwh: vec![0.30, 0.40],
        export_price_eur_per_kwh: vec![0.05, 0.05],
        groups: vec![Group { name: "feeder".to_owned(), parent: None, limits }],
        members: vec![
            Member { group: Some(0), load_kw: vec![0.0, 0.0], pv_kw: vec![10.0, 1.0], ..Member::default() },
            Member { group: Some(0), load_kw: vec![2.0, 2.0], ..Member::default() },
            Member { load_kw: vec![20.0, 20.0], ..Member::default() },
        ],
        ..Community::default()
    }
}

#[test]
fn behind_a_full_feeder_energy_is_worth_less_and_the_rent_is_what_members_pay_beyond_the_grid() {
    let found = solve(&feeder(None)).unwrap();
    for member in &found.members {
        assert!((member.price_eur_per_kwh[0] - 0.30).abs() < 1e-6, "{:?}", member.price_eur_per_kwh);
    }
    assert_eq!(settle(&feeder(None), &found).surplus, Money(0));

    let narrow = feeder(Some(3.0));
    let found = solve(&narrow).unwrap();
    assert!((found.members[0].pv_kw[0] - 5.0).abs() < 1e-6, "5 kW are curtailed");
    assert!(found.members[0].price_eur_per_kwh[0].abs() < 1e-6, "one more kWh behind the limit is worth nothing");
    assert!((found.group_price_eur_per_kwh[0][1] - 0.40).abs() < 1e-6, "the limit does not bind at the second step");
    assert!((found.price_eur_per_kwh[0] - 0.30).abs() < 1e-6);
    let settlement = settle(&narrow, &found);
    let paid: Money = settlement.members.iter().map(|account| account.payment).sum();
    assert_eq!(paid, settlement.grid + settlement.surplus);
    // 3 kW for half an hour, bought at 0 and sold at 0.30.
    assert_eq!(settlement.surplus.as_eur(), 0.45);
    assert_eq!((settlement.members[0].sold.0, settlement.members[1].bought.0), (3000, 2000));
}

#[test]
fn limits_that_can_not_be_kept_are_named_by_place_and_step() {
    let mut community = feeder(None);
    community.members[2].name = "villa".to_owned();
    community.members[2].limits.import_kw = Some(Profile::Steps(vec![25.0, 10.0]));
    let error = solve(&community).unwrap_err();
    assert!(error.to_string().contains("member `villa` at step 1 can not be balanced"), "{error}");
}

#[test]
fn nonsense_is_refused_by_name() {
    let says = |change: &dyn Fn(&mut Community)| {
        let mut community = feeder(None);
        change(&mut community);
        solve(&community).unwrap_err().to_string()
    };
    assert!(says(&|c| c.members[1].load_kw[1] = f64::NAN).contains("the load of member 1 is NaN"));
    assert!(says(&|c| c.members[0].pv_kw[1] = -1.0).contains("the PV of member 0 is -1"));
    assert!(says(&|c| c.members[1].load_kw.truncate(1)).contains("has 1 values and the horizon 2 steps"));
    assert!(says(&|c| c.members[1].group = Some(7)).contains("group 7, which does not exist"));
    assert!(says(&|c| c.groups[0].parent = Some(0)).contains("lies in it in turn"));
    assert!(says(&|c| c.export_price_eur_per_kwh[1] = 0.41).contains("at step 1 exports earn 0.41"));
    assert!(
        says(&|c| c.limits.export_kw = Some(f64::INFINITY.into())).contains("the export limit of the community is inf")
    );
}

fn battery() -> Storage {
    Storage {
        energy_max_kwh: 10.0,
        energy_min_kwh: 0.0,
        charge_max_kw: 5.0.into(),
        discharge_max_kw: 5.0.into(),
        start_kwh: 5.0,
        end_min_kwh: 0.0,
        degradation_eur_per_kwh: 0.0,
        efficiency: 0.8,
    }
}

#[test]
fn a_storage_burns_energy_at_negative_prices_unless_charging_excludes_discharging() {
    let mut community = Community {
        steps: 4,
        step_h: 1.0,
        import_price_eur_per_kwh: vec![-0.20, -0.20, -0.30, 0.25],
        export_price_eur_per_kwh: vec![-0.25, -0.25, -0.30, 0.10],
        members: vec![Member { load_kw: vec![1.0; 4], storages: vec![battery()], ..Member::default() }],
        ..Community::default()
    };
    let burnt = solve(&community).unwrap();
    community.exclusive_charging = true;
    let honest = dispatch(&community, &BranchAndBound::default()).unwrap();
    assert!(honest.cost_eur > burnt.cost_eur + 0.1, "{} beside {}", honest.cost_eur, burnt.cost_eur);
    cost_if_feasible(&community, &honest);
    let storage = &honest.members[0].storages[0];
    for (charge, discharge) in storage.charge_kw.iter().zip(&storage.discharge_kw) {
        assert!(charge.min(*discharge) < 1e-6);
    }
}

/// A community with storages, PV, and limits that may bind.
fn random_community() -> impl Strategy<Value = Community> {
    let member = (
        prop::collection::vec(0..50_u32, 4),
        prop::collection::vec(0..80_u32, 4),
        any::<bool>(),
        prop::option::of(0..2_usize),
        prop::option::of(20..80_u32),
    );
    let prices = prop::collection::vec((5..40_u32, 0..40_u32), 4);
    let feeders = prop::collection::vec(prop::option::of(40..200_u32), 2);
    (prices, prop::collection::vec(member, 1..5), feeders).prop_map(|(prices, members, feeders)| {
        let tenth = |value: u32| f64::from(value) / 10.0;
        let limit = |kw: Option<u32>| Limits { import_kw: None, export_kw: kw.map(|kw| tenth(kw).into()) };
        let group = |(index, kw): (usize, Option<u32>)| Group {
            name: format!("feeder {index}"),
            parent: index.checked_sub(1),
            limits: limit(kw),
        };
        Community {
            steps: 4,
            step_h: 0.25,
            import_price_eur_per_kwh: prices.iter().map(|price| f64::from(price.0) / 100.0).collect(),
            export_price_eur_per_kwh: prices.iter().map(|price| f64::from(price.0.min(price.1)) / 100.0).collect(),
            groups: feeders.into_iter().enumerate().map(group).collect(),
            members: members
                .into_iter()
                .map(|(load, pv, stores, group, kw)| Member {
                    group,
                    limits: limit(kw),
                    load_kw: load.into_iter().map(tenth).collect(),
                    pv_kw: pv.into_iter().map(tenth).collect(),
                    storages: stores.then(battery).into_iter().collect(),
                    ..Member::default()
                })
                .collect(),
            ..Community::default()
        }
    })
}

proptest! {
    #[test]
    fn whatever_the_community_together_is_never_dearer_than_alone_and_money_is_conserved(community in random_community()) {
        let found = solve(&community).unwrap();
        let cost = cost_if_feasible(&community, &found);
        prop_assert!((cost - found.cost_eur).abs() < 1e-9);
        // Without limits that members share, being alone is one way of being together.
        let mut free = community.clone();
        free.groups.iter_mut().for_each(|group| group.limits = Limits::default());
        let joint = solve(&free).unwrap().cost_eur;
        let alone = |member: &Member| Community { members: vec![member.clone()], ..free.clone() };
        let alone: f64 = free.members.iter().map(|member| solve(&alone(member)).unwrap().cost_eur).sum();
        prop_assert!(joint <= alone + 1e-6);
        prop_assert!(joint <= cost + 1e-6, "limits never save anything");
        let settlement = settle(&community, &found);
        let paid: Money = settlement.members.iter().map(|account| account.payment).sum();
        prop_assert_eq!(paid, settlement.grid + settlement.surplus);
        // Up to the rounding of energy and prices the rent is what binding limits earn, never negative.
        prop_assert!(settlement.surplus.as_eur() > -1e-3, "{}", settlement.surplus);
    }

    /// The dual is the slope of the least cost: between what one unit less saves and one unit more costs.
    #[test]
    fn prices_are_what_one_more_kilowatt_hour_costs(community in random_community(), at in 0..4_usize) {
        let found = solve(&community).unwrap();
        let step_kw = 1e-3;
        let with = |by: f64| {
            let mut other = community.clone();
            other.members[0].load_kw[at] += by;
            solve(&other).map(|other| (other.cost_eur - found.cost_eur) / (by * community.step_h))
        };
        let price = found.members[0].price_eur_per_kwh[at];
        if let (Ok(less), Ok(more)) = (with(-step_kw), with(step_kw)) {
            prop_assert!(less - 1e-4 < price && price < more + 1e-4, "{less} <= {price} <= {more}");
        }
    }
}
