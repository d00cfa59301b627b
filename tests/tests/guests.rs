//! Programs in virtual machines end as they do on the bare machine.

use std::{
    fs,
    path::{Path, PathBuf},
};

use cambridge::{
    configuration::variables::Variables,
    programs::{PROGRAMS, Run, STORAGE_SIZE},
};
use cp::vm::{Stop, Timer};
use s370_cpu::{processor::Engine, state::Model, storage::AbsoluteStorage};
use tests::guest::{Answer, Ended, Guest, Real};

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
        let mut real = Real::new(16 << 20, Engine::Fast);
        let mut guest = Guest::new(&mut real, &history("deck.toml"), &variables, Engine::Fast);
        guest.machine.ipl(&mut real.processor, 0x00C, false).expect("a deck that loads itself");
        assert_eq!(guest.run(&mut real.processor, LIMIT), Ended::Stop(Stop::DisabledWait), "{}", guest.typed);
        let expected = fs::read_to_string(images.join("decks").join(record)).expect("a record");
        assert_eq!(guest.typed.trim_end(), expected.trim_end());
    }
}

/// OS/VS1 on a copy of its pack, with the dialogue up to the end of its job.
fn os_vs1(real: &mut Real, images: &Path, folder: &Folder, engine: Engine) -> Guest {
    let pack = folder.0.join("dliba1.cckd");
    fs::write(&pack, fs::read(images.join("osvs1/dliba1.150.cckd")).expect("the pack")).expect("a copy");
    let text = |path: &Path| path.display().to_string();
    let variables = Variables::of([("PACK", &text(&pack)), ("OUT", &text(&folder.0))]);
    let mut guest = Guest::new(real, &history("osvs1.toml"), &variables, engine);
    guest.always.push(Answer::new(r"(?m)^\*(\d\d) IEC107D", Some("r $1,u")));
    let answers = [
        ("IEA760A", Some("")),
        ("IEA101A", Some("r 00,'auto=starter,page=(v=dliba1,blk=4096),q=(,f)'")),
        ("IEA135A", Some("")),
        ("REQUIRES FORMATTING", Some("r 00,'formatv'")),
        ("INITIALIZATION COMPLETED", None),
        ("PARTITION WAITING FOR WORK", Some("startf ,00e")),
        ("00E WTR WAITING FOR WORK", Some("startf ,00c")),
        (r"IEF404I ASMT +ENDED", None),
        (r"(?s)WTR WAITING FOR WORK.*PARTITION WAITING|PARTITION WAITING.*WTR WAITING FOR WORK", None),
    ];
    guest.dialogue = answers.into_iter().map(|(when, line)| Answer::new(when, line)).collect();
    let job = fs::read(images.join("osvs1/assemble-link-go.jcl")).expect("a job");
    guest.dialogue[6].deck = Some(job);
    guest.machine.ipl(&mut real.processor, 0x150, false).expect("a pack that loads");
    guest
}

#[test]
fn os_vs1_runs_its_job_in_a_virtual_machine() {
    let Some(images) = images() else { return };
    let folder = Folder::new("vs1");
    let mut real = Real::new(16 << 20, Engine::Fast);
    let mut guest = os_vs1(&mut real, &images, &folder, Engine::Fast);
    let ended = guest.run(&mut real.processor, 500_000_000);
    assert_eq!(ended, Ended::Dialogue, "{}\n{:?}", guest.typed, guest.machine.counts);
    assert!(guest.typed.contains("PRODUCT IS  07006652"), "{}", guest.typed);
    println!("{:?}", guest.machine.counts);
}
