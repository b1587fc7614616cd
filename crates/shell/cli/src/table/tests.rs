//! Columns stay aligned, whatever is in them.

use expect_test::expect;

use super::*;

#[test]
fn columns_are_aligned() {
    let mut table = Table::new(&["name", ">bytes", "note"], "Nothing.");
    table.row(["写真".into(), "12".into(), "wide".into()]);
    table.row(["a".into(), "1.5 GiB".into(), String::new()]);
    expect![[r"
        name    bytes  note
        写真       12  wide
        a     1.5 GiB
    "]]
    .assert_eq(&table.text());
}

#[test]
fn nothing_is_said_in_words() {
    assert_eq!(Table::new(&["name"], "No suppliers.").text(), "No suppliers.\n");
}

#[test]
fn no_cell_commands_the_terminal_or_breaks_its_row() {
    let mut table = Table::new(&["name"], "");
    table.row(["a\x1b[2J\nb".into()]);
    assert_eq!(table.text(), "name\na\u{fffd}[2J b\n");
    assert_eq!(
        facts(&[("a", "1\r\n2".into()), ("long", "3".into())]),
        "a     1\u{fffd} 2\nlong  3\n"
    );
}

#[test]
fn dates_and_counts() {
    assert_eq!(date(1_780_000_000_000), "2026-05-28 20:26:40 UTC");
    assert_eq!((count(1, "file"), count(0, "file")), ("1 file".into(), "0 files".into()));
}
