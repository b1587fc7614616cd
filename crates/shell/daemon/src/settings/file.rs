//! The settings file of a home: read as a whole, changed one setting at a time.

use std::path::{Path, PathBuf};

use disk::document::{Document, LoadError, SaveError};
use toml_edit::{DocumentMut, Item, Table, Value};

use super::{FILE_BYTES_MAX, SECTIONS, Settings, SettingsError};

/// Its name in the home.
const NAME: &str = "config.toml";

/// The file of settings in a home.
#[derive(Clone, Debug)]
pub struct SettingsFile {
    document: Document,
}

/// Why settings cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is too large or no text.
    #[error("{} is not a settings file", path.display())]
    NoText {
        /// The file.
        path: PathBuf,
    },
    /// Not TOML, an unknown name, or a value of the wrong kind; the message names the line.
    #[error("{}: {what}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        what: String,
    },
    /// Well formed and impossible.
    #[error(transparent)]
    Value(#[from] SettingsError),
}

/// Why a setting cannot be changed; the file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// There is no such setting.
    #[error("there is no setting '{0}'")]
    Unknown(String),
    /// The value is not one for this setting.
    #[error("{key}: {what}")]
    Value {
        /// The setting.
        key: String,
        /// What is wrong.
        what: String,
    },
    /// Well formed and impossible.
    #[error(transparent)]
    Impossible(#[from] SettingsError),
    /// What is in the file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It could not be kept.
    #[error(transparent)]
    Save(#[from] SaveError),
}

impl SettingsFile {
    /// The settings file of this home; it need not exist.
    pub fn of(home: &Path) -> Self {
        Self { document: Document::new(home.join(NAME), 2, FILE_BYTES_MAX) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.document.path()
    }

    /// What is in force: the file's settings, and defaults for the rest. An older generation is
    /// never taken silently, for the user edits this file by hand.
    ///
    /// # Errors
    /// The file cannot be read, or something in it is wrong.
    pub fn read(&self) -> Result<Settings, ReadError> {
        self.parse(&self.text()?)
    }

    /// Changes one setting, named like `storage.suppliers`, and returns what is in force then. What
    /// else stands in the file stays as it is, comments too.
    ///
    /// # Errors
    /// No such setting, no such value, or the file cannot be read or written.
    pub fn set(&self, key: &str, value: &str) -> Result<Settings, SetError> {
        let (section, name) = known(key).ok_or_else(|| SetError::Unknown(key.to_owned()))?;
        let wrong = |what: String| SetError::Value { key: key.to_owned(), what };
        let text = self.text()?;
        let before = self.parse(&text)?;
        let mut document: DocumentMut = text.parse().map_err(|error| self.form(&error))?;
        let kind = kind_of(&before, section, name);
        let value = read_value(value, &kind).map_err(wrong)?;
        put(&mut document, section, name, value);
        let text = document.to_string();
        let settings: Settings = toml::from_str(&text)
            .map_err(|error: toml::de::Error| wrong(in_words(error.message())))?;
        settings.check()?;
        self.document.save(text.as_bytes())?;
        Ok(settings)
    }

    fn parse(&self, text: &str) -> Result<Settings, ReadError> {
        let settings: Settings = toml::from_str(text).map_err(|error| self.form(&error))?;
        settings.check()?;
        Ok(settings)
    }

    fn form(&self, error: &impl ToString) -> ReadError {
        ReadError::Form { path: self.path().to_owned(), what: error.to_string() }
    }

    /// An absent file is an empty one.
    fn text(&self) -> Result<String, ReadError> {
        let path = self.path().to_owned();
        let current = Document::new(&path, 0, FILE_BYTES_MAX);
        match current.load(|bytes| std::str::from_utf8(bytes).map(str::to_owned)) {
            Ok(loaded) => Ok(loaded.value),
            Err(LoadError::Missing { .. }) => Ok(String::new()),
            Err(LoadError::Damaged { first: disk::document::Damage::Read(source), .. }) => {
                Err(ReadError::File { path, source })
            }
            Err(LoadError::Damaged { .. }) => Err(ReadError::NoText { path }),
        }
    }
}

/// Section and name of a key, if there is such a setting.
fn known(key: &str) -> Option<(&'static str, &'static str)> {
    let (section, name) = key.split_once('.')?;
    let section = SECTIONS.iter().find(|each| each.name == section)?;
    let (name, _) = section.fields.iter().find(|(each, _)| *each == name)?;
    Some((section.name, *name))
}

/// The value before, which says of what kind the new one is.
fn kind_of(settings: &Settings, section: &str, name: &str) -> toml::Value {
    let all = toml::Table::try_from(settings).expect("all settings have a form in TOML");
    let value = all.get(section).and_then(|table| table.get(name));
    value.cloned().expect("each setting has a value")
}

/// A text without quotation marks is taken as it is where a text is wanted; a list may be given as
/// `a, b`.
fn read_value(text: &str, kind: &toml::Value) -> Result<Value, String> {
    let parsed = text.parse::<Value>();
    match (kind, parsed) {
        (toml::Value::String(_), Ok(Value::String(value))) => Ok(Value::String(value)),
        (toml::Value::String(_), _) => Ok(Value::from(text)),
        (toml::Value::Array(_), Ok(Value::Array(value))) => Ok(Value::Array(value)),
        (toml::Value::Array(_), _) if text.trim_start().starts_with('[') => {
            Err("this is not a list in TOML".to_owned())
        }
        (toml::Value::Array(_), _) => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Ok(Value::from_iter(parts))
        }
        (_, Ok(value)) => Ok(value),
        (_, Err(_)) => Err(format!("'{text}' cannot be read, {} is wanted", kind.type_str())),
    }
}

/// What a number must be, for those who do not program.
fn in_words(message: &str) -> String {
    message.replace("expected u8", "a number from 0 to 255 is wanted")
}

fn put(document: &mut DocumentMut, section: &str, name: &str, value: Value) {
    let table = document.entry(section).or_insert_with(|| Item::Table(Table::new()));
    if let Some(table) = table.as_table_like_mut() {
        table.insert(name, Item::Value(value));
    }
}
