//! The document of the settings, made from their declaration.

use super::{SECTIONS, Settings};

/// All settings with their defaults, as `docs/operations/settings.md` has them.
pub fn markdown() -> String {
    let defaults =
        toml::Table::try_from(Settings::default()).expect("all settings have a form in TOML");
    let mut text = INTRODUCTION.to_owned();
    for section in SECTIONS {
        text += &format!("\n## {}\n\n{}\n", section.name, joined(section.about));
        text += "\n| setting | default | what it says |\n|---|---|---|\n";
        for (name, about) in section.fields {
            let default = defaults.get(section.name).and_then(|table| table.get(name));
            let default = default.map(ToString::to_string).unwrap_or_default();
            let about = joined(about).replace('|', "\\|");
            text += &format!("| `{}.{name}` | `{default}` | {about} |\n", section.name);
        }
    }
    text
}

const INTRODUCTION: &str = "\
# Settings

A home has one file of settings, `config.toml`. What is not in it has the default below; a name that
is not known is an error, so that a typing error is not silently without effect. Sizes and times are
texts with a unit: `\"10 GiB\"`, `\"72 h\"` (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB; ms, s, min, h, d).

`bitdust config show` prints what is in force. `bitdust config set storage.suppliers 13` changes one
setting in the file, leaves the rest of it as it is, and says what is in force. A setting is read when
the daemon starts, only `supplier.donated` takes effect at once;
services are switched while it runs with `bitdust service start|stop`.

Secrets are never in this file.

```toml
[storage]
suppliers = 13
needed = \"200 GiB\"

[[backup.schedules]]
at = \"03:30\"
paths = [\"/home/alice\"]
```

This document is made from `crates/shell/daemon/src/settings.rs`.
";

/// The lines of a doc comment as one text.
fn joined(lines: &[&str]) -> String {
    let trimmed: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    trimmed.join(" ")
}
