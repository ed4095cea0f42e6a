//! What `--mechanism` chooses from.

use super::error::ClearError;
use super::problems::FORMS;
use market::auction::{Documentation, Kind, catalogue};
use market::{BoxedMechanism, mechanism};
use scenarios::nearest;

/// A mechanism, by the words that chose it.
pub(crate) struct Chosen {
    /// The words, in the shortest form that means the same.
    pub(crate) spec: String,
    /// What clears.
    pub(crate) mechanism: BoxedMechanism,
}

/// The mechanisms of these words, each once.
pub(crate) fn choose(specs: &[String]) -> Result<Vec<Chosen>, ClearError> {
    let mut all: Vec<Chosen> = Vec::new();
    for words in specs {
        let mechanism = mechanism(words).map_err(|error| ClearError::Mechanism(unknown(words, &error.to_string())))?;
        let spec = mechanism.specification();
        if all.iter().any(|chosen| chosen.spec == spec) {
            return Err(ClearError::Mechanism(format!("`{spec}` is given twice: leave one out")));
        }
        all.push(Chosen { spec, mechanism });
    }
    Ok(all)
}

/// Whether the words choose a mechanism for books; some also name one for another form of market.
pub(super) fn is_auction(words: &str) -> bool {
    mechanism(words).is_ok()
}

/// What is wrong with the words, with the name that was meant, if one is alike.
fn unknown(words: &str, problem: &str) -> String {
    let entries = catalogue();
    let of_forms = FORMS.into_iter().flat_map(|form| form.mechanisms).map(|solver| solver.name);
    let names = entries.iter().flat_map(|entry| entry.others.iter().copied().chain([entry.name]));
    let names: Vec<&str> = names.chain(of_forms).collect();
    let word = |word: &&str| !names.contains(word) && !word.contains('=');
    match words.split_whitespace().find(word).and_then(|word| Some((word, nearest(word, names.iter().copied())?))) {
        Some((word, near)) => {
            format!("there is no mechanism `{word}`: did you mean `{near}`? (cariflex clear --list tells of each)")
        }
        None => format!("{problem} (cariflex clear --list tells of each)"),
    }
}

/// Characters in a line of the list.
const WIDTH: usize = 100;

/// The mechanisms as a text for people.
pub(crate) fn list() -> String {
    let mut text = String::from("Auctions: each clears a book of orders.\n");
    let entries = catalogue();
    entries.iter().filter(|entry| entry.kind == Kind::Auction).for_each(|entry| text += &tell(entry));
    text += "\nWrappers: each stands before an auction and changes what that sees, as in `premium pay-as-bid`.\n";
    entries.iter().filter(|entry| entry.kind == Kind::Wrapper).for_each(|entry| text += &tell(entry));
    text += "\nLinks: each stands between two stages, as in `quality-separate pay-as-bid then pay-as-bid`.\n";
    entries.iter().filter(|entry| entry.kind == Kind::Link).for_each(|entry| text += &tell(entry));
    text += "\nOther forms of market: each solves files of its own.\n";
    for form in FORMS {
        for solver in form.mechanisms {
            text += &format!("\n  {}   for {}\n", solver.name, form.holds);
            text += &facts([("decides", solver.rule), ("price", solver.price)]);
        }
    }
    text
}

fn tell(entry: &Documentation) -> String {
    let mut head = format!("\n  {}", entry.name);
    if !entry.parameters.is_empty() {
        head += &format!(" {}", entry.parameters);
    }
    if !entry.others.is_empty() {
        head += &format!("   also {}", entry.others.join(", "));
    }
    head + "\n" + &facts([("trades", entry.rule), ("price", entry.price), ("ties", entry.tie_break)])
}

fn facts<const N: usize>(facts: [(&str, &str); N]) -> String {
    facts.map(|(name, text)| format!("      {name:<9}{}", wrapped(text, 15))).concat()
}

/// A paragraph, wrapped, with all lines but the first indented.
fn wrapped(text: &str, indent: usize) -> String {
    let (mut lines, mut line) = (String::new(), String::new());
    for word in text.split_whitespace() {
        if !line.is_empty() && indent + line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines += &format!("{line}\n{}", " ".repeat(indent));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    format!("{lines}{line}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(words: &[&str]) -> String {
        let specs: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        choose(&specs).err().expect("it is no mechanism").to_string()
    }

    /// The tables of `market/README.md`: auctions and wrappers, and what solves the other forms.
    fn reference() -> String {
        let mut text = market::auction::catalogue_table();
        text += "\n| mechanism | for | decides | price |\n|---|---|---|---|\n";
        for form in FORMS {
            for solver in form.mechanisms {
                text += &format!("| `{}` | {} | {} | {} |\n", solver.name, form.holds, solver.rule, solver.price);
            }
        }
        text
    }

    #[test]
    fn a_slip_in_any_word_is_told_with_what_was_meant() {
        assert!(told(&["pay-as-bit"]).contains("did you mean `pay-as-bid`?"));
        assert!(told(&["premium pay-as-bit"]).contains("did you mean `pay-as-bid`?"));
        assert!(told(&["first-price"]).contains("choose one of"));
        assert!(told(&["pay-as-bid", "pay-as-bid"]).contains("given twice"));
    }

    #[test]
    fn the_tables_of_mechanisms_are_those_of_the_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/market/README.md");
        let (begin, end) = ("<!-- mechanisms -->\n", "<!-- /mechanisms -->\n");
        let kept = std::fs::read_to_string(path).expect("the document is kept");
        let (head, rest) = kept.split_once(begin).expect("the document marks where the tables begin");
        let (tables, tail) = rest.split_once(end).expect("the document marks where the tables end");
        if std::env::var_os("UPDATE_PARAMETERS").is_some() {
            let text = format!("{head}{begin}{}{end}{tail}", reference());
            std::fs::write(path, text).expect("the folder can be written to");
        } else {
            assert!(
                tables == reference(),
                "run UPDATE_PARAMETERS=1 cargo test -p cariflex --lib the_tables_of_mechanisms"
            );
        }
    }

    #[test]
    fn the_list_has_all_there_is_in_lines_that_fit() {
        let list = list();
        for entry in catalogue() {
            assert!(list.contains(&format!("\n  {}", entry.name)), "{} is missing", entry.name);
        }
        assert!(list.lines().all(|line| line.chars().count() <= 120), "{list}");
    }
}
