//! Tables for people.

use serde_json::Value;

/// Rows of cells under their titles, each column as wide as its widest cell.
pub(crate) fn table(titles: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([titles[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..titles.len()).map(width).collect();
    let titles: Vec<String> = titles.iter().map(|title| title.to_uppercase()).collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let lines: Vec<String> = std::iter::once(&titles).chain(rows).map(|row| line(row)).collect();
    lines.join("\n")
}

/// A member as a cell; a dash when it is absent or null.
pub(crate) fn cell(object: &Value, name: &str) -> String {
    match &object[name] {
        Value::Null => "-".to_owned(),
        Value::String(text) => visible(text),
        Value::Array(items) => {
            let items: Vec<String> =
                items.iter().map(|item| item.as_str().unwrap_or_default().to_owned()).collect();
            items.join(",")
        }
        other => other.to_string(),
    }
}

/// A text of somebody else's without what steers a terminal or turns the direction of what follows.
pub(crate) fn visible(text: &str) -> String {
    let steers = |character: char| {
        character.is_control()
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().filter(|character| !steers(*character)).collect()
}

/// Members of an object as cells.
pub(crate) fn cells(object: &Value, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| cell(object, name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_texts_cannot_steer_a_terminal() {
        let user = json!({"name": "Ada\u{1b}[2J\u{202e}", "role": null, "scopes": ["a", "b"]});
        let shown = table(&["name", "role", "scopes"], &[cells(&user, &["name", "role", "scopes"])]);
        assert_eq!(shown, "NAME    ROLE  SCOPES\nAda[2J  -     a,b");
    }
}
