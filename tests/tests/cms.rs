//! The real CMS of VM/370 Release 6, from its saved pages, in a virtual machine: all that it asks of CP, it asks by DIAGNOSE
//! (`../shared/images/cms-r6/cp-interface.md`). A saved system is what `cp` will load by name; until then this test does it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use cambridge::{
    attachment::{self, Adapters},
    configuration::{Configuration, variables::Variables},
};
use cp::{
    diagnose::{self, Outcome},
    system::{Cp, RealProcessor, System},
    user::{Mode, Said, User, padded},
    vm::{Definition, Stop, Timer},
};
use devices::console::typewriter::Typewriter;
use s370_arch::psw::Psw;
use s370_cpu::{
    processor::Engine,
    state::{Model, RunState},
    storage::AbsoluteStorage,
};
use serde_json::Value;

/// Some day in 1986.
const TOD: u64 = (86 * 365 + 100) * 86_400 * 1_000_000 << 12;
/// DIAGNOSEs and slices until CMS must have asked for a line.
const LIMIT: u32 = 20_000;

/// The images, or a word about their absence.
fn images() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let images = std::env::var_os("CAMBRIDGE_SHARED").map_or_else(beside, PathBuf::from).join("images/cms-r6");
    if images.is_dir() {
        return Some(images);
    }
    println!("SKIPPED: {} is not there", images.display());
    None
}

/// A folder that goes away.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("cambridge-cms-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Puts the saved system into storage, as SAVESYS found it.
fn load(user: &mut User, images: &Path) {
    let file = |name: &str| fs::read(images.join("segments").join(name)).expect("a saved system");
    let machine = &mut user.machine;
    machine.storage.store(0, &file("CMS.pages.bin"));
    for (block, key) in (0..).zip(file("CMS.keys.bin")) {
        machine.storage.set_key(block * 2048, key);
    }
    let saved: Value = serde_json::from_slice(&file("CMS.json")).expect("a description");
    let hexadecimal = |value: &Value| u64::from_str_radix(value.as_str().expect("text"), 16).expect("digits");
    for (register, value) in machine.state.gr.iter_mut().zip(saved["gpr"].as_array().expect("registers")) {
        *register = hexadecimal(value) as u32;
    }
    machine.state.psw = Psw::parse(hexadecimal(&saved["psw"]));
    machine.state.run_state = RunState::Operating;
    user.mode = Mode::Running;
}

/// A session: what was said, and which DIAGNOSE codes were asked for.
struct Session<'a> {
    system: &'a System,
    real: RealProcessor,
    said: String,
    codes: Vec<u32>,
}

impl Session<'_> {
    /// Runs the machine until it waits for a line; gives what was said till then.
    fn answer(&mut self, user: &mut User) -> String {
        for _ in 0..LIMIT {
            self.system.attend(user);
            match user.machine.run(&mut self.real.processor, 50_000) {
                Stop::Slice => {}
                Stop::Wait { until: u64::MAX } => break,
                Stop::Wait { until } => user.machine.sleep_until(until),
                Stop::Diagnose(request) => {
                    self.codes.push(request.code);
                    let mut cp = Cp { system: self.system, user: &mut *user, processor: &mut self.real.processor };
                    assert_eq!(diagnose::execute(&mut cp, request), Outcome::Done);
                }
                stop => panic!("{stop:?}\n{}{}", self.said, said(user)),
            }
        }
        let new = said(user);
        self.said.push_str(&new);
        new
    }

    fn type_line(&mut self, user: &mut User, line: &str) -> String {
        user.enter(line);
        self.answer(user)
    }
}

fn said(user: &mut User) -> String {
    let text = |said| match said {
        Said::Machine(text) => text,
        Said::Cp(line) | Said::Read(line) => line + "\n",
    };
    user.take_said().into_iter().map(text).collect()
}

#[test]
fn real_cms_lives_on_diagnose() {
    let Some(images) = images() else { return };
    let folder = Folder::new();
    let pack = folder.0.join("191.ckd");
    let expanded = Command::new("gzip").arg("-dc").arg(images.join("disks/test_191.ckd.gz")).output().expect("gzip");
    fs::write(&pack, expanded.stdout).expect("a copy");
    let system = System::new(16 << 20).expect("a system");
    let definition =
        Definition { user: padded("CMSUSER"), storage: 1 << 20, model: Model::default(), timer: Timer::On };
    let user = system.log_on("CMSUSER", "G", &definition, 0x009).expect("a virtual machine");
    let mut user = user.lock().expect("a user");
    user.machine.engine = Engine::Fast;
    user.machine.state.set_tod(TOD);
    let variables = Variables::of([("PACK", &pack.display().to_string())]);
    let history = Path::new(env!("CARGO_MANIFEST_DIR")).join("history/cms.toml");
    let configuration = Configuration::load(&history, &variables).unwrap_or_else(|problem| panic!("{problem}"));
    let mut adapters = Adapters::default();
    for spec in &configuration.devices {
        let built = attachment::build(spec, &mut adapters).unwrap_or_else(|problem| panic!("{problem}"));
        user.machine.channels.attach(spec.address.0, built.device).expect("a free address");
    }
    user.machine.channels.device::<Typewriter>(0x009).expect("a console").connect();
    let mut session = Session { system: &system, real: system.processor(0), said: String::new(), codes: Vec::new() };
    session.real.welcome(&user.machine);
    user.machine.system_reset(&mut session.real.processor);
    load(&mut user, &images);

    assert!(session.answer(&mut user).contains("CMS VERSION 6.0"), "{}", session.said);
    // Without the segment CMSSEG there are no EXECs.
    let first = session.type_line(&mut user, "");
    assert!(!first.contains("DEVICE ERROR"), "{}", session.said);
    assert!(session.type_line(&mut user, "STATE T2 EXEC A").contains("Ready;"), "{}", session.said);
    assert!(session.type_line(&mut user, "STATE T9 EXEC A").contains("Ready(00028);"), "{}", session.said);
    assert!(session.type_line(&mut user, "ERASE T3 EXEC").contains("Ready;"), "{}", session.said);
    assert!(session.type_line(&mut user, "STATE T3 EXEC A").contains("Ready(00028);"), "{}", session.said);
    let query = session.type_line(&mut user, "CP QUERY VIRTUAL STORAGE");
    assert!(query.contains("STORAGE = 01024K"), "{}", session.said);
    let unknown = session.type_line(&mut user, "CP WUMPUS");
    assert!(unknown.contains("?CP: WUMPUS\nReady(-0001);"), "{}", session.said);
    for code in [0x08, 0x0C, 0x18, 0x24, 0x60, 0x64] {
        assert!(session.codes.contains(&code), "CMS has not asked for {code:02X}: {:X?}", session.codes);
    }
}
