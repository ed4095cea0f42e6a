//! A book of a file: its orders as the market takes them, and the names the file gives them.

use super::cells::{Cell, Field};
use super::error::ClearError;
use agents::Time;
use market::{AgentId, Book, Energy, Order, OrderId, Price, Side, Trade};
use std::collections::BTreeMap;
use std::fmt;

/// Where an order stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a list of a JSON book.
    Element(Side, usize),
    /// In a line of a CSV file, from 1.
    Line(u64),
    /// In a row of a Parquet file, from 0.
    Row(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Element(Side::Bid, at) => write!(f, "bids[{at}]"),
            Self::Element(Side::Offer, at) => write!(f, "offers[{at}]"),
            Self::Line(line) => write!(f, "line {line}"),
            Self::Row(row) => write!(f, "row {row}"),
        }
    }
}

/// Which book of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BookName {
    /// The name the file gives it.
    pub(crate) name: Option<String>,
    /// First instant of delivery.
    pub(crate) slot: Option<Time>,
    /// The market area.
    pub(crate) area: Option<String>,
}

impl BookName {
    /// Whether these words mean this book: its whole name, the name alone, or the first instant of delivery.
    pub(crate) fn is(&self, words: &str) -> bool {
        let instant = || words.parse::<jiff::Timestamp>().ok().map(|instant| Time(instant.as_millisecond()));
        self.name.as_deref() == Some(words)
            || self.to_string() == words
            || self.slot.is_some() && self.slot == instant()
    }
}

impl fmt::Display for BookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slot = self.slot.map(|slot| slot.to_string());
        let parts = [self.name.as_deref(), slot.as_deref(), self.area.as_deref()];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        f.write_str(&if parts.is_empty() { "book".to_owned() } else { parts.join(" ") })
    }
}

/// A book of a file, ready to be cleared. Its order `n` is the `n`-th of [`ids`](Self::ids), its agent `n` the `n`-th
/// of [`agents`](Self::agents).
#[derive(Clone, Debug)]
pub(crate) struct FileBook {
    /// The file.
    pub(crate) file: String,
    /// Which book of it.
    pub(crate) name: BookName,
    /// One price unit of the book, in micro-euro per kWh: prices are formed in the unit of the file, so that they are
    /// rounded there.
    pub(crate) unit_ueur_per_kwh: i64,
    /// The orders.
    pub(crate) book: Book,
    /// Names of orders.
    pub(crate) ids: Vec<String>,
    /// Names of agents.
    pub(crate) agents: Vec<String>,
    /// Orders for nothing, which were left out.
    pub(crate) left_out: usize,
}

/// A trade by the names of its file.
pub(crate) struct NamedTrade<'a> {
    /// The buying order.
    pub(crate) bid: &'a str,
    /// The selling order.
    pub(crate) offer: &'a str,
    /// Who buys.
    pub(crate) buyer: &'a str,
    /// Who sells.
    pub(crate) seller: &'a str,
    /// The price, whatever the unit of the book.
    pub(crate) price_ueur_per_kwh: i64,
}

impl FileBook {
    /// A trade of this book by its names.
    pub(crate) fn named(&self, trade: &Trade) -> NamedTrade<'_> {
        NamedTrade {
            bid: &self.ids[trade.bid.0 as usize],
            offer: &self.ids[trade.offer.0 as usize],
            buyer: &self.agents[trade.buyer.0 as usize],
            seller: &self.agents[trade.seller.0 as usize],
            price_ueur_per_kwh: self.in_ueur(trade.price),
        }
    }

    /// A price of this book in micro-euro per kWh.
    pub(crate) fn in_ueur(&self, price: Price) -> i64 {
        price.0.checked_mul(self.unit_ueur_per_kwh).expect("limits leave room for the unit, and prices lie near them")
    }
}

/// Collects the orders of a book.
#[derive(Debug)]
pub(crate) struct Collector {
    file: String,
    name: BookName,
    unit_ueur_per_kwh: i64,
    orders: Vec<Order>,
    ids: Vec<String>,
    places: Vec<Place>,
    agents: BTreeMap<String, AgentId>,
    left_out: usize,
    /// How the first order gave its limit.
    limit: Option<Field>,
}

impl Collector {
    pub(crate) fn new(file: &str, name: BookName, unit_ueur_per_kwh: i64) -> Self {
        Self {
            file: file.into(),
            name,
            unit_ueur_per_kwh,
            orders: Vec::new(),
            ids: Vec::new(),
            places: Vec::new(),
            agents: BTreeMap::new(),
            left_out: 0,
            limit: None,
        }
    }

    /// Takes an order, given as its fields.
    pub(crate) fn add(
        &mut self,
        place: Place,
        side: Option<Side>,
        cells: &[(Field, &str, Cell<'_>)],
    ) -> Result<(), ClearError> {
        let read = Reading { of: self, place, cells };
        let side = side.map_or_else(|| read.side(), Ok)?;
        let id = read.value(Field::Id, "id", Cell::name)?;
        let agent = read.value(Field::Agent, "agent", Cell::name)?;
        let quantity = Energy(read.value(Field::Quantity, "quantity_wh", Cell::quantity_wh)?);
        let (limit_field, limit) = read.limit()?;
        let quality = read.value(Field::Quality, "quality", Cell::quality)?;
        let premium_bp = read.value(Field::Premium, "premium_percent", Cell::premium_bp)?;
        let submitted_ms = read.submitted()?;
        self.limit = Some(limit_field);
        if quantity == Energy::ZERO {
            self.left_out += 1;
            return Ok(());
        }
        let (next, count) = (self.ids.len() as u64, self.agents.len() as u32);
        let agent = *self.agents.entry(agent).or_insert(AgentId(count));
        self.ids.push(id);
        self.places.push(place);
        let (id, limit) = (OrderId(next), Price(limit));
        self.orders.push(Order { id, agent, side, quantity, limit, quality, premium_bp, submitted_ms, lottery: next });
        Ok(())
    }

    /// Checks the orders as a whole.
    pub(crate) fn finish(self) -> Result<FileBook, ClearError> {
        self.check_ids()?;
        self.check_totals()?;
        let book = Book::in_given_order(self.orders)
            .map_err(|error| ClearError::place(&self.file, format!("book `{}`", self.name), error.to_string()))?;
        let mut agents = vec![String::new(); self.agents.len()];
        for (name, id) in self.agents {
            agents[id.0 as usize] = name;
        }
        let Self { file, name, unit_ueur_per_kwh, ids, left_out, .. } = self;
        Ok(FileBook { file, name, unit_ueur_per_kwh, book, ids, agents, left_out })
    }

    fn check_ids(&self) -> Result<(), ClearError> {
        let mut order: Vec<usize> = (0..self.ids.len()).collect();
        order.sort_unstable_by(|&a, &b| self.ids[a].cmp(&self.ids[b]).then(a.cmp(&b)));
        let twice = order.windows(2).find(|pair| self.ids[pair[0]] == self.ids[pair[1]]);
        twice.map_or(Ok(()), |pair| {
            let problem = format!(
                "the id `{}` is that of {} too: give every order of a book an id of its own, on both sides",
                self.ids[pair[1]], self.places[pair[0]]
            );
            Err(self.wrong(self.places[pair[1]], "", problem))
        })
    }

    /// The market would refuse the book too, but does not know the file's names.
    fn check_totals(&self) -> Result<(), ClearError> {
        for side in [Side::Bid, Side::Offer] {
            let mut total_wh = 0_i64;
            for (order, place) in self.orders.iter().zip(&self.places).filter(|(order, _)| order.side == side) {
                let sum = total_wh.checked_add(order.quantity.0);
                total_wh = sum.ok_or_else(|| {
                    let problem = format!(
                        "is {}, which takes the sum of the {side}s beyond 64 bits: check the unit, quantities are in Wh",
                        order.quantity.0
                    );
                    self.wrong(*place, ", quantity_wh", problem)
                })?;
            }
        }
        Ok(())
    }

    /// An error about an order: `field` is empty, or begins with a comma.
    fn wrong(&self, place: Place, field: &str, problem: impl Into<String>) -> ClearError {
        let book = if self.name == BookName::default() { String::new() } else { format!("book `{}`, ", self.name) };
        ClearError::place(&self.file, format!("{book}{place}{field}"), problem)
    }
}

/// An order being read.
struct Reading<'a> {
    of: &'a Collector,
    place: Place,
    cells: &'a [(Field, &'a str, Cell<'a>)],
}

impl<'a> Reading<'a> {
    fn find(&self, field: Field) -> Option<(&'a str, &'a Cell<'a>)> {
        let found = self.cells.iter().find(|(of, _, cell)| *of == field && *cell != Cell::Missing);
        found.map(|(_, name, cell)| (*name, cell))
    }

    fn wrong(&self, name: &str, problem: String) -> ClearError {
        // An order is better known by its name than by its place.
        let id = self.find(Field::Id).filter(|_| name != "id").map_or_else(String::new, |(_, id)| format!(" ({id})"));
        self.of.wrong(self.place, &format!("{id}, {name}"), problem)
    }

    fn value<T>(
        &self,
        field: Field,
        name: &'static str,
        read: impl Fn(&Cell<'a>) -> Result<T, String>,
    ) -> Result<T, ClearError> {
        let (name, cell) = self.find(field).unwrap_or((name, &Cell::Missing));
        read(cell).map_err(|problem| self.wrong(name, problem))
    }

    fn side(&self) -> Result<Side, ClearError> {
        self.value(Field::Side, "side", |cell| match cell {
            Cell::Text(text) if text == "bid" => Ok(Side::Bid),
            Cell::Text(text) if text == "offer" => Ok(Side::Offer),
            other => Err(format!("is {other}: write `bid` to buy or `offer` to sell")),
        })
    }

    fn limit(&self) -> Result<(Field, i64), ClearError> {
        let unit = self.of.unit_ueur_per_kwh;
        let given = [Field::LimitUeur, Field::LimitEur, Field::LimitUnits]
            .map(|field| self.find(field).map(|found| (field, found)));
        let mut given = given.into_iter().flatten();
        let Some((field, (name, cell))) = given.next() else {
            let problem = "is missing: give the limit in `limit_ueur_per_kwh` or `limit_eur_per_mwh`".into();
            return Err(self.wrong("limit", problem));
        };
        if let Some((_, (other, _))) = given.next() {
            return Err(self.wrong(other, format!("is given beside `{name}`: an order has one limit")));
        }
        if self.of.limit.is_some_and(|first| first != field) {
            let problem = "orders before this one gave theirs in another unit: use one unit in a book".into();
            return Err(self.wrong(name, problem));
        }
        let limit = match field {
            Field::LimitEur => cell.limit_eur_per_mwh(),
            _ => cell.limit_whole(unit),
        };
        limit.map(|limit| (field, limit)).map_err(|problem| self.wrong(name, problem))
    }

    fn submitted(&self) -> Result<i64, ClearError> {
        match self.find(Field::Submitted) {
            None => Ok(0),
            Some((name, cell)) => cell.instant().map(|time| time.0).map_err(|problem| self.wrong(name, problem)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(collector: &mut Collector, line: u64, id: &str, quantity: i64, limit: Cell<'_>) -> Result<(), ClearError> {
        let cells = [
            (Field::Id, "id", Cell::Text(id.into())),
            (Field::Agent, "agent", Cell::Text("a".into())),
            (Field::Quantity, "quantity_wh", Cell::Integer(quantity)),
            (Field::LimitUeur, "limit_ueur_per_kwh", limit),
        ];
        collector.add(Place::Line(line), Some(Side::Bid), &cells)
    }

    fn evening() -> Collector {
        Collector::new("b.csv", BookName { name: Some("evening".into()), ..BookName::default() }, 1)
    }

    #[test]
    fn orders_for_nothing_are_left_out_and_counted() {
        let mut collector = evening();
        add(&mut collector, 2, "b1", 0, Cell::Integer(5)).expect("left out");
        add(&mut collector, 3, "b2", 7, Cell::Integer(5)).expect("taken");
        let book = collector.finish().expect("a book");
        assert_eq!((book.left_out, book.book.len(), book.ids.as_slice()), (1, 1, &["b2".to_owned()][..]));
    }

    #[test]
    fn what_is_wrong_with_an_order_is_told_with_its_place_and_the_way_out() {
        let mut collector = evening();
        let told = add(&mut collector, 2, "b1", -7, Cell::Integer(5)).expect_err("negative").to_string();
        assert!(told.starts_with("b.csv: book `evening`, line 2 (`b1`), quantity_wh: is -7: "), "{told}");
        let told = add(&mut collector, 2, "b1", 7, Cell::Missing).expect_err("no limit").to_string();
        assert!(told.contains("limit: is missing: give the limit in"), "{told}");
    }

    #[test]
    fn an_id_used_twice_names_both_places() {
        let mut collector = evening();
        for line in [2, 3, 4] {
            add(&mut collector, line, if line == 3 { "b2" } else { "b1" }, 1, Cell::Integer(5)).expect("taken");
        }
        let told = collector.finish().expect_err("twice").to_string();
        assert!(told.starts_with("b.csv: book `evening`, line 4: the id `b1` is that of line 2 too"), "{told}");
    }

    #[test]
    fn a_sum_beyond_the_integers_names_the_order_that_breaks_it() {
        let mut collector = evening();
        add(&mut collector, 2, "b1", i64::MAX, Cell::Integer(5)).expect("taken");
        add(&mut collector, 3, "b2", 1, Cell::Integer(5)).expect("taken");
        let told = collector.finish().expect_err("too much").to_string();
        assert!(told.contains("line 3, quantity_wh: is 1, which takes the sum of the bids beyond 64 bits"), "{told}");
    }
}
