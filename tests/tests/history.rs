//! Real software of the 1970s on the bare machine, unattended, with what it types and prints compared with records. The
//! scripts are in `tests/history`; the software is in `../shared/images`, or in `$CAMBRIDGE_SHARED/images`. Without it
//! these tests say that they are skipped, and prove nothing.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use cambridge::{
    bare::{
        run_loop::{Display, Ended},
        session::MachineOptions,
    },
    files::{HostFile, Purpose},
    panel::model::{Status, Voice},
};
use devices::{
    dasd::CkdPack,
    media::{
        Buffer, Medium,
        disk::{
            self, Compression, Image, track,
            volume::initialize::{Place, initialize},
        },
    },
};
use regex::Regex;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folder of the software, if it is there.
fn images() -> Option<PathBuf> {
    let beside = || repository().join("../shared");
    let images = std::env::var_os("CAMBRIDGE_SHARED").map_or_else(beside, PathBuf::from).join("images");
    if images.join("osvs1").is_dir() {
        return Some(images);
    }
    println!("SKIPPED: {} is not there", images.display());
    None
}

/// A folder that goes away.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("cambridge-history-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.file(name)).expect("a file")).into_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// What the machine typed, and everything.
#[derive(Default)]
struct Listener {
    machine: String,
    all: String,
}

impl Display for Listener {
    fn text(&mut self, voice: Voice, text: &str) {
        self.all.push_str(text);
        match voice {
            Voice::Console => self.machine.push_str(text),
            // What is typed behind a prompt stands in its line.
            Voice::Typed if !self.machine.is_empty() && !self.machine.ends_with('\n') => self.machine.push_str(text),
            _ => {}
        }
    }

    fn status(&mut self, _: &Status) {}
}

/// Obeys a script; what the machine has typed. It must come to its end.
fn run(configuration: &str, script: &str, variables: &[(&str, &Path)]) -> String {
    let history = repository().join("tests/history");
    let options = MachineOptions {
        config: Some(history.join(configuration)),
        script: Some(history.join(script)),
        set: variables.iter().map(|(name, path)| ((*name).to_owned(), path.display().to_string())).collect(),
        ..MachineOptions::default()
    };
    let mut listener = Listener::default();
    let ended = options.unattended(&mut listener);
    assert_eq!(ended, Ok(Ended::Script(0)), "{script}:\n{}", listener.all);
    listener.machine
}

/// Lines without what differs from run to run and from machine to machine: dates, times, blanks at the end, empty lines.
fn comparable(text: &str, masks: &[&str]) -> Vec<String> {
    let masks: Vec<Regex> = masks.iter().map(|mask| Regex::new(mask).expect("a pattern")).collect();
    let masked =
        |line: &str| masks.iter().fold(line.to_owned(), |line, mask| mask.replace_all(&line, "#").into_owned());
    let lines = text.split(['\n', '\r', '\u{c}']).map(str::trim_end).filter(|line| !line.is_empty());
    lines.map(masked).collect()
}

/// The machine's figures of the moment in OS/VS1's messages and listings.
const OSVS1_MASKS: &[&str] = &[
    r"CLOCK=\d\d\.\d\d\.\d\d",
    r"DATE=\d\d\.\d\d\d",
    r"TIME=\d\d\.\d\d\.\d\d",
    r"^\d{6} 8000",
    r"SYS\d{5}\.T\d{6}",
    r"\d\d\.\d\d \d\d/\d\d/\d\d",
];

#[track_caller]
fn assert_same_lines(got: &[String], expected: &[String]) {
    for (n, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert_eq!(got, expected, "line {}", n + 1);
    }
    assert_eq!(got.len(), expected.len(), "the number of lines");
}

#[test]
fn stand_alone_decks() {
    let Some(images) = images() else { return };
    for (deck, record, script) in [
        ("hello.deck", "hello.console.txt", "hello.script"),
        ("card-to-console.ipl", "card-to-console.console.txt", "hello.script"),
        ("echo.deck", "echo.console.txt", "echo.script"),
    ] {
        let folder = Folder::new(deck);
        let decks = images.join("decks");
        let typed = run("deck.toml", script, &[("DECK", &decks.join(deck)), ("OUT", &folder.0)]);
        let expected = fs::read_to_string(decks.join(record)).expect("a record");
        // The echo is a second line here: the first is what was typed.
        let typed = typed.replacen("HELLO THERE\nHELLO THERE\n", "HELLO THERE\n", 1);
        assert_eq!(typed.trim_end(), expected.trim_end(), "{deck}");
    }
}

/// A copy of the OS/VS1 pack, which a run writes to.
fn pack(images: &Path, folder: &Folder) -> PathBuf {
    let copy = folder.file("dliba1.cckd");
    fs::write(&copy, fs::read(images.join("osvs1/dliba1.150.cckd")).expect("the pack")).expect("a copy");
    copy
}

#[test]
fn os_vs1_comes_up() {
    let Some(images) = images() else { return };
    let folder = Folder::new("ipl");
    let pack = pack(&images, &folder);
    let typed = run("osvs1.toml", "osvs1-ipl.script", &[("PACK", &pack), ("OUT", &folder.0)]);
    let record = fs::read_to_string(images.join("osvs1/ipl-console.txt")).expect("a record");
    let mut expected = comparable(&record, OSVS1_MASKS);
    // What follows belongs to a job.
    let last = expected.iter().position(|line| line.contains("PARTITION WAITING FOR WORK")).expect("the last line");
    expected.truncate(last + 1);
    assert_same_lines(&comparable(&typed, OSVS1_MASKS), &expected);
}

#[test]
fn os_vs1_assembles_links_and_goes() {
    let Some(images) = images() else { return };
    let folder = Folder::new("job");
    let (pack, job) = (pack(&images, &folder), images.join("osvs1/assemble-link-go.jcl"));
    let typed = run("osvs1.toml", "assemble-link-go.script", &[("PACK", &pack), ("JOB", &job), ("OUT", &folder.0)]);
    assert!(typed.contains(" +PRODUCT IS  07006652 "), "{typed}");
    // Messages of tasks that run side by side come in an order of their own.
    let record = fs::read_to_string(images.join("osvs1/assemble-link-go-console.txt")).expect("a record");
    let sorted = |text: &str| {
        let mut lines = comparable(&text.replace("X0700665 ", "07006652 "), OSVS1_MASKS);
        lines.sort();
        lines
    };
    assert_same_lines(&sorted(&typed), &sorted(&record));

    let printed = folder.text("printer.txt");
    let codes: Vec<&str> = printed.lines().filter(|line| line.contains("COND CODE")).collect();
    assert_eq!(codes.len(), 3, "{printed}");
    assert!(codes.iter().all(|line| line.contains("COND CODE 0000")), "{codes:?}");
    let record = fs::read(images.join("osvs1/assemble-link-go.printer.txt")).expect("a record");
    // The record is of the job before one statement was changed.
    let masks: Vec<&str> = OSVS1_MASKS.iter().copied().chain([r"^000012 F377 .*"]).collect();
    let expected = comparable(&String::from_utf8_lossy(&record), &masks);
    assert_same_lines(&unfolded(&comparable(&printed, &masks)), &unfolded(&expected));

    let punched = fs::read(folder.file("punch.deck")).expect("a deck");
    let deck: Vec<&[u8]> = punched.chunks(80).filter(|card| card.iter().any(|&code| code != 0x40)).collect();
    let kinds: Vec<String> = deck.iter().map(|card| s370_arch::ebcdic::to_text(&card[1..4])).collect();
    assert_eq!(kinds, ["ESD", "TXT", "TXT", "END"]);
}

/// Page headings: where the record has no new line before a heading, there is one here.
fn unfolded(lines: &[String]) -> Vec<String> {
    let words = lines.iter().flat_map(|line| line.split("   ")).map(str::trim).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

#[test]
fn a_pack_is_initialised_and_restored() {
    let Some(images) = images() else { return };
    let folder = Folder::new("restore");
    let osvs1 = images.join("osvs1");
    let tape = starter_tape(&osvs1, &folder);
    let new = folder.file("new.cckd");
    let medium = HostFile::open(&new, Purpose::Create).expect("a new file");
    let model = devices::dasd::geometry::Model::named("3330-1").expect("a model");
    disk::create_tracks(Box::new(medium), model, model.cylinders(), Some(Compression::Zlib)).expect("a new pack");
    let variables = [("PACK", new.as_path()), ("TAPE", &tape), ("DECKS", &osvs1), ("OUT", &folder.0)];
    let typed = run("osvs1.toml", "restore.script", &variables);
    let record = fs::read_to_string(osvs1.join("restore-console.txt")).expect("a record");
    // CSW and sense of a reader that is not ready.
    let masks = [r"00C \S\S \S{4} .*"];
    assert_same_lines(&comparable(&typed, &masks), &comparable(&record, &masks));
    assert_same_packs(&new, &osvs1.join("dliba1.150.cckd"));
}

/// The starter tape, unpacked.
fn starter_tape(osvs1: &Path, folder: &Folder) -> PathBuf {
    let tape = folder.file("starter.aws");
    let packed = fs::File::open(osvs1.join("vs1r60_starter_3330.aws.xz")).expect("the starter tape");
    let mut reel = Vec::new();
    lzma_rust2::XzReader::new(packed, true).read_to_end(&mut reel).expect("a reel");
    fs::write(&tape, reel).expect("a copy");
    tape
}

/// The label of a pack but for its owner, and its table's control blocks of format 4 and 5 and how many empty ones follow.
fn label_and_table(path: &Path) -> (Vec<u8>, [Vec<u8>; 2], usize) {
    let mut pack = open(path);
    let mut image = Vec::new();
    pack.read_track(0, &mut image).expect("the first track");
    let mut label = track::records(&image).find(|record| record.number == 3).expect("a label").data.to_vec();
    // Where nobody is the owner, IBCDASDI leaves zeros; standard labels have blanks.
    label[41..51].fill(0);
    let half = |at: usize| u32::from(u16::from_be_bytes([label[at], label[at + 1]]));
    let first = half(11) * pack.model().heads + half(13);
    let mut blocks = Vec::new();
    for number in first..first + 10 {
        pack.read_track(number, &mut image).expect("a track of the table");
        blocks.extend(track::records(&image).skip(1).map(|record| [record.key, record.data].concat()));
    }
    let special = [blocks.remove(0), blocks.remove(0)];
    assert!(blocks.iter().all(|block| *block == [0; 140]), "the others are empty");
    (label, special, blocks.len())
}

/// What `cambridge disk create --volser` writes is what IBCDASDI writes, on each device that this level of it knows and our
/// drives are whole for.
#[test]
fn our_table_of_contents_is_that_of_ibcdasdi() {
    let Some(images) = images() else { return };
    let folder = Folder::new("vtoc");
    let tape = starter_tape(&images.join("osvs1"), &folder);
    for (model, device, options) in [
        ("2305-1", "2305", "BYPASS=YES,MODEL=1"),
        ("2305-2", "2305", "BYPASS=YES,MODEL=2"),
        ("2311", "2311", "FLAGTEST=NO,BYPASS=YES"),
        ("2314", "2314", "FLAGTEST=NO,BYPASS=YES"),
        ("3330-1", "3330", "FLAGTEST=NO,BYPASS=YES"),
        ("3330-11", "3330-1", "FLAGTEST=NO,BYPASS=YES"),
        ("3350", "3350", "FLAGTEST=NO,BYPASS=YES"),
    ] {
        let [theirs, ours] = ["theirs", "ours"].map(|name| folder.file(&format!("{name}-{model}.ckd")));
        let geometry = devices::dasd::geometry::Model::named(model).expect("a model");
        for path in [&theirs, &ours] {
            let medium = HostFile::open(path, Purpose::Create).expect("a new file");
            disk::create_tracks(Box::new(medium), geometry, geometry.cylinders(), None).expect("a new pack");
        }
        let deck = folder.file("dasdi.deck");
        let statements = format!(
            "  JOB\n  MSG TODEV=1052,TOADDR=01F\n  DADEF TODEV={device},TOADDR=150,VOLID=SCRATCH,{options}\n  \
             VLD NEWVOLID=TEST01\n  VTOCD STRTADR=50,EXTENT=10\n  END\n"
        );
        fs::write(&deck, statements).expect("a deck");
        let variables = [("PACK", theirs.as_path()), ("MODEL", Path::new(model)), ("TAPE", &tape), ("DECK", &deck)];
        run("dasdi.toml", "dasdi.script", &variables);

        let medium = HostFile::open(&ours, Purpose::Write).expect("the new pack");
        let Image::Ckd(mut pack) = disk::open(vec![Box::new(medium) as Box<dyn Medium>]).expect("a pack").image else {
            panic!("a pack of tracks was made");
        };
        let serial = [0xE3, 0xC5, 0xE2, 0xE3, 0xF0, 0xF1];
        initialize(&mut *pack, serial, Place { first: 50, tracks: 10 }).expect("a place for the table");
        drop(pack);
        let (ours, theirs) = (label_and_table(&ours), label_and_table(&theirs));
        assert_eq!(format!("{ours:02X?}"), format!("{theirs:02X?}"), "{model}");
    }
}

fn open(path: &Path) -> Box<dyn CkdPack> {
    let bytes = fs::read(path).expect("a pack");
    let medium = Buffer { name: path.display().to_string(), bytes, read_only: true };
    match disk::open(vec![Box::new(medium) as Box<dyn Medium>]).expect("a pack").image {
        Image::Ckd(pack) => pack,
        Image::Block(_) => panic!("{} is a pack of blocks", path.display()),
    }
}

/// Compares what is recorded, track by track, but for the alternate cylinders.
fn assert_same_packs(got: &Path, expected: &Path) {
    let (mut got, mut expected) = (open(got), open(expected));
    let tracks = expected.model().primary * expected.model().heads;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for number in 0..tracks {
        got.read_track(number, &mut ours).expect("a track");
        expected.read_track(number, &mut theirs).expect("a track");
        let used = |image: &[u8]| track::used(image).expect("a whole track");
        assert!(ours[..used(&ours)] == theirs[..used(&theirs)], "track {number} differs");
    }
}
