//! What a user writes: the settings file, paths, sizes and times.

use base::{format_bytes, format_duration, parse_bytes, parse_duration};
use daemon::settings::Settings;
use daemon::view::path_text;
use disk::tree::model::TreePath;

use super::Decoder;

/// The settings file.
pub const SETTINGS: Decoder =
    Decoder { name: "daemon_settings", takes: takes_settings, valid: valid_settings };
/// A path as text, and as the way to an entry of a tree.
pub const PATH: Decoder = Decoder { name: "daemon_path", takes: takes_path, valid: valid_paths };
/// A size or a time with its unit.
pub const QUANTITY: Decoder =
    Decoder { name: "base_quantity", takes: takes_quantity, valid: valid_quantities };

fn takes_settings(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(settings) = toml::from_str::<Settings>(text) else { return false };
    let is_taken = settings.check().is_ok();
    let again = toml::from_str::<Settings>(&settings.to_toml());
    assert!(again.is_ok_and(|again| again == settings), "what is shown is not in force");
    is_taken
}

fn valid_settings() -> Vec<Vec<u8>> {
    let some = "[network]\nname = \"loopback\"\nlisten = [\"/ip4/127.0.0.1/tcp/0\"]\n\
                [storage]\npolicy = \"standard\"\nsuppliers = 44\nneeded = \"64 GiB\"\n\
                [supplier]\nenabled = false\n[clocks]\nsearch = \"2 s\"\n\
                [[backup.schedules]]\npaths = [\"/home\"]\nevery = \"6 h\"\n";
    vec![vec![], Settings::default().to_toml().into(), some.into()]
}

fn takes_path(bytes: &[u8]) -> bool {
    // Every path has one text, and what is shown commands no terminal.
    let text = path_text::from_bytes(bytes);
    assert!(!text.chars().any(char::is_control), "a control character");
    match path_text::to_bytes(&text) {
        Ok(same) => assert!(same == bytes, "another path"),
        Err(path_text::ParsePathError::Zero) => assert!(bytes.contains(&0)),
        Err(error) => panic!("our own text: {error}"),
    }
    let way = TreePath::parse(bytes);
    if let Ok(way) = &way {
        let leads_away = |name: &[u8]| name == b".." || name == b"." || name.contains(&0);
        assert!(way.as_bytes() == bytes && !way.names().any(leads_away), "it leads elsewhere");
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    path_text::to_bytes(text).is_ok() && way.is_ok()
}

fn valid_paths() -> Vec<Vec<u8>> {
    let deep = "d/".repeat(200) + "end";
    let texts =
        ["", "a", "home/ann/letter to bob.txt", "h\\xc3\\xa9/\\x5c/\\xff\\x0a", "ünï/😀", &deep];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn takes_quantity(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let (size, time) = (parse_bytes(text), parse_duration(text));
    // What is shown can be typed again, if it is rounded.
    if let Ok(size) = size {
        assert!(parse_bytes(&format_bytes(size)).is_ok(), "{}", format_bytes(size));
    }
    if let Ok(time) = time {
        assert!(parse_duration(&format_duration(time)).is_ok(), "{}", format_duration(time));
    }
    size.is_ok() || time.is_ok()
}

fn valid_quantities() -> Vec<Vec<u8>> {
    let texts = ["0 B", "64 GiB", "10kB", "1.5 MiB", "2 s", "5 min", "400 d", "90ms"];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}
