//! `cambridge link`: object decks to a core image that can be put into storage as it is.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use asm370::{CoreImage, Object, Severity, link};
use clap::Args;
use s370_arch::ebcdic::to_text;

use crate::{
    hex,
    ipl_deck::ipl_deck,
    outputs::{FileError, Outputs, check_distinct, is_standard, read, remove_outputs, say},
};

/// What `cambridge link` does, in a line.
pub const ABOUT: &str = "Link object decks to a core image";

/// What `cambridge link --help` begins with.
pub const LONG_ABOUT: &str = "\
Link object decks to a core image: the bytes of storage from an origin on, addresses filled in.

A DECK is a file of 80-byte EBCDIC card images, ours or another assembler's, and may hold several objects; `-` is \
standard input. Their control sections are laid one after another, each on a doubleword, in the order of the decks; \
common sections follow. Of two sections with one name the first is taken. Execution begins where the first END with an \
operand says, else at the first section.";

/// Examples and exit status, for the end of `cambridge link --help`.
pub const EXAMPLES: &str = "\
Examples:
  Link two decks to an image for X'1000' and see what stands where:
    cambridge link main.deck subs.deck -o program.core --map -
    cambridge bare --load program.core@1000 --psw 0000000000001000
  Begin at another place, and let the image have low storage with a PSW that leads there:
    cambridge link main.deck subs.deck -o program.core --origin 20000 --entry TEST --psw
    cambridge bare --load program.core@0

Exit status: 0; 4 when a section or an entry was left out for one of the same name, or a card for another linker was \
passed over; 8 for errors, after which there is \
no core image, and one that an earlier run left is removed; 16 when a file cannot be read or written or is no deck, 2 \
when an option is wrong.";

/// Where the image begins unless told otherwise.
const DEFAULT_ORIGIN: u32 = 0x1000;
/// End of the storage locations that the machine assigns.
const ASSIGNED: u32 = 0x200;
/// Locations of the new PSWs: external, supervisor call, program, machine check, input/output.
const NEW_PSWS: [u32; 5] = [0x58, 0x60, 0x68, 0x70, 0x78];
/// A BC-mode PSW in the wait state with all interruptions disabled; its address tells one from another.
const WAIT: u64 = 0x0002_0000_0000_0000;

/// How a core image is made.
#[derive(Debug, Args)]
pub struct ImageOptions {
    /// Address of the first section, hexadecimal; 1000 otherwise
    #[arg(long, value_name = "HEX", value_parser = parse_origin, requires = "core")]
    pub origin: Option<u32>,
    /// Control section or entry where execution begins
    #[arg(long, value_name = "NAME", value_parser = parse_name, requires = "core")]
    pub entry: Option<String>,
    /// Let the image begin at location 0: a PSW that leads to the entry, and for every interruption a new PSW that waits
    /// with the new PSW's location as its address
    #[arg(long, requires = "core")]
    pub psw: bool,
    /// Make the core image a deck of cards that an initial program load reads
    #[arg(long, requires = "core")]
    pub ipl: bool,
    /// Write a map of sections and entries here; `-` is standard output
    #[arg(long, value_name = "FILE", requires = "core")]
    pub map: Option<PathBuf>,
}

/// The options of `cambridge link`.
#[derive(Debug, Args)]
pub struct Options {
    /// Object decks; `-` is standard input
    #[arg(required = true, value_name = "DECK")]
    decks: Vec<PathBuf>,
    /// Write the core image here; `-` is standard output
    #[arg(short = 'o', long, value_name = "CORE")]
    core: PathBuf,
    #[command(flatten)]
    image: ImageOptions,
    /// Write only messages to standard error, no summary
    #[arg(short, long)]
    quiet: bool,
}

fn parse_origin(text: &str) -> Result<u32, String> {
    let origin = hex::parse_number(text)?;
    u32::try_from(origin).ok().filter(|origin| *origin < 1 << 24).ok_or_else(|| format!("{text:?} is beyond FFFFFF"))
}

/// A symbol, in capitals.
fn parse_name(text: &str) -> Result<String, String> {
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '$' | '#' | '@');
    let fits = (1..=8).contains(&text.len()) && text.chars().all(valid);
    fits.then(|| text.to_ascii_uppercase()).ok_or_else(|| format!("{text:?} is not a symbol of up to eight characters"))
}

/// An object and what to call it in messages.
#[derive(Clone, Debug)]
pub struct Deck {
    /// The file it is from.
    pub name: String,
    /// The object.
    pub object: Object,
}

/// The outcome of linking.
#[derive(Debug)]
pub struct Linked {
    /// The highest severity of the messages.
    pub severity: Severity,
    /// What is wrong, a line each.
    pub messages: String,
    /// The image, if nothing serious is.
    pub image: Option<Image>,
}

/// A core image and its map.
#[derive(Debug)]
pub struct Image {
    /// Address of the first byte.
    origin: u32,
    length: usize,
    entry: u32,
    /// What the file is to hold.
    file: Vec<u8>,
    map: String,
}

impl Options {
    /// Links, and writes what is asked for. The exit status is as [`EXAMPLES`] says.
    #[must_use]
    pub fn execute(&self) -> ExitCode {
        let outputs: Vec<&Path> =
            [Some(&self.core), self.image.map.as_ref()].into_iter().flatten().map(PathBuf::as_path).collect();
        if let Err(clash) = check_distinct(&self.decks, &outputs) {
            say(&format!("cambridge link: {clash}\n"));
            return ExitCode::from(2);
        }
        let severity = self.run();
        if let Err(why) = &severity {
            say(&format!("cambridge link: {why}\n"));
        }
        if !matches!(severity, Ok(severity) if severity < Severity::ERROR) {
            remove_outputs("link", &outputs, self.quiet);
        }
        ExitCode::from(severity.map_or(16, |severity| severity.0))
    }

    fn run(&self) -> Result<Severity, String> {
        let mut decks = Vec::new();
        for path in &self.decks {
            decks.extend(read_decks(path)?);
        }
        let linked = build(&decks, &self.image);
        say(&linked.messages);
        let Some(image) = linked.image else { return Ok(linked.severity) };
        let summary = image.summary(&self.core, &self.image);
        let mut outputs = Outputs::default();
        image.stage(&self.core, &self.image, &mut outputs).map_err(|error| error.to_string())?;
        outputs.commit().map_err(|error| error.to_string())?;
        if !self.quiet {
            say(&summary);
        }
        Ok(linked.severity)
    }
}

/// The objects in a file.
fn read_decks(path: &Path) -> Result<Vec<Deck>, String> {
    let file = if is_standard(path) { "<stdin>".to_owned() } else { path.display().to_string() };
    let bytes = read(path).map_err(|error| error.to_string())?;
    let objects = Object::from_deck(&bytes).map_err(|error| format!("{file}: {error}"))?;
    if objects.is_empty() {
        return Err(format!("{file}: there is no object in it; an object deck consists of 80-byte EBCDIC card images"));
    }
    let alone = objects.len() == 1;
    let name = |n: usize| if alone { file.clone() } else { format!("{file}, object {}", n + 1) };
    Ok(objects.into_iter().enumerate().map(|(n, object)| Deck { name: name(n), object }).collect())
}

/// Links objects as the options say.
#[must_use]
pub fn build(decks: &[Deck], options: &ImageOptions) -> Linked {
    let objects: Vec<Object> = decks.iter().map(|deck| deck.object.clone()).collect();
    let names: Vec<&str> = decks.iter().map(|deck| deck.name.as_str()).collect();
    let mut linked = Linked { severity: Severity::NOTE, messages: String::new(), image: None };
    let origin = options.origin.unwrap_or(DEFAULT_ORIGIN);
    if options.psw && origin < ASSIGNED {
        linked.say(
            Severity::ERROR,
            "--psw",
            &format!("the origin {origin:X} is within the assigned storage locations 0-{:X}", ASSIGNED - 1),
        );
    }
    for deck in decks {
        linked.pass_over(deck);
    }
    match link(&objects, origin) {
        Ok(core) => linked.take(&core, &names, options),
        Err(errors) => {
            for error in errors {
                let place = error.object.and_then(|object| names.get(object)).copied().unwrap_or("the program");
                linked.say(Severity::ERROR, place, &error.problem.to_string());
            }
        }
    }
    linked
}

impl Linked {
    fn say(&mut self, severity: Severity, place: &str, message: &str) {
        self.severity = self.severity.max(severity);
        self.messages.push_str(&format!("{place}: {severity}: {message}\n"));
    }

    /// Complains about cards for another linker; blank cards and comments mean nothing to any.
    fn pass_over(&mut self, deck: &Deck) {
        let cards = deck.object.control.iter().map(|card| to_text(card).trim_end().to_owned());
        for card in cards.filter(|card| !card.is_empty() && !card.starts_with('*')) {
            self.say(Severity::WARNING, &deck.name, &format!("this card is passed over: {card}"));
        }
    }

    fn take(&mut self, core: &CoreImage, names: &[&str], options: &ImageOptions) {
        for duplicate in &core.duplicates {
            let kind = if duplicate.section { "control section" } else { "entry" };
            let (place, first) = (names[duplicate.object], names[duplicate.first]);
            let message = format!("the {kind} {} is left out: {first} has defined that name before", duplicate.name);
            self.say(Severity::WARNING, place, &message);
        }
        let entry = match &options.entry {
            None => core.entry,
            Some(name) => core.address(name).unwrap_or_else(|| {
                let known: Vec<&str> =
                    core.map.iter().map(|entry| entry.name.as_str()).filter(|name| !name.is_empty()).collect();
                let message =
                    format!("{name} is not a control section or entry of the program; these are: {}", known.join(", "));
                self.say(Severity::ERROR, "--entry", &message);
                0
            }),
        };
        if self.severity >= Severity::ERROR {
            return;
        }
        let map = format!("{}\nENTRY     {entry:06X}\n", core.map_text(names));
        let (origin, bytes) =
            if options.psw { (0, with_low_storage(core, entry)) } else { (core.origin, core.bytes.clone()) };
        let length = bytes.len();
        let file = if options.ipl { ipl_deck(origin, &bytes, entry) } else { Some(bytes) };
        let Some(file) = file else {
            return self.say(Severity::ERROR, "--ipl", "image and channel program do not fit into 16 megabytes");
        };
        self.image = Some(Image { origin, length, entry, file, map });
    }
}

/// The image with storage from location 0 on in front of it.
fn with_low_storage(core: &CoreImage, entry: u32) -> Vec<u8> {
    let mut bytes = vec![0; core.origin as usize];
    let mut put = |at: u32, psw: u64| bytes[at as usize..at as usize + 8].copy_from_slice(&psw.to_be_bytes());
    put(0, u64::from(entry));
    for at in NEW_PSWS {
        put(at, WAIT | u64::from(at));
    }
    bytes.extend(&core.bytes);
    bytes
}

impl Image {
    /// Adds the core image, and the map if it is wanted, to the outputs.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn stage(self, core: &Path, options: &ImageOptions, outputs: &mut Outputs) -> Result<(), FileError> {
        outputs.stage(core, self.file)?;
        options.map.as_ref().map_or(Ok(()), |map| outputs.stage(map, self.map.into_bytes()))
    }

    /// What there is, and how to run it.
    #[must_use]
    pub fn summary(&self, core: &Path, options: &ImageOptions) -> String {
        let end = u64::from(self.origin) + self.length as u64;
        let about = format!(
            "{}: {:X} bytes from {:06X} on, entry {:06X}\n",
            core.display(),
            self.length,
            self.origin,
            self.entry
        );
        if is_standard(core) {
            return about;
        }
        if options.ipl {
            return format!("{about}to run it: cambridge bare --ipl {}\n", quoted(&core.display().to_string()));
        }
        let load = quoted(&format!("{}@{:X}", core.display(), self.origin));
        let mut command = format!("cambridge bare --load {load}");
        if !options.psw {
            command.push_str(&format!(" --psw {:016X}", self.entry));
        }
        if end > 1 << 20 {
            command.push_str(&format!(" --storage {}M", end.div_ceil(1 << 20)));
        }
        format!("{about}to run it: {command}\n")
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
