//! The table of invoices, one row per line.

use std::sync::Arc;

use agents::SiteId;
use agents::record::InvoiceRow;
use market::settlement::{Component, Direction, Period, TaxedLine};

use crate::columns::{
    Column, FlagColumn, NameColumn, NumberColumn, OptionalColumn, TextColumn, TimeColumn, WordColumn,
};
use crate::error::ResultsError;
use crate::names::{Names, nano_euro};
use crate::schema::{INVOICES, Table};
use crate::table::Columns;

pub(super) struct InvoiceColumns {
    names: Arc<Names>,
    time: TimeColumn,
    end_time: TimeColumn,
    site: NameColumn,
    month: TextColumn,
    is_partial: FlagColumn,
    line: WordColumn,
    side: WordColumn,
    quantity_wh: NumberColumn<i64>,
    mean_price_ueur_per_kwh: OptionalColumn<i64>,
    /// Before tax, the tax, with tax.
    amounts_neur: [NumberColumn<i64>; 3],
}

impl InvoiceColumns {
    pub(super) fn new(names: &Arc<Names>) -> Self {
        Self {
            names: Arc::clone(names),
            time: TimeColumn::default(),
            end_time: TimeColumn::default(),
            site: NameColumn::new(&names.sites),
            month: TextColumn::default(),
            is_partial: FlagColumn::default(),
            line: WordColumn::default(),
            side: WordColumn::default(),
            quantity_wh: NumberColumn::default(),
            mean_price_ueur_per_kwh: OptionalColumn::default(),
            amounts_neur: std::array::from_fn(|_| NumberColumn::default()),
        }
    }
}

/// A line of an invoice.
pub(super) struct InvoiceLineRow {
    site: SiteId,
    month: (i64, u32),
    period: Period,
    is_partial: bool,
    taxed: TaxedLine,
}

impl InvoiceLineRow {
    /// The lines of an invoice.
    pub(super) fn of(row: &InvoiceRow) -> impl Iterator<Item = Self> + '_ {
        let InvoiceRow { site, month, is_partial, invoice, .. } = row;
        let period = invoice.period;
        let line = move |taxed: &TaxedLine| Self {
            site: *site,
            month: *month,
            period,
            is_partial: *is_partial,
            taxed: *taxed,
        };
        invoice.lines.iter().map(line)
    }
}

impl Columns for InvoiceColumns {
    const TABLE: Table = INVOICES;
    type Row<'a> = InvoiceLineRow;

    fn push(&mut self, row: &InvoiceLineRow) -> Result<(), ResultsError> {
        let site = self.names.site(INVOICES.name, row.site)?;
        let (year, month) = row.month;
        let (line, taxed) = (&row.taxed.line, &row.taxed);
        let amounts = [("net_neur", line.amount), ("tax_neur", taxed.tax), ("total_neur", line.amount + taxed.tax)];
        for (column, (name, amount)) in self.amounts_neur.iter_mut().zip(amounts) {
            column.push(nano_euro(INVOICES.name, name, amount)?);
        }
        self.time.push(row.period.from);
        self.end_time.push(row.period.until);
        self.site.push(site);
        self.month.push(&format!("{year:04}-{month:02}"));
        self.is_partial.push(row.is_partial);
        self.line.push(word(line.component));
        self.side.push(match line.direction {
            Direction::Owed => "owed",
            Direction::Due => "due",
        });
        self.quantity_wh.push(line.quantity.0);
        self.mean_price_ueur_per_kwh.push(line.mean_price.map(|price| price.0));
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        let mut columns: Vec<&mut dyn Column> = vec![
            &mut self.time,
            &mut self.end_time,
            &mut self.site,
            &mut self.month,
            &mut self.is_partial,
            &mut self.line,
            &mut self.side,
            &mut self.quantity_wh,
            &mut self.mean_price_ueur_per_kwh,
        ];
        columns.extend(self.amounts_neur.iter_mut().map(|column| column as &mut dyn Column));
        columns
    }
}

/// What a line is called, as in `settlement.tax_on`.
fn word(component: Component) -> &'static str {
    match component {
        Component::Energy => "energy",
        Component::Community => "community",
        Component::Retail => "retail",
        Component::Balancing => "balancing",
        Component::GridFee => "grid-fee",
        Component::Levy => "levy",
        Component::Tax => "tax",
        Component::Standing => "standing",
        Component::Contract => "contract",
        Component::Adjustment => "adjustment",
    }
}
