//! A device of a configuration: its address, its type and its options.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use devices::unit_record::printer::form::Form as Carriage;

use super::{
    kinds::{Class, Form, Kind, OptionKind, options_of},
    problem::{Place, Problem, suggestion},
};

/// The address of a device: channel and unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub u16);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03X}", self.0)
    }
}

impl std::str::FromStr for Address {
    type Err = String;

    /// Reads three hexadecimal digits, or four, or fewer: channel 0 to 15 and unit.
    fn from_str(text: &str) -> Result<Address, String> {
        /// Sixteen channels, 256 units each.
        const LAST: u16 = 0xFFF;
        let is_digits = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = if is_digits { u16::from_str_radix(text, 16).ok() } else { None };
        number.filter(|number| *number <= LAST).map(Address).ok_or_else(|| {
            format!("{text:?} is not a device address: three hexadecimal digits, channel and unit, as 00C or 150")
        })
    }
}

/// An option's value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A word or a name.
    Text(String),
    /// `true` or `false`, or an option without a value.
    Flag(bool),
    /// Several.
    List(Vec<String>),
}

/// An option as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// Where.
    pub place: Place,
}

/// Options that are right for their class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options(Vec<(&'static OptionKind, Checked)>);

/// A value of the form that its option has.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Checked {
    Files(Vec<PathBuf>),
    Flag(bool),
    Word(String),
    Address(Address),
    Carriage(Carriage),
}

impl Options {
    /// Checks what was written for a device of this class. Names of files are relative to `base`. With `of_medium`, only
    /// what is about the medium is allowed.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn check(class: Class, settings: &[Setting], base: &Path, of_medium: bool) -> Result<Options, Vec<Problem>> {
        let mut options = Options::default();
        let mut problems = Vec::new();
        for setting in settings {
            match check_setting(class, setting, base, of_medium) {
                Ok((kind, value)) => match options.0.iter_mut().find(|(known, _)| *known == kind) {
                    Some((_, Checked::Files(files))) if kind.form == Form::Files => {
                        // An operator writes several files one after the other.
                        if let Checked::Files(more) = value {
                            files.extend(more);
                        }
                    }
                    Some(_) => problems.push(Problem::new(&setting.place, format!("{:?} is there twice", kind.name))),
                    None => options.0.push((kind, value)),
                },
                Err(what) => problems.push(Problem::new(&setting.place, what)),
            }
        }
        if problems.is_empty() { Ok(options) } else { Err(problems) }
    }

    fn value(&self, name: &str) -> Option<&Checked> {
        self.0.iter().find(|(kind, _)| kind.name == name).map(|(_, value)| value)
    }

    /// The files of this option; none if it was not given.
    #[must_use]
    pub fn files(&self, name: &str) -> &[PathBuf] {
        match self.value(name) {
            Some(Checked::Files(files)) => files,
            _ => &[],
        }
    }

    /// The file of this option.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&Path> {
        self.files(name).first().map(PathBuf::as_path)
    }

    /// Whether this option is on.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.value(name) {
            Some(Checked::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    /// The word that this option has.
    #[must_use]
    pub fn word(&self, name: &str) -> Option<&str> {
        match self.value(name) {
            Some(Checked::Word(word)) => Some(word),
            _ => None,
        }
    }

    /// The form that this option has.
    #[must_use]
    pub fn carriage(&self, name: &str) -> Option<&Carriage> {
        match self.value(name) {
            Some(Checked::Carriage(carriage)) => Some(carriage),
            _ => None,
        }
    }

    /// The address that this option has.
    #[must_use]
    pub fn address(&self, name: &str) -> Option<Address> {
        match self.value(name) {
            Some(Checked::Address(address)) => Some(*address),
            _ => None,
        }
    }
}

fn check_setting(
    class: Class,
    setting: &Setting,
    base: &Path,
    of_medium: bool,
) -> Result<(&'static OptionKind, Checked), String> {
    let known = || options_of(class).filter(|option| option.of_medium || !of_medium);
    let Some(kind) = known().find(|option| option.name == setting.name) else {
        let names = || known().map(|option| option.name);
        let near = suggestion(&setting.name, names());
        let all = names().collect::<Vec<_>>().join(", ");
        let hint = if near.is_empty() && !all.is_empty() { format!(": there are {all}") } else { near };
        return Err(format!("a {} has no option {:?}{hint}", class.name(), setting.name));
    };
    let wrong = || format!("{:?} is to be {}", kind.name, kind.form.description());
    let value = match (kind.form, &setting.value) {
        (Form::Flag, Value::Flag(flag)) => Checked::Flag(*flag),
        (Form::Flag, Value::Text(text)) => match text.as_str() {
            "true" | "on" | "yes" => Checked::Flag(true),
            "false" | "off" | "no" => Checked::Flag(false),
            _ => return Err(wrong()),
        },
        (Form::File | Form::Files, Value::Text(file)) if !file.is_empty() => Checked::Files(vec![base.join(file)]),
        (Form::Files, Value::List(files)) if files.iter().all(|file| !file.is_empty()) => {
            Checked::Files(files.iter().map(|file| base.join(file)).collect())
        }
        (Form::Word(words), Value::Text(text)) if words.contains(&text.as_str()) => Checked::Word(text.clone()),
        (Form::Address, Value::Text(text)) => Checked::Address(text.parse().map_err(|_| wrong())?),
        (Form::Carriage, Value::Text(text)) => Checked::Carriage(parse_carriage(text)?),
        (Form::Name, Value::Text(text)) if is_name(text) => Checked::Word(text.to_ascii_uppercase()),
        _ => return Err(wrong()),
    };
    Ok((kind, value))
}

/// Reads a form's length and the stops on its carriage tape: `66:1@1,12@60`.
fn parse_carriage(text: &str) -> Result<Carriage, String> {
    let read = || {
        let (lines, stops) = text.split_once(':')?;
        let stop = |stop: &str| {
            let (channel, line) = stop.split_once('@')?;
            Some((channel.trim().parse().ok()?, line.trim().parse().ok()?))
        };
        Some((lines.trim().parse().ok()?, stops.split(',').map(stop).collect::<Option<Vec<_>>>()?))
    };
    let (lines, stops) =
        read().ok_or_else(|| format!("{text:?} is not a form's length and its stops, such as 66:1@1,12@60"))?;
    Carriage::new(lines, &stops).map_err(|error| error.to_string())
}

fn is_name(text: &str) -> bool {
    (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A device of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSpec {
    /// Its address.
    pub address: Address,
    /// Its type.
    pub kind: Kind,
    /// Its options.
    pub options: Options,
    /// Where it was written.
    pub place: Place,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(name: &str, value: Value) -> Setting {
        Setting { name: name.to_owned(), value, place: Place::line("f", 3) }
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn complaint(class: Class, name: &str, value: Value) -> String {
        let problems = Options::check(class, &[setting(name, value)], Path::new(""), false).expect_err("a complaint");
        problems[0].to_string()
    }

    #[test]
    fn addresses() {
        assert_eq!("00c".parse(), Ok(Address(0x00C)));
        assert_eq!("0150".parse(), Ok(Address(0x150)));
        assert_eq!(Address(0x1F).to_string(), "01F");
        for wrong in ["", "1000", "00G", "-1", "00000", "+1F"] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn right_options() {
        let settings = [
            setting("decks", text("a.deck")),
            setting("decks", Value::List(vec!["/b".to_owned(), "c".to_owned()])),
            setting("eof", Value::Flag(true)),
            setting("format", text("text")),
        ];
        let options = Options::check(Class::Reader, &settings, Path::new("/base"), true).expect("right options");
        assert_eq!(options.files("decks"), [Path::new("/base/a.deck"), Path::new("/b"), Path::new("/base/c")]);
        assert_eq!(
            (options.flag("eof"), options.word("format"), options.word("code")),
            (Some(true), Some("text"), None)
        );
    }

    #[test]
    fn wrong_options() {
        assert_eq!(
            complaint(Class::Reader, "deks", text("a")),
            "f:3: a card reader has no option \"deks\"; did you mean \"decks\"?"
        );
        assert_eq!(
            complaint(Class::Tape, "carriage", text("a")),
            "f:3: a tape unit has no option \"carriage\": there are file, write"
        );
        assert_eq!(complaint(Class::Reader, "eof", text("perhaps")), "f:3: \"eof\" is to be true or false");
        assert_eq!(
            complaint(Class::Printer, "format", text("ebcdic")),
            "f:3: \"format\" is to be \"text\", \"ascii\" or \"pdf\""
        );
        assert_eq!(
            complaint(Class::Printer, "output", Value::Flag(true)),
            "f:3: \"output\" is to be the name of a file"
        );
        let twice = [setting("eof", Value::Flag(true)), setting("eof", Value::Flag(true))];
        let problems = Options::check(Class::Reader, &twice, Path::new(""), false).expect_err("a complaint");
        assert_eq!(problems[0].to_string(), "f:3: \"eof\" is there twice");
        assert_eq!(
            complaint(Class::Printer, "carriage", text("66")),
            "f:3: \"66\" is not a form's length and its stops, such as 66:1@1,12@60"
        );
        let of_station = [setting("lu", text("L"))];
        assert!(Options::check(Class::Display, &of_station, Path::new(""), true).is_err());
    }
}
