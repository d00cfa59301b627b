//! `machine.toml`: a table of keys for each of its sections.

use std::{ops::Range, path::Path};

use s370_arch::{
    channel::ChannelKind,
    tod::{self, DateTime},
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
    value::Datetime,
};

use super::{
    Clock, Configuration, ConsoleChoice, Timing, check_epoch, check_years,
    device::{Address, DeviceSpec, Options, Setting, Value},
    kinds::Kind,
    parse_digits, parse_listen, parse_storage_size, parse_zone,
    problem::{Place, Problem, Problems, suggestion},
    variables::Variables,
};
use crate::engine::parse_engine;

/// Reads a configuration. Names of files in it are relative to `base`.
///
/// # Errors
/// All that is wrong, with line and column.
pub(super) fn parse(file: &str, text: &str, base: &Path, variables: &Variables) -> Result<Configuration, Problems> {
    let mut reader = Reader {
        file,
        text,
        base,
        variables,
        configuration: Configuration::default(),
        console: None,
        deterministic: None,
        start: None,
        problems: Vec::new(),
    };
    let table = DeTable::parse(text).map_err(|error| {
        let place = reader.place(&error.span().unwrap_or(0..0));
        Problem::new(&place, error.message().lines().collect::<Vec<_>>().join("; "))
    })?;
    reader.section("", table.get_ref(), TOP);
    reader.settle_clock();
    reader.configuration.finish(reader.console, reader.problems)
}

type Item<'i> = Spanned<DeValue<'i>>;

/// What a key does with its value.
type Setter = fn(&mut Reader<'_>, &Item<'_>) -> Result<(), String>;

/// The keys outside any section, and the sections.
const TOP: &[(&str, Setter)] = &[
    ("storage", |reader, value| {
        reader.configuration.storage = parse_storage_size(&reader.word(value)?)?;
        Ok(())
    }),
    ("timing", |reader, value| {
        reader.configuration.timing = match reader.word(value)?.as_str() {
            "quick" => Timing::Quick,
            "real" => Timing::Real,
            other => return Err(format!("{other:?} is neither \"quick\" nor \"real\"")),
        };
        Ok(())
    }),
    ("interval-timer", |reader, value| {
        reader.configuration.interval_timer = flag(value)?;
        Ok(())
    }),
    ("listen", |reader, value| {
        reader.configuration.listen = Some(parse_listen(&reader.word(value)?)?);
        Ok(())
    }),
    ("console", |reader, value| {
        let word = reader.word(value)?;
        let choice = if word == "none" { ConsoleChoice::None } else { ConsoleChoice::Device(word.parse()?) };
        reader.console = Some((choice, reader.place(&value.span())));
        Ok(())
    }),
    ("processor", |reader, value| reader.subsection("processor", value, PROCESSOR)),
    ("clock", |reader, value| reader.subsection("clock", value, CLOCK)),
    ("channel", |reader, value| reader.channels(value)),
    ("device", |reader, value| reader.devices(value)),
];

/// Section `processor`.
const PROCESSOR: &[(&str, Setter)] = &[
    ("model", |reader, value| {
        reader.configuration.processor.model = parse_digits(&reader.word(value)?, 4)? as u16;
        Ok(())
    }),
    ("version", |reader, value| {
        reader.configuration.processor.version = parse_digits(&reader.word(value)?, 2)? as u8;
        Ok(())
    }),
    ("serial", |reader, value| {
        reader.configuration.processor.serial = parse_digits(&reader.word(value)?, 6)?;
        Ok(())
    }),
    ("engine", |reader, value| {
        reader.configuration.processor.engine = parse_engine(&reader.word(value)?)?;
        Ok(())
    }),
    ("count", |_, value| match integer(value)? {
        1 => Ok(()),
        count => Err(format!("{count} processors: a bare machine has 1")),
    }),
];

/// Section `clock`.
const CLOCK: &[(&str, Setter)] = &[
    ("source", |reader, value| {
        reader.deterministic = match reader.word(value)?.as_str() {
            "host" => Some(false),
            "deterministic" => Some(true),
            other => return Err(format!("{other:?} is neither \"host\" nor \"deterministic\"")),
        };
        Ok(())
    }),
    ("start", |reader, value| {
        let start = value.get_ref().as_datetime().and_then(tod_of).ok_or(
            "it is not a date, or a date and time, from 1900 \
                                                                         to 2042, such as 1976-01-01T08:00:00",
        )?;
        reader.start = Some((start, reader.place(&value.span())));
        Ok(())
    }),
    ("epoch", |reader, value| {
        let year = check_epoch(integer(value)?)?;
        reader.host_clock(|epoch, _, _| *epoch = year);
        Ok(())
    }),
    ("years", |reader, value| {
        let number = check_years(integer(value)?)?;
        reader.host_clock(|_, years, _| *years = number);
        Ok(())
    }),
    ("zone", |reader, value| {
        let minutes = parse_zone(&reader.word(value)?)?;
        reader.host_clock(|_, _, zone| *zone = minutes);
        Ok(())
    }),
];

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    base: &'a Path,
    variables: &'a Variables,
    configuration: Configuration,
    console: Option<(ConsoleChoice, Place)>,
    deterministic: Option<bool>,
    start: Option<(u64, Place)>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn place(&self, span: &Range<usize>) -> Place {
        Place::at(self.file, self.text, span.start)
    }

    fn complain(&mut self, span: &Range<usize>, what: impl Into<String>) {
        self.problems.push(Problem::new(&self.place(span), what));
    }

    /// Reads a section by the table of its keys.
    fn section(&mut self, name: &str, table: &DeTable<'_>, keys: &[(&str, Setter)]) {
        for (key, value) in table {
            let word: &str = key.get_ref();
            match keys.iter().find(|(known, _)| *known == word) {
                Some((_, set)) => {
                    if let Err(what) = set(self, value) {
                        self.complain(&value.span(), format!("{word}: {what}"));
                    }
                }
                None => {
                    let whose = if name.is_empty() { String::new() } else { format!(" of section {name:?}") };
                    let near = suggestion(word, keys.iter().map(|(known, _)| *known));
                    self.complain(&key.span(), format!("unknown key {word:?}{whose}{near}"));
                }
            }
        }
    }

    fn subsection(&mut self, name: &str, value: &Item<'_>, keys: &[(&str, Setter)]) -> Result<(), String> {
        let table = value.get_ref().as_table().ok_or_else(|| format!("this is a section: [{name}]"))?;
        self.section(name, table, keys);
        Ok(())
    }

    /// A word: text with its variables replaced, or a whole number as it is written.
    fn word(&self, value: &Item<'_>) -> Result<String, String> {
        match value.get_ref() {
            DeValue::String(text) => self.variables.expand(text),
            DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
            _ => Err("it is to be text in quotation marks".to_owned()),
        }
    }

    /// Changes the host clock's parameters: epoch, years, zone.
    fn host_clock(&mut self, change: impl FnOnce(&mut u16, &mut i32, &mut i32)) {
        if let Clock::Host { epoch, years, zone } = &mut self.configuration.clock {
            change(epoch, years, zone);
        }
    }

    fn settle_clock(&mut self) {
        match (self.deterministic, self.start.take()) {
            (Some(true), Some((start, _))) => self.configuration.clock = Clock::Deterministic { start },
            (Some(true), None) => self.configuration.clock = Clock::Deterministic { start: crate::probe::DEFAULT_TOD },
            (_, None) => {}
            (_, Some((_, place))) => {
                let what = "start: only the deterministic clock has a start: say source = \"deterministic\" too";
                self.problems.push(Problem::new(&place, what));
            }
        }
    }

    /// Section `channel`: a number, and what the channel is.
    fn channels(&mut self, value: &Item<'_>) -> Result<(), String> {
        let table = value.get_ref().as_table().ok_or("this is a section: [channel]")?;
        for (key, value) in table {
            let number: &str = key.get_ref();
            let number = match number.as_bytes() {
                [digit] => char::from(*digit).to_digit(16),
                _ => None,
            };
            let Some(number) = number else {
                self.complain(&key.span(), format!("{:?} is not a channel: 0 to F", key.get_ref()));
                continue;
            };
            match self.word(value).and_then(|word| channel_kind(&word)) {
                Ok(kind) => self.configuration.channels.push((number as u8, kind)),
                Err(what) => self.complain(&value.span(), what),
            }
        }
        Ok(())
    }

    fn devices(&mut self, value: &Item<'_>) -> Result<(), String> {
        let table = value.get_ref().as_table().ok_or("devices are sections: [device.00C]")?;
        for (key, value) in table {
            let device = key.get_ref().parse::<Address>().and_then(|address| {
                let table = value.get_ref().as_table().ok_or("a device is a section: [device.00C]")?;
                self.device(address, &key.span(), table)
            });
            match device {
                Ok(device) => self.configuration.devices.extend(device),
                Err(what) => self.complain(&key.span(), what),
            }
        }
        Ok(())
    }

    fn device(
        &mut self,
        address: Address,
        span: &Range<usize>,
        table: &DeTable<'_>,
    ) -> Result<Option<DeviceSpec>, String> {
        let place = self.place(span);
        let Some((_, kind)) = table.iter().find(|(key, _)| *key.get_ref() == "type") else {
            return Err(format!("device {address} has no type"));
        };
        let kind = match self.word(kind).and_then(|name| Kind::named(&name)) {
            Ok(kind) => kind,
            Err(what) => {
                self.complain(&kind.span(), what);
                return Ok(None);
            }
        };
        let mut settings = Vec::new();
        for (key, value) in table.iter().filter(|(key, _)| *key.get_ref() != "type") {
            match self.setting(value) {
                // About a name, the complaint is where the name is; about a value, where the value is.
                Ok(setting) => {
                    let is_known = super::kinds::options_of(kind.class).any(|option| option.name == *key.get_ref());
                    let span = if is_known { value.span() } else { key.span() };
                    settings.push(Setting {
                        name: key.get_ref().to_string(),
                        value: setting,
                        place: self.place(&span),
                    });
                }
                Err(what) => self.complain(&value.span(), format!("{}: {what}", key.get_ref())),
            }
        }
        match Options::check(kind.class, &settings, self.base, false) {
            Ok(options) => Ok(Some(DeviceSpec { address, kind, options, place })),
            Err(problems) => {
                self.problems.extend(problems);
                Ok(None)
            }
        }
    }

    fn setting(&self, value: &Item<'_>) -> Result<Value, String> {
        match value.get_ref() {
            DeValue::Boolean(flag) => Ok(Value::Flag(*flag)),
            DeValue::Array(array) => {
                array.iter().map(|item| self.word(item)).collect::<Result<_, _>>().map(Value::List)
            }
            _ => self.word(value).map(Value::Text),
        }
    }
}

fn channel_kind(word: &str) -> Result<ChannelKind, String> {
    match word {
        "selector" => Ok(ChannelKind::Selector),
        "byte-multiplexer" => Ok(ChannelKind::ByteMultiplexer),
        "block-multiplexer" => Ok(ChannelKind::BlockMultiplexer),
        _ => Err(format!("{word:?} is neither \"selector\" nor \"byte-multiplexer\" nor \"block-multiplexer\"")),
    }
}

fn flag(value: &Item<'_>) -> Result<bool, String> {
    value.get_ref().as_bool().ok_or_else(|| "it is to be true or false".to_owned())
}

fn integer(value: &Item<'_>) -> Result<i64, String> {
    let number =
        value.get_ref().as_integer().and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok());
    number.ok_or_else(|| "it is to be a whole number".to_owned())
}

/// The TOD clock at a date, with or without a time of day.
fn tod_of(datetime: &Datetime) -> Option<u64> {
    if datetime.offset.is_some() {
        return None;
    }
    let date = datetime.date?;
    let time = datetime.time;
    let (hour, minute) = time.map_or((0, 0), |time| (time.hour, time.minute));
    let second = time.and_then(|time| time.second).unwrap_or(0);
    tod::from_date_time(DateTime { year: date.year, month: date.month, day: date.day, hour, minute, second })
}

#[cfg(test)]
mod tests {
    use s370_cpu::processor::Engine;

    use super::*;
    use crate::configuration::ProcessorSpec;

    fn read(text: &str) -> Result<Configuration, Problems> {
        parse("m.toml", text, Path::new("/base"), &Variables::of([("PACK", "dliba1")]))
    }

    #[test]
    fn channels_are_what_they_are_said_to_be() {
        let configuration = read("[channel]\n1 = \"selector\"\nE = \"block-multiplexer\"\n").expect("right");
        let mut channels = configuration.channels;
        channels.sort_by_key(|(number, _)| *number);
        assert_eq!(channels, [(1, ChannelKind::Selector), (14, ChannelKind::BlockMultiplexer)]);
        assert_eq!(
            complaints("[channel]\n1 = \"fast\"\n10 = \"selector\"\n"),
            "m.toml:2:5: \"fast\" is neither \"selector\" nor \"byte-multiplexer\" nor \"block-multiplexer\"\n\
             m.toml:3:1: \"10\" is not a channel: 0 to F"
        );
    }

    fn complaints(text: &str) -> String {
        read(text).expect_err("complaints").to_string()
    }

    #[test]
    fn a_whole_machine() {
        let configuration = read(
            "storage = \"8M\"\n\
             timing = \"real\"\n\
             listen = 3271\n\
             interval-timer = false\n\
             [processor]\n\
             model = \"3032\"\n\
             serial = \"060305\"\n\
             version = \"0F\"\n\
             engine = \"slow\"\n\
             count = 1\n\
             [clock]\n\
             source = \"deterministic\"\n\
             start = 1976-01-01T08:00:00\n\
             [device.01F]\n\
             type = \"3215\"\n\
             [device.00C]\n\
             type = \"3505\"\n\
             decks = [\"a\", \"b\"]\n\
             eof = true\n\
             [device.150]\n\
             type = \"3330\"\n\
             file = \"${PACK}.cckd\"\n",
        )
        .expect("a right configuration");
        assert_eq!(configuration.storage, 8 << 20);
        assert_eq!(configuration.timing, Timing::Real);
        assert!(!configuration.interval_timer);
        assert_eq!(configuration.listen.map(|listen| listen.to_string()), Some("127.0.0.1:3271".to_owned()));
        let processor = ProcessorSpec { version: 0x0F, serial: 0x06_0305, model: 0x3032, engine: Engine::Slow };
        assert_eq!(configuration.processor, processor);
        let eight_oclock = DateTime { year: 1976, month: 1, day: 1, hour: 8, minute: 0, second: 0 };
        let start = tod::from_date_time(eight_oclock).expect("a date");
        assert_eq!(configuration.clock, Clock::Deterministic { start });
        assert_eq!(configuration.console, Some(Address(0x01F)));
        let addresses: Vec<_> = configuration.devices.iter().map(|device| device.address.0).collect();
        assert_eq!(addresses, [0x00C, 0x01F, 0x150]);
        let pack = configuration.device(Address(0x150)).expect("a disk");
        assert_eq!((pack.kind.name, pack.options.files("file")), ("3330-1", &["/base/dliba1.cckd".into()][..]));
        assert_eq!(pack.place, Place { file: "m.toml".to_owned(), line: 20, column: 9 });
    }

    #[test]
    fn nothing_is_a_machine_too() {
        assert_eq!(read(""), Ok(Configuration::default()));
    }

    #[test]
    fn unknown_keys_are_errors_with_a_suggestion() {
        assert_eq!(
            complaints(
                "storag = \"8M\"\n\n[processor]\n  modell = \"3032\"\n[device.00C]\ntype=\"3505\"\ndeck = \"a\""
            ),
            "m.toml:1:1: unknown key \"storag\"; did you mean \"storage\"?\n\
             m.toml:4:3: unknown key \"modell\" of section \"processor\"; did you mean \"model\"?\n\
             m.toml:7:1: a card reader has no option \"deck\"; did you mean \"decks\"?"
        );
    }

    #[test]
    fn wrong_values_are_where_they_are() {
        assert_eq!(
            complaints("storage = \"8G\"\ntiming = 1\nlisten = \"here\"\nconsole = \"009\""),
            "m.toml:1:11: storage: \"8G\" is not a multiple of 2K up to 64M, such as 512K\n\
             m.toml:2:10: timing: \"1\" is neither \"quick\" nor \"real\"\n\
             m.toml:3:10: listen: \"here\" is not a port, such as 3270, nor an address and a port, such as 127.0.0.1:3270\n\
             m.toml:4:11: there is no console typewriter at 009"
        );
        assert_eq!(
            complaints("[processor]\nmodel = \"303X\"\ncount = 2\n[clock]\nstart = 1899-01-01"),
            "m.toml:2:9: model: \"303X\" is not a number of up to 4 hexadecimal digits\n\
             m.toml:3:9: count: 2 processors: a bare machine has 1\n\
             m.toml:5:9: start: it is not a date, or a date and time, from 1900 to 2042, such as 1976-01-01T08:00:00"
        );
        assert_eq!(
            complaints("[clock]\nstart = 1976-01-01"),
            "m.toml:2:9: start: only the deterministic clock has a start: say source = \"deterministic\" too"
        );
    }

    #[test]
    fn wrong_devices() {
        assert_eq!(
            complaints("[device.00C]\n[device.1234]\ntype = \"1403\"\n[device.00E]\ntype = \"1404\""),
            "m.toml:1:9: device 00C has no type\n\
             m.toml:2:9: \"1234\" is not a device address: three hexadecimal digits, channel and unit, as 00C or 150\n\
             m.toml:5:8: \"1404\" is not a device type; did you mean \"1403\"?"
        );
        assert_eq!(
            complaints("[device.00C]\ntype = \"3505\"\n[device.0c]\ntype = \"3505\""),
            "m.toml:3:9: device 00C is there already, in line 1"
        );
        assert_eq!(
            complaints("[device.5F0]\ntype = \"CTCA\"\nother = \"5F1\""),
            "m.toml:1:9: the other side, 5F1, is to be an adapter whose other side is 5F0"
        );
        assert_eq!(complaints("device = 1"), "m.toml:1:10: device: devices are sections: [device.00C]");
        assert_eq!(
            complaints("[device.150]\ntype = \"3330\"\nfile = \"${NOPE}\""),
            "m.toml:3:8: file: the variable \"NOPE\" has no value: give it with --set NOPE=VALUE"
        );
    }

    #[test]
    fn what_is_no_toml_is_said_with_its_place() {
        let complaint = complaints("storage = \"8M\"\nlisten = ");
        assert!(complaint.starts_with("m.toml:2:"), "{complaint}");
    }
}
