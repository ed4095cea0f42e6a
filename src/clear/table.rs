//! Tables for people: columns as wide as they need, numbers with their points below each other, units in the header.

/// A cell of a table.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    /// Words, to the left.
    Words(String),
    /// A number of the column's smallest unit, to the right; nothing is a dash.
    Number(Option<i128>),
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heading {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its unit; empty for words and counts.
    pub(crate) unit: &'static str,
    /// Decimals that the smallest unit is apart from `unit`: 3 for Wh shown in kWh.
    pub(crate) decimals: u32,
}

/// Columns and rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    headings: Vec<Heading>,
    rows: Vec<Vec<Entry>>,
    /// Rows that end in a line.
    lines: Vec<usize>,
}

impl Table {
    /// A table without rows. `headings` are name, unit, decimals.
    pub(crate) fn new(headings: impl IntoIterator<Item = (&'static str, &'static str, u32)>) -> Self {
        let headings = headings.into_iter().map(|(name, unit, decimals)| Heading { name, unit, decimals }).collect();
        Self { headings, rows: Vec::new(), lines: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, entries: impl IntoIterator<Item = Entry>) {
        self.rows.push(entries.into_iter().collect());
    }

    /// Draws a line above the last row, which sums up the others.
    pub(crate) fn line_before_last(&mut self) {
        self.lines.push(self.rows.len().saturating_sub(1));
    }

    /// The table as text, indented by two.
    pub(crate) fn text(&self) -> String {
        let columns: Vec<Vec<String>> = (0..self.headings.len()).map(|at| self.column(at)).collect();
        let widths: Vec<usize> =
            columns.iter().map(|cells| cells.iter().map(|cell| width(cell)).max().unwrap_or(0)).collect();
        let mut text = String::new();
        for row in 0..self.rows.len() + 2 {
            let mut line = String::new();
            for (at, (cells, wide)) in columns.iter().zip(&widths).enumerate() {
                let cell = &cells[row];
                let gap = " ".repeat(wide - width(cell));
                line.push_str("  ");
                line.push_str(&if self.is_number(at) { format!("{gap}{cell}") } else { format!("{cell}{gap}") });
            }
            text.push_str(line.trim_end());
            text.push('\n');
            if row == 1 || row >= 2 && self.lines.contains(&(row - 1)) {
                let total = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
                text.push_str(&format!("  {}\n", "─".repeat(total)));
            }
        }
        text
    }

    fn is_number(&self, column: usize) -> bool {
        self.rows.iter().any(|row| matches!(row[column], Entry::Number(_)))
    }

    /// The cells of a column: name, unit, then the rows.
    fn column(&self, at: usize) -> Vec<String> {
        let Heading { name, unit, decimals } = self.headings[at];
        let numbers =
            || self.rows.iter().filter_map(|row| if let Entry::Number(number) = row[at] { number } else { None });
        let shown = decimals_shown(numbers(), decimals);
        let rows = self.rows.iter().map(|row| match &row[at] {
            Entry::Words(words) => words.clone(),
            Entry::Number(Some(number)) => decimal(*number, decimals, shown),
            Entry::Number(None) => "-".into(),
        });
        [name.to_owned(), unit.to_owned()].into_iter().chain(rows).collect()
    }
}

/// Characters, which are one place wide each in the words we print.
fn width(text: &str) -> usize {
    text.chars().count()
}

/// As many decimals as the numbers of a column need, but not more than five significant digits of the largest.
fn decimals_shown(numbers: impl Iterator<Item = i128> + Clone, decimals: u32) -> u32 {
    let largest = numbers.clone().map(i128::unsigned_abs).max().unwrap_or(0);
    let digits = largest.checked_ilog10().map_or(0, |log| log + 1);
    let needed = (0..=decimals).find(|shown| {
        let unit = 10_i128.pow(decimals - shown);
        numbers.clone().all(|number| number % unit == 0)
    });
    // Prices and energies are shown as they are; amounts of money, whose smallest unit is tiny, are rounded.
    let most = if decimals <= 3 { decimals } else { (decimals + 5).saturating_sub(digits.max(1)).clamp(2, decimals) };
    needed.unwrap_or(decimals).min(most)
}

/// A number of units of 10^-`decimals` with `shown` decimals, rounded half away from zero, thousands apart.
pub(crate) fn decimal(number: i128, decimals: u32, shown: u32) -> String {
    let unit = 10_u128.pow(decimals - shown);
    let rounded = (number.unsigned_abs() + unit / 2) / unit;
    let scale = 10_u128.pow(shown);
    let (whole, fraction) = ((rounded / scale).to_string(), rounded % scale);
    let groups: Vec<_> = whole.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group)).collect();
    let sign = if number < 0 && rounded > 0 { "-" } else { "" };
    let fraction = if shown == 0 { String::new() } else { format!(".{fraction:0>width$}", width = shown as usize) };
    format!("{sign}{}{fraction}", groups.join(" "))
}

/// Like [`decimal`], with as many decimals as a column of this one number would have.
pub(crate) fn figure(number: i128, decimals: u32) -> String {
    decimal(number, decimals, decimals_shown([number].into_iter(), decimals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_with_the_decimals_they_need() {
        assert_eq!(figure(1500, 3), "1.5");
        assert_eq!(figure(-250_000, 3), "-250");
        assert_eq!(figure(1_234_567_000, 3), "1 234 567");
        assert_eq!(figure(100_000_001, 9), "0.10000");
        assert_eq!(figure(123_456_789_012_345, 9), "123 456.79");
        assert_eq!(figure(0, 9), "0");
        assert_eq!(decimal(-4, 3, 2), "0.00", "no negative zero");
        assert_eq!(decimal(-5, 3, 2), "-0.01");
    }

    #[test]
    fn a_table_has_its_units_below_the_names_and_its_numbers_to_the_right() {
        let mut table = Table::new([("book", "", 0), ("price", "EUR/MWh", 3)]);
        table.row([Entry::Words("évening".into()), Entry::Number(Some(250_500))]);
        table.row([Entry::Words("night".into()), Entry::Number(None)]);
        table.row([Entry::Words("total".into()), Entry::Number(Some(-1000))]);
        table.line_before_last();
        let expected = [
            "  book       price\n",
            "           EUR/MWh\n",
            "  ────────────────\n",
            "  évening    250.5\n",
            "  night          -\n",
            "  ────────────────\n",
            "  total       -1.0\n",
        ];
        assert_eq!(table.text(), expected.concat());
    }
}
