//! The page: template, style, script, library and data in one file.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::error::ReportError;

const TEMPLATE: &str = include_str!("../page/report.html");
const STYLE: &str = include_str!("../page/report.css");
/// What both kinds of pages are drawn with, then each of them, then what starts the one that is wanted.
const SCRIPTS: [&str; 10] = [
    include_str!("../page/report.js"),
    include_str!("../page/run.js"),
    include_str!("../page/market.js"),
    include_str!("../page/reserve.js"),
    include_str!("../page/flexibility.js"),
    include_str!("../page/invoices.js"),
    include_str!("../page/plans.js"),
    include_str!("../page/sweep.js"),
    include_str!("../page/sweep_figures.js"),
    include_str!("../page/start.js"),
];
const LIBRARY: &str = include_str!("../assets/echarts.min.js");

/// The whole file.
pub(crate) fn html(title: &str, document: &Value) -> String {
    // One pass over the template: what is put in is not looked at again, whatever it says.
    let mut page = String::with_capacity(LIBRARY.len() + (1 << 20));
    let mut rest = TEMPLATE;
    while let Some((before, behind)) = rest.split_once("{{") {
        let (name, after) = behind.split_once("}}").expect("the template closes its braces");
        page.push_str(before);
        match name {
            "title" => page.push_str(&text(title)),
            "style" => page.push_str(STYLE),
            "library" => page.push_str(LIBRARY),
            "data" => page.push_str(&data(document)),
            "script" => SCRIPTS.iter().for_each(|script| page.push_str(script)),
            other => unreachable!("the template knows no {other}"),
        }
        rest = after;
    }
    page.push_str(rest);
    page
}

/// Text as HTML shows it.
fn text(words: &str) -> String {
    let mut html = String::new();
    for c in words.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
    html
}

/// JSON that can stand in a script element: nothing in it closes the element or opens a comment.
fn data(document: &Value) -> String {
    let json = document.to_string();
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// Writes the file beside its place and moves it there when it is whole.
///
/// # Errors
/// If that fails, or something else than a page lies there.
pub(crate) fn write(path: &Path, html: &str) -> Result<(), ReportError> {
    if is_foreign(path) {
        return Err(ReportError::Foreign { path: path.to_owned() });
    }
    let mut name = path.as_os_str().to_owned();
    // Several may make the same report at once.
    name.push(format!(".{}.partial", std::process::id()));
    let partial = Path::new(&name);
    fs::write(partial, html).map_err(|source| {
        // What was written of it is of no use to anybody.
        drop(fs::remove_file(partial));
        ReportError::Write { path: path.to_owned(), source }
    })?;
    fs::rename(partial, path).map_err(|source| {
        drop(fs::remove_file(partial));
        ReportError::writing(path)(source)
    })
}

/// Whether a file is there that is no page of HTML, which must not be lost to a slip of the hand.
fn is_foreign(path: &Path) -> bool {
    let begins = |text: Vec<u8>| text.to_ascii_lowercase().starts_with(b"<!doctype html>");
    path.is_file() && !fs::read(path).is_ok_and(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_data_ends_the_script_or_is_taken_for_markup() {
        let evil = "</script><img src=x onerror=\"alert(1)\"><!-- {{library}} & 'q'";
        let document = serde_json::json!({ "name": evil });
        let page = html(evil, &document);
        let open = "<script type=\"application/json\" id=\"data\">";
        let (_, after) = page.split_once(open).expect("the data");
        let (json, _) = after.split_once("</script>").expect("its end");
        assert_eq!(serde_json::from_str::<Value>(json).expect("JSON"), document);
        assert!(!page.contains("<img src=x"), "the title is text");
        assert_eq!(page.matches("Licensed to the Apache Software Foundation").count(), 1);
    }

    #[test]
    fn a_page_that_can_not_be_written_leaves_nothing_behind() {
        let dir = tempfile::tempdir().expect("a folder");
        let taken = dir.path().join("report.html");
        fs::create_dir(&taken).expect("a folder in the way");
        let error = write(&taken, "page").expect_err("a folder is in the way").to_string();
        assert!(error.contains("report.html") && error.contains("--out"), "{error}");
        assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 1);
        let path = dir.path().join("other.html");
        write(&path, "page").expect("a page");
        assert_eq!(fs::read_to_string(path).expect("a page"), "page");
    }
}
