//! Every watt-hour is billed once.

use market::{Energy, Money, Position, Price, Tariff, settle};
use proptest::prelude::*;

proptest! {
    #[test]
    fn every_watt_hour_is_billed_once(
        (import, export) in (0_i64..5_000, prop_oneof![Just(0_i64), 0_i64..5_000]),
        (bought, sold, paid) in (0_i64..5_000, 0_i64..5_000, -1_000_000_i128..1_000_000),
        (import_price, export_price) in (-500_i64..500, -500_i64..500),
    ) {
        let position = Position { bought: Energy(bought), sold: Energy(sold), paid: Money(paid) };
        let tariff = Tariff { import: Price(import_price), export: Price(export_price) };
        let bill = settle(Energy(import), Energy(export), &position, &tariff);

        let residual_net = (import - export) - (bought - sold);
        prop_assert_eq!(bill.residual_import - bill.residual_export, Energy(residual_net));
        prop_assert!(bill.residual_import.min(bill.residual_export) >= Energy::ZERO);
        prop_assert_eq!(
            bill.residual,
            bill.residual_import * tariff.import - bill.residual_export * tariff.export
        );
        prop_assert_eq!(bill.total, position.paid + bill.residual);
        if import == 0 || export == 0 {
            prop_assert_eq!(bill.residual_import.min(bill.residual_export), Energy::ZERO);
        }
    }
}
