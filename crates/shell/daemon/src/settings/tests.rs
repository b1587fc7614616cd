//! Settings: read, refused, changed, described.

use base::{DAY_MS, Date, HOUR_MS, MINUTE_MS};
use expect_test::expect_file;
use proptest::prelude::*;

use super::*;

fn file() -> (tempfile::TempDir, SettingsFile) {
    let home = tempfile::tempdir().unwrap();
    let file = SettingsFile::of(home.path());
    (home, file)
}

fn written(text: &str) -> (tempfile::TempDir, SettingsFile) {
    let (home, file) = file();
    std::fs::write(file.path(), text).unwrap();
    (home, file)
}

#[test]
fn the_document_is_as_the_struct_says() {
    expect_file!["../../../../../docs/operations/settings.md"].assert_eq(&markdown());
}

#[test]
fn no_file_means_all_defaults() {
    let (_home, file) = file();
    assert_eq!(file.read().unwrap(), Settings::default());
    Settings::default().check().unwrap();
}

#[test]
fn what_is_shown_reads_as_the_same() {
    let mut settings = Settings::default();
    settings.backup.schedules = vec![Schedule {
        at: Some(Moment { hour: 3, minute: 30 }),
        paths: vec!["/home/a".into()],
        ..Schedule::default()
    }];
    settings.clocks.seek = Span(1_500);
    settings.supplier.donated = Bytes(1_000_000_000_001);
    let (_home, file) = written(&settings.to_toml());
    assert_eq!(file.read().unwrap(), settings);
}

#[test]
fn unknown_names_are_errors() {
    for text in ["[storag]\n", "[storage]\nsupliers = 3\n", "suppliers = 3\n"] {
        let (_home, file) = written(text);
        assert!(matches!(file.read(), Err(ReadError::Form { .. })), "{text}");
    }
}

#[test]
fn values_that_cannot_be_are_named() {
    let cases = [
        ("[storage]\nsuppliers = 0\n", "storage.suppliers: 0 suppliers"),
        ("[storage]\npolicy = \"vault\"\n", "needs exactly 56 suppliers, not 7"),
        ("[storage]\nmemory = \"1 MiB\"\n", "storage.memory: at least 32 MiB"),
        ("[storage]\nneeded = \"10\"\n", "has no unit"),
        ("[storage]\nneeded = 10\n", "invalid type"),
        ("[clocks]\nseek = \"0 s\"\n", "clocks.seek"),
        ("[clocks]\nmissing = \"1 min\"\n", "clocks.missing is shorter than clocks.suspect"),
        ("[clocks]\nseek = \"5 weeks\"\n", "'weeks' is not a unit"),
        ("[network]\nname = \"a/b\"\n", "network.name"),
        ("[network]\nlisten = [\"0.0.0.0:1\"]\n", "'0.0.0.0:1' is not a multiaddress"),
        ("[[backup.schedules]]\npaths = [\"/a\"]\n", "either `every` or `at`"),
        ("[[backup.schedules]]\nevery = \"1 s\"\npaths = [\"/a\"]\n", "at least a minute"),
        ("[[backup.schedules]]\nat = \"24:00\"\npaths = [\"/a\"]\n", "'24:00' is not HH:MM"),
        ("[[backup.schedules]]\nat = \"03:00\"\npaths = [\"a\"]\n", "absolute"),
    ];
    for (text, expected) in cases {
        let (_home, file) = written(text);
        let error = file.read().unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn a_change_keeps_the_rest_of_the_file() {
    let (_home, file) = written("# mine\n[storage]\nsuppliers = 4 # few\n");
    let settings = file.set("storage.suppliers", "13").unwrap();
    assert_eq!(settings.storage.suppliers, 13);
    file.set("network.name", "test-1").unwrap();
    let text = std::fs::read_to_string(file.path()).unwrap();
    assert!(text.contains("# mine") && text.contains("[network]\nname = \"test-1\""), "{text}");
    assert_eq!(file.read().unwrap().storage.suppliers, 13);
}

#[test]
fn values_are_taken_as_people_write_them() {
    let (_home, file) = file();
    assert_eq!(file.set("storage.needed", "3 GiB").unwrap().storage.needed, Bytes(3 << 30));
    assert_eq!(file.set("storage.needed", "\"4 GiB\"").unwrap().storage.needed, Bytes(4 << 30));
    assert!(!file.set("tcp.enabled", "false").unwrap().tcp.enabled);
    let plain = file.set("backup.excludes", "*.tmp, cache").unwrap();
    assert_eq!(plain.backup.excludes, ["*.tmp", "cache"]);
    let toml = file.set("backup.excludes", "[\"a,b\"]").unwrap();
    assert_eq!(toml.backup.excludes, ["a,b"]);
    assert_eq!(file.set("network.name", "13").unwrap().network.name, "13");
    assert!(file.set("backup.excludes", "").unwrap().backup.excludes.is_empty());
}

#[test]
fn a_wrong_change_leaves_the_file_alone() {
    let (_home, file) = written("[storage]\nsuppliers = 4\n");
    let before = std::fs::read_to_string(file.path()).unwrap();
    assert!(matches!(file.set("storage.supliers", "3"), Err(SetError::Unknown(_))));
    assert!(matches!(file.set("storage", "3"), Err(SetError::Unknown(_))));
    assert!(matches!(file.set("storage.suppliers", "many"), Err(SetError::Value { .. })));
    assert!(matches!(file.set("storage.suppliers", "300"), Err(SetError::Value { .. })));
    assert!(matches!(file.set("storage.suppliers", "65"), Err(SetError::Impossible(_))));
    assert!(matches!(file.set("clocks.seek", "soon"), Err(SetError::Value { .. })));
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), before);
}

#[test]
fn each_service_of_the_node_has_its_switch() {
    let names: Vec<_> = Settings::default().switches().iter().map(|(name, _)| *name).collect();
    let services: Vec<_> = node::catalogue::SERVICES.iter().map(|entry| entry.name).collect();
    assert_eq!(names, services);
    let mut settings = Settings::default();
    settings.tcp.enabled = false;
    assert_eq!(settings.for_node().services_off, ["tcp", "mdns"]);
}

#[test]
fn the_node_has_the_same_defaults() {
    assert_eq!(Settings::default().for_node(), node::settings::Settings::default());
}

#[test]
fn a_schedule_makes_up_for_one_missed_time() {
    let noon = Date(20_000 * DAY_MS + 12 * HOUR_MS);
    let at = Some(Moment { hour: 3, minute: 30 });
    let daily = Schedule { at, ..Schedule::default() };
    let half_past_three = |day: u64| Date(day * DAY_MS + 3 * HOUR_MS + 30 * MINUTE_MS);
    assert_eq!(daily.due(None, noon), half_past_three(20_001));
    assert_eq!(daily.due(Some(half_past_three(20_001)), noon), half_past_three(20_002));
    let hourly = Schedule { every: Some(Span(HOUR_MS)), ..Schedule::default() };
    assert_eq!(hourly.due(None, noon), noon);
    assert_eq!(hourly.due(Some(noon), noon), noon.plus_ms(HOUR_MS));
}

proptest! {
    #[test]
    fn quantities_come_back_exactly(bytes: u64, ms: u64, scale in 0_u32..50) {
        for bytes in [bytes, bytes >> scale, (bytes >> scale) << scale] {
            let text = Bytes(bytes).to_string();
            prop_assert_eq!(base::parse_bytes(&text), Ok(bytes), "{}", text);
        }
        let text = Span(ms >> scale).to_string();
        prop_assert_eq!(base::parse_duration(&text), Ok(ms >> scale), "{}", text);
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}", key in "[a-z_.]{0,20}") {
        let (_home, file) = written(&text);
        let _ = file.read();
        let _ = file.set(&key, &text);
        let _ = file.set("storage.needed", &text);
        let _ = file.set("network.listen", &text);
    }
}
