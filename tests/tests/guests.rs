//! Programs in virtual machines end as they do on the bare machine.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use cambridge::{
    bare::{
        run_loop::{self, Display},
        session::MachineOptions,
    },
    configuration::variables::Variables,
    panel::model::{Status, Voice},
    programs::{PROGRAMS, Run, STORAGE_SIZE},
};
use cp::{
    real::{Owner, RealStorage},
    vm::{Definition, Stop, TablePool, Timer, VirtualMachine},
};
use regex::Regex;
use s370_cpu::{
    processor::{Engine, Processor},
    state::{CpuState, Model},
    storage::AbsoluteStorage,
};
use tests::guest::{self, Answer, Ended, Guest, Real, Site};

/// Instructions that are enough for every program.
const LIMIT: u64 = 100_000_000;

#[test]
fn benchmark_programs_end_as_on_the_bare_machine() {
    for program in PROGRAMS {
        let image = program.core_image(3).unwrap_or_else(|error| panic!("{error}"));
        let bare = Run::new(&image, Engine::Fast).expect("a machine").finish(LIMIT);
        assert!(bare.is_success(), "{}", program.name);
        for engine in [Engine::Slow, Engine::Fast] {
            let mut real = Real::new(32 << 20, engine);
            let mut machine = real.machine(STORAGE_SIZE as u32, Model::default(), Timer::Real);
            machine.engine = engine;
            machine.storage.store(0, &image);
            machine.state.restart = true;
            let mut stop = Stop::Slice;
            while stop == Stop::Slice && machine.instructions() < LIMIT {
                stop = machine.run(&mut real.processor, LIMIT);
            }
            let state = &machine.state;
            assert_eq!(stop, Stop::DisabledWait, "{} {engine:?} {:?}", program.name, machine.counts);
            assert_eq!(state.psw, bare.psw, "{} {engine:?}", program.name);
            assert_eq!((state.gr, state.fpr), (bare.gr, bare.fpr), "{} {engine:?}", program.name);
            assert_eq!(machine.instructions(), bare.instructions, "{} {engine:?} {:?}", program.name, machine.counts);
        }
    }
}

#[test]
fn benchmark_programs_end_in_the_v_equals_r_machine() {
    for program in PROGRAMS {
        let image = program.core_image(2).unwrap_or_else(|error| panic!("{error}"));
        let bare = Run::new(&image, Engine::Fast).expect("a machine").finish(LIMIT);
        let storage = Arc::new(RealStorage::with_v_equals_r(20 << 20, 15 << 20).expect("storage"));
        let pool = Arc::new(TablePool::new(Arc::clone(&storage)));
        let mut model = Model::default();
        model.interval_timer = false;
        model.extended_real_addressing = true;
        let mut processor = Processor::new(CpuState::new(model), Arc::clone(storage.storage()));
        let definition = Definition { user: [0x40; 8], storage: 0, model: Model::default(), timer: Timer::Real };
        let mut machine = VirtualMachine::v_equals_r(Owner(1), &definition, &storage, &pool).expect("a machine");
        assert!(VirtualMachine::v_equals_r(Owner(2), &definition, &storage, &pool).is_err(), "there is one");
        machine.engine = Engine::Fast;
        machine.storage.store(0, &image);
        machine.state.restart = true;
        let mut stop = Stop::Slice;
        while stop == Stop::Slice && machine.instructions() < LIMIT {
            stop = machine.run(&mut processor, LIMIT);
        }
        assert_eq!((stop, machine.state.psw), (Stop::DisabledWait, bare.psw), "{}", program.name);
        assert_eq!(machine.instructions(), bare.instructions, "{}", program.name);
        let located = machine.storage.locate(0x5678).expect("a page");
        assert_eq!(located.real, 0x5678, "virtual is real");
    }
}

/// The folder of real software, if it is there.
fn images() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
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
        let path = std::env::temp_dir().join(format!("cambridge-guests-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn history(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("history").join(file)
}

#[test]
fn stand_alone_decks_end_as_on_the_bare_machine() {
    let Some(images) = images() else { return };
    for (deck, record) in [("hello.deck", "hello.console.txt"), ("card-to-console.ipl", "card-to-console.console.txt")]
    {
        let folder = Folder::new(deck);
        let deck = images.join("decks").join(deck);
        let variables =
            Variables::of([("DECK", &deck.display().to_string()), ("OUT", &folder.0.display().to_string())]);
        let mut site = Site::new(16 << 20);
        let mut guests = [Guest::new(&site, "DECK", &history("deck.toml"), &variables)];
        guests[0].ipl(&mut site, 0x00C);
        guests[0].dialogue.push_back(Answer::new("DISABLED WAIT", None));
        assert_eq!(site.run(&mut guests, LIMIT), Ended::Dialogue, "{}", guests[0].typed);
        let typed = guests[0].typed.split("DMKDSP450W").next().unwrap_or_default();
        let expected = fs::read_to_string(images.join("decks").join(record)).expect("a record");
        assert_eq!(typed.trim_end(), expected.trim_end());
    }
}

/// OS/VS1, loading.
fn os_vs1(site: &mut Site, userid: &str, images: &Path, folder: &Folder) -> Guest {
    let mut guest = guest::os_vs1(&site.system, userid, images, &folder.0);
    guest.ipl(site, 0x150);
    guest
}

/// What the job left: its listing without what differs from run to run, and its deck.
fn output(folder: &Folder) -> (Vec<String>, Vec<u8>) {
    let masks = [
        r"DATE=\d\d\.\d\d\d",
        r"TIME=\d\d\.\d\d\.\d\d",
        r"CLOCK=\d\d\.\d\d\.\d\d",
        r"^\d{6} 8000",
        r"SYS\d{5}\.T\d{6}",
        r"\d\d\.\d\d \d\d/\d\d/\d\d",
    ]
    .map(|mask| Regex::new(mask).expect("a pattern"));
    let printed = String::from_utf8_lossy(&fs::read(folder.0.join("printer.txt")).expect("a listing")).into_owned();
    let lines = printed.split(['\n', '\r', '\u{c}']).map(str::trim_end).filter(|line| !line.is_empty());
    let masked =
        |line: &str| masks.iter().fold(line.to_owned(), |line, mask| mask.replace_all(&line, "#").into_owned());
    let mut deck = fs::read(folder.0.join("punch.deck")).expect("a deck");
    // The END card has the day of the assembly in columns 48 to 52.
    let end = deck.chunks_mut(80).find(|card| card[1..4] == [0xC5, 0xD5, 0xC4]).expect("an END card");
    end[47..52].fill(0);
    (lines.map(masked).collect(), deck)
}

/// Nobody looks.
struct Nobody;

impl Display for Nobody {
    fn text(&mut self, _: Voice, _: &str) {}

    fn status(&mut self, _: &Status) {}
}

/// Runs the job on the bare machine.
fn run_natively(images: &Path, folder: &Folder) {
    let pack = folder.0.join("dliba1.cckd");
    fs::write(&pack, fs::read(images.join("osvs1/dliba1.150.cckd")).expect("the pack")).expect("a copy");
    let job = images.join("osvs1/assemble-link-go.jcl");
    let variables = [("PACK", pack.as_path()), ("JOB", &job), ("OUT", &folder.0)];
    let options = MachineOptions {
        config: Some(history("osvs1.toml")),
        script: Some(history("assemble-link-go.script")),
        set: variables.iter().map(|(name, path)| ((*name).to_owned(), path.display().to_string())).collect(),
        ..MachineOptions::default()
    };
    assert_eq!(options.unattended(&mut Nobody), Ok(run_loop::Ended::Script(0)));
}

/// Runs the job in several virtual machines side by side; each must leave what the bare machine does.
fn run_jobs(name: &str, real: u64, machines: usize) {
    let Some(images) = images() else { return };
    let mut site = Site::new(real);
    let folders: Vec<Folder> = (0..machines).map(|n| Folder::new(&format!("{name}-{n}"))).collect();
    let mut guests: Vec<Guest> = folders.iter().map(|folder| os_vs1(&mut site, "VS1", &images, folder)).collect();
    let ended = site.run(&mut guests, 500_000_000 * machines as u64);
    for guest in &guests {
        assert_eq!(ended, Ended::Dialogue, "{}\n{:?}", guest.typed, guest.lock().machine.counts);
        assert!(guest.typed.contains("PRODUCT IS  07006652"), "{}", guest.typed);
        println!("{:?} {:?}", guest.lock().machine.counts, site.system.real.paging(guest.owner));
    }
    drop(guests);
    let native = Folder::new(&format!("{name}-native"));
    run_natively(&images, &native);
    let outputs: Vec<_> = [&native].into_iter().chain(&folders).map(output).collect();
    let codes = |lines: &[String]| lines.iter().filter(|line| line.contains("COND CODE 0000")).count();
    for (lines, deck) in &outputs {
        assert_eq!(codes(lines), 3, "{lines:?}");
        for (line, bare) in lines.iter().zip(&outputs[0].0) {
            assert_eq!(line, bare);
        }
        assert_eq!((lines.len(), deck), (outputs[0].0.len(), &outputs[0].1));
    }
}

#[test]
fn os_vs1_runs_its_job_in_a_virtual_machine() {
    run_jobs("vs1", 16 << 20, 1);
}

/// Three machines of 8 MiB each on a real one with 2 MiB: CP pages all the time.
#[test]
fn three_os_vs1_run_side_by_side_in_little_real_storage() {
    run_jobs("three", 2 << 20, 3);
}
