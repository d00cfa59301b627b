//! Configuration files of the Hercules emulator: the statements that matter for a System/370. What does not is named in
//! one warning a file.

use std::path::Path;

use super::{
    Clock, Configuration, ConsoleChoice, check_epoch, check_years,
    device::{Address, DeviceSpec, Options, Setting, Value},
    kinds::{Class, Kind},
    parse_digits, parse_listen, parse_storage_size, parse_zone,
    problem::{Place, Problem, Problems},
    read_text,
    variables::Variables,
};

/// How many INCLUDE statements are obeyed: files that include one another come to an end.
const MOST_INCLUDES: usize = 64;

/// Reads a configuration. Names of files in it are relative to `base`.
///
/// # Errors
/// All that is wrong, with line and column.
pub(super) fn parse(file: &str, text: &str, base: &Path, variables: &Variables) -> Result<Configuration, Problems> {
    let mut reader = Reader {
        base,
        variables,
        configuration: Configuration::default(),
        console: None,
        problems: Vec::new(),
        includes: 0,
    };
    // This is the emulator's default, and what its files count on.
    reader.configuration.storage = 2 << 20;
    reader.file(file, text);
    if reader.configuration.listen.is_some() && reader.console.is_none() {
        // Consoles are dialled into, but for those on the panel.
        reader.console = Some((ConsoleChoice::None, Place::default()));
    }
    reader.configuration.finish(reader.console, reader.problems)
}

/// A word of a line, and its column.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    text: String,
    column: usize,
}

/// The words of a line. Text in quotation marks is one word; a word that begins with `#` begins a comment.
fn words(line: &str) -> Result<Vec<Word>, (usize, String)> {
    let mut words = Vec::new();
    let mut characters = line.chars().enumerate().peekable();
    while let Some(&(at, first)) = characters.peek() {
        if first.is_whitespace() {
            characters.next();
            continue;
        }
        if first == '#' {
            break;
        }
        let mut text = String::new();
        let mut quoted = None;
        while let Some(&(_, character)) = characters.peek() {
            match quoted {
                Some(mark) if character == mark => quoted = None,
                None if matches!(character, '"' | '\'') && (text.is_empty() || text.ends_with('=')) => {
                    quoted = Some(character);
                }
                None if character.is_whitespace() => break,
                _ => text.push(character),
            }
            characters.next();
        }
        if let Some(mark) = quoted {
            return Err((at + 1, format!("the text has no closing {mark}")));
        }
        words.push(Word { text, column: at + 1 });
    }
    Ok(words)
}

/// What a statement does with its operands.
type Statement = fn(&mut Reader<'_>, &[&str]) -> Result<(), String>;

/// The statements that matter.
const STATEMENTS: &[(&str, Statement)] = &[
    ("CPUMODEL", |reader, operands| {
        reader.configuration.processor.model = parse_digits(only(operands)?, 4)? as u16;
        Ok(())
    }),
    ("CPUSERIAL", |reader, operands| {
        reader.configuration.processor.serial = parse_digits(only(operands)?, 6)?;
        Ok(())
    }),
    ("CPUVERID", |reader, operands| {
        let version = operands.first().ok_or("it has no operand")?;
        reader.configuration.processor.version = parse_digits(version, 2)? as u8;
        Ok(())
    }),
    ("MAINSIZE", |reader, operands| {
        let operand = only(operands)?;
        // A number alone is of megabytes.
        let is_number = operand.bytes().all(|byte| byte.is_ascii_digit());
        let size = if is_number { format!("{operand}M") } else { operand.to_owned() };
        reader.configuration.storage = parse_storage_size(&size)?;
        Ok(())
    }),
    ("CNSLPORT", |reader, operands| {
        reader.configuration.listen = Some(parse_listen(only(operands)?)?);
        Ok(())
    }),
    ("NUMCPU", |_, operands| match only(operands)? {
        "1" => Ok(()),
        count => Err(format!("{count:?} processors: a bare machine has 1")),
    }),
    ("ARCHMODE", |_, operands| match only(operands)?.to_ascii_uppercase().as_str() {
        "S/370" | "S370" | "370" => Ok(()),
        other => Err(format!("{other:?} is not System/370")),
    }),
    ("SYSEPOCH", |reader, operands| {
        let year = operands.first().and_then(|year| year.parse().ok()).ok_or("its operand is to be a year")?;
        let year = check_epoch(year)?;
        reader.host_clock(|epoch, _, _| *epoch = year);
        operands.get(1).map_or(Ok(()), |years| reader.years(years))
    }),
    ("YROFFSET", |reader, operands| reader.years(only(operands)?)),
    ("TZOFFSET", |reader, operands| {
        let minutes = parse_zone(only(operands)?)?;
        reader.host_clock(|_, _, zone| *zone = minutes);
        Ok(())
    }),
];

fn only<'a>(operands: &[&'a str]) -> Result<&'a str, String> {
    match operands {
        [operand] => Ok(operand),
        [] => Err("it has no operand".to_owned()),
        [_, extra, ..] => Err(format!("{extra:?} is too much")),
    }
}

struct Reader<'a> {
    base: &'a Path,
    variables: &'a Variables,
    configuration: Configuration,
    console: Option<(ConsoleChoice, Place)>,
    problems: Vec<Problem>,
    /// How many INCLUDE statements have been obeyed.
    includes: usize,
}

impl Reader<'_> {
    fn file(&mut self, file: &str, text: &str) {
        let mut left_out: Vec<(String, usize)> = Vec::new();
        for (n, line) in text.lines().enumerate() {
            let place = |column| Place { file: file.to_owned(), line: n + 1, column };
            if line.trim_start().starts_with(['#', '*']) {
                continue;
            }
            let words = match self.variables.expand(line).map_err(|what| (0, what)).and_then(|line| words(&line)) {
                Ok(words) => words,
                Err((column, what)) => {
                    self.problems.push(Problem::new(&place(column), what));
                    continue;
                }
            };
            let Some((first, rest)) = words.split_first() else { continue };
            match self.line(first, rest, &place) {
                Ok(None) => {}
                Ok(Some(name)) => left_out.push((name, n + 1)),
                Err(problems) => self.problems.extend(problems),
            }
        }
        if !left_out.is_empty() {
            let names: Vec<String> = left_out.iter().map(|(name, line)| format!("{name} (line {line})")).collect();
            let what = format!("left out, as it means nothing here: {}", names.join(", "));
            self.configuration.warnings.push(Problem::new(&super::file_place(file), what));
        }
    }

    /// Reads a line. Gives the name of what means nothing here.
    fn line(
        &mut self,
        first: &Word,
        rest: &[Word],
        place: &dyn Fn(usize) -> Place,
    ) -> Result<Option<String>, Vec<Problem>> {
        let name = first.text.to_ascii_uppercase();
        let operands: Vec<&str> = rest.iter().map(|word| word.text.as_str()).collect();
        let here = place(rest.first().map_or(first.column, |word| word.column));
        if name == "INCLUDE" {
            let included = only(&operands).and_then(|operand| self.include(operand));
            return included.map(|()| None).map_err(|what| vec![Problem::new(&here, what)]);
        }
        if let Some((_, obey)) = STATEMENTS.iter().find(|(known, _)| *known == name) {
            let obeyed = obey(self, &operands).map_err(|what| vec![Problem::new(&here, format!("{name}: {what}"))]);
            return obeyed.map(|()| None);
        }
        // Statements begin with a letter; so do device addresses from A00 on, but then a type follows.
        let addresses = match parse_addresses(&first.text) {
            Ok(addresses) => addresses,
            Err(_) if !first.text.starts_with(|c: char| c.is_ascii_digit()) => return Ok(Some(name)),
            Err(what) => return Err(vec![Problem::new(&place(first.column), what)]),
        };
        let Some((kind, rest)) = rest.split_first() else {
            return Err(vec![Problem::new(&place(first.column), format!("device {} has no type", first.text))]);
        };
        self.devices(&addresses, kind, rest, place)
    }

    fn include(&mut self, operand: &str) -> Result<(), String> {
        if self.includes == MOST_INCLUDES {
            return Err(format!("more than {MOST_INCLUDES} files are included"));
        }
        let path = self.base.join(operand);
        let name = path.display().to_string();
        let text = read_text(&path).map_err(|what| format!("{name}: {what}"))?;
        self.includes += 1;
        self.file(&name, &text);
        Ok(())
    }

    fn host_clock(&mut self, change: impl FnOnce(&mut u16, &mut i32, &mut i32)) {
        if let Clock::Host { epoch, years, zone } = &mut self.configuration.clock {
            change(epoch, years, zone);
        }
    }

    fn years(&mut self, operand: &str) -> Result<(), String> {
        let years = operand.parse().map_err(|_| format!("{operand:?} is not a number of years"))?;
        let years = check_years(years)?;
        self.host_clock(|_, current, _| *current = years);
        Ok(())
    }

    fn devices(
        &mut self,
        addresses: &[Address],
        kind: &Word,
        operands: &[Word],
        place: &dyn Fn(usize) -> Place,
    ) -> Result<Option<String>, Vec<Problem>> {
        // A console on the panel rather than on a terminal.
        let type_name = kind.text.to_ascii_uppercase();
        let on_panel = type_name.strip_suffix("-C");
        let name = match on_panel.unwrap_or(&type_name) {
            "3270" => "3278",
            other => other,
        };
        let Ok(kind) = Kind::named(name) else {
            return Ok(Some(format!("device type {type_name}")));
        };
        let mut settings = Vec::new();
        let mut ignored = Vec::new();
        for operand in operands {
            match meaning(kind.class, &operand.text, self.base) {
                // The first word that is no keyword is the file; another one is a keyword that is not known here.
                Meaning::Set(option @ ("output" | "file"), _)
                    if settings.iter().any(|setting: &Setting| setting.name == option) =>
                {
                    ignored.push(operand.text.clone());
                }
                Meaning::Set(option, value) => {
                    settings.push(Setting { name: option.to_owned(), value, place: place(operand.column) });
                }
                Meaning::Nothing => {}
                Meaning::Unknown => ignored.push(operand.text.clone()),
            }
        }
        if kind.class == Class::Tape
            && settings.iter().any(|setting| setting.name == "file")
            && !settings.iter().any(|setting| setting.name == "write")
        {
            let (name, value) = ("write".to_owned(), Value::Flag(true));
            settings.push(Setting { name, value, place: place(0) });
        }
        let options = Options::check(kind.class, &settings, self.base, false)?;
        for &address in addresses {
            self.configuration.devices.push(DeviceSpec { address, kind, options: options.clone(), place: place(1) });
        }
        if on_panel.is_some() && self.console.is_none() {
            self.console = addresses.first().map(|&address| (ConsoleChoice::Device(address), place(1)));
        }
        Ok((!ignored.is_empty()).then(|| format!("{} of the {}", ignored.join(" "), kind.name)))
    }
}

/// What an operand of a device means.
enum Meaning {
    /// This option with this value.
    Set(&'static str, Value),
    /// It is understood, and nothing follows from it here.
    Nothing,
    /// It is not understood.
    Unknown,
}

fn meaning(class: Class, operand: &str, base: &Path) -> Meaning {
    let lower = operand.to_ascii_lowercase();
    let text = |name, word: &str| Meaning::Set(name, Value::Text(word.to_owned()));
    let flag = |name, flag| Meaning::Set(name, Value::Flag(flag));
    match (class, lower.as_str()) {
        (_, "*") => Meaning::Nothing,
        (Class::Typewriter | Class::Display, "noprompt") => Meaning::Nothing,
        (Class::Typewriter | Class::Display, word) if super::kinds::options_of(class).any(|one| one.name == "lu") => {
            let is_group = (1..=8).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if is_group { text("lu", word) } else { Meaning::Unknown }
        }
        (Class::Reader | Class::Punch, "ascii") => text("format", "text"),
        (Class::Reader | Class::Punch, "ebcdic") => text("format", "ebcdic"),
        (Class::Reader, "eof") => flag("eof", true),
        (Class::Reader, "intrq") => flag("eof", false),
        (Class::Reader, "trunc") => text("long-lines", "cut"),
        (Class::Reader, "multifile" | "autopad") => Meaning::Nothing,
        (Class::Punch | Class::Printer, "crlf") => text("line-end", "crlf"),
        (Class::Punch | Class::Printer, "noclear") => Meaning::Nothing,
        (Class::Tape, "ring" | "rw") => flag("write", true),
        (Class::Tape, "noring" | "ro") => flag("write", false),
        (Class::Disk | Class::BlockDisk, "ro" | "rdonly" | "readonly") => flag("read-only", true),
        (Class::Disk | Class::BlockDisk, "rw" | "lazywrite" | "nolazywrite" | "fulltrack" | "nofulltrack") => {
            Meaning::Nothing
        }
        (Class::Disk | Class::BlockDisk, word) if word.starts_with("sf=") => {
            Meaning::Set("shadows", Value::List(shadow_files(&operand["sf=".len()..], base)))
        }
        (Class::Adapter, _) => Meaning::Unknown,
        (_, word) if word.contains('=') => Meaning::Unknown,
        (Class::Reader, _) => text("decks", operand),
        (Class::Punch | Class::Printer, _) => text("output", operand),
        (Class::Tape | Class::Disk | Class::BlockDisk, _) => text("file", operand),
        (Class::Typewriter | Class::Display, _) => Meaning::Unknown,
    }
}

/// The names of the shadow files that a template stands for: its last character before the extension is the number of the
/// first. Those that exist follow one another; the first is there in any case, to be created.
fn shadow_files(template: &str, base: &Path) -> Vec<String> {
    let dot = template.rfind('.').filter(|dot| !template[*dot..].contains('/')).unwrap_or(template.len());
    let (stem, extension) = template.split_at(dot);
    let stem = stem.strip_suffix(|last: char| last == '*' || last.is_ascii_digit()).unwrap_or(stem);
    let named = |number: usize| format!("{stem}{number}{extension}");
    let existing = (1..=8).take_while(|&number| base.join(named(number)).exists()).count();
    (1..=existing.max(1)).map(named).collect()
}

/// Reads the address or addresses of a device line: `00C`, `0150,0151`, `0150-0157`, `0150.8`.
fn parse_addresses(text: &str) -> Result<Vec<Address>, String> {
    let mut addresses = Vec::new();
    for part in text.split(',') {
        if let Some((first, last)) = part.split_once('-') {
            let (first, last): (Address, Address) = (first.parse()?, last.parse()?);
            if last < first {
                return Err(format!("{part:?}: the last address is less than the first"));
            }
            addresses.extend((first.0..=last.0).map(Address));
        } else if let Some((first, count)) = part.split_once('.') {
            let first: Address = first.parse()?;
            let count = count.parse::<u16>().ok().filter(|count| (1..=256).contains(count));
            let count = count.ok_or_else(|| format!("{part:?}: not a number of devices from 1 to 256"))?;
            let last = format!("{:X}", first.0 + count - 1).parse::<Address>()?;
            addresses.extend((first.0..=last.0).map(Address));
        } else {
            addresses.push(part.parse()?);
        }
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Configuration, Problems> {
        parse("h.cnf", text, Path::new("/base"), &Variables::of([("DIR", "packs")]))
    }

    #[test]
    fn a_machine_for_os_vs1() {
        let configuration = read(
            "# OS/VS1\n\
             CPUSERIAL 060305\n\
             CPUMODEL  3032\n\
             MAINSIZE  8       # megabytes\n\
             XPNDSIZE  0\n\
             CNSLPORT  3271\n\
             NUMCPU    1\n\
             SYSEPOCH  1900\n\
             YROFFSET  -28\n\
             ARCHMODE  S/370\n\
             PGMPRDOS  LICENSED\n\
             * devices\n\
             001F 3215 noprompt\n\
             000C 3505 \"my deck.txt\" ascii eof\n\
             000D 3525 out/pch00d.txt ascii fancy\n\
             000E 1403 out/prt00e.txt crlf\n\
             0180 3420 starter.aws\n\
             0181.2 3420\n\
             0150 3330 ${DIR}/dliba1.cckd sf=${DIR}/shadow_1.cckd ro\n\
             0E20 OSA 10.0.0.1\n",
        )
        .expect("a right configuration");
        assert_eq!((configuration.storage, configuration.processor.cpu_id()), (8 << 20, 0x0006_0305_3032_0000));
        assert_eq!(configuration.clock, Clock::Host { epoch: 1900, years: -28, zone: 0 });
        assert_eq!(configuration.console, None);
        let warnings: Vec<_> = configuration.warnings.iter().map(Problem::to_string).collect();
        assert_eq!(
            warnings,
            [
                "h.cnf: left out, as it means nothing here: XPNDSIZE (line 5), PGMPRDOS (line 11), fancy of the 3525 (line 15), device type OSA (line 20)"
            ]
        );
        let options = |address| &configuration.device(Address(address)).expect("a device").options;
        assert_eq!(options(0x00C).files("decks"), [Path::new("/base/my deck.txt")]);
        assert_eq!((options(0x00C).word("format"), options(0x00C).flag("eof")), (Some("text"), Some(true)));
        assert_eq!(options(0x00E).word("line-end"), Some("crlf"));
        assert_eq!(options(0x00E).file("output"), Some(Path::new("/base/out/prt00e.txt")));
        assert_eq!((options(0x180).flag("write"), options(0x182).flag("write")), (Some(true), None));
        assert_eq!(options(0x150).files("shadows"), [Path::new("/base/packs/shadow_1.cckd")]);
        assert_eq!(options(0x150).flag("read-only"), Some(true));
    }

    #[test]
    fn errors_have_line_and_column() {
        let problems = read(
            "MAINSIZE 1G\n  CPUMODEL\nARCHMODE z/Arch\n15G 3330\n000C\n0190-0180 3420\n0009 3215 \"open\nINCLUDE nowhere.cnf\n\
             000C 3505 eof eof\n",
        )
        .expect_err("complaints");
        assert_eq!(
            problems.to_string(),
            "h.cnf:1:10: MAINSIZE: \"1G\" is not a multiple of 2K up to 64M, such as 512K\n\
             h.cnf:2:3: CPUMODEL: it has no operand\n\
             h.cnf:3:10: ARCHMODE: \"Z/ARCH\" is not System/370\n\
             h.cnf:4:1: \"15G\" is not a device address: three hexadecimal digits, channel and unit, as 00C or 150\n\
             h.cnf:5:1: device 000C has no type\n\
             h.cnf:6:1: \"0190-0180\": the last address is less than the first\n\
             h.cnf:7:11: the text has no closing \"\n\
             h.cnf:8:9: /base/nowhere.cnf: No such file or directory (os error 2)\n\
             h.cnf:9:15: \"eof\" is there twice"
        );
    }

    #[test]
    fn the_panels_console_is_the_operators() {
        let console = |text| read(text).expect("a right configuration").console;
        assert_eq!(console("CNSLPORT 3270\n0009 3215\n001F 3215-C\n"), Some(Address(0x01F)));
        assert_eq!(console("0009 3215\n001F 3215\n"), Some(Address(0x009)));
    }

    #[test]
    fn several_addresses() {
        let addresses =
            |text| parse_addresses(text).map(|addresses| addresses.iter().map(|address| address.0).collect::<Vec<_>>());
        assert_eq!(addresses("0150-0152,0160"), Ok(vec![0x150, 0x151, 0x152, 0x160]));
        assert_eq!(addresses("0190.2"), Ok(vec![0x190, 0x191]));
        assert!(addresses("0190.0").is_err() && addresses("FFF.2").is_err() && addresses("0190.999").is_err());
    }
}
