//! The real CMS of VM/370 Release 6 in virtual machines: a saved system that is IPLed by name, with its nucleus shared. It is in
//! `../shared/images/cms-r6`, or in `$CAMBRIDGE_SHARED/images/cms-r6`. Without it these tests say that they are skipped, and
//! prove nothing.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use cp::{
    command,
    real::{NamedSystem, SavedPage},
    system::Cp,
    systems::Status,
    user::Mode,
    vm::{Definition, Timer},
};
use devices::{
    console::typewriter::{Model as TypewriterModel, Typewriter, Unattended},
    dasd::{CkdPack, ckd::CkdDrive},
    media::{Buffer, Medium, disk},
};
use s370_cpu::{processor::Engine, state::Model};
use serde_json::Value;
use tests::guest::{Answer, Ended, Guest, Site};

/// Instructions that are enough for everything here.
const LIMIT: u64 = 200_000_000;

fn images() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let images = std::env::var_os("CAMBRIDGE_SHARED").map_or_else(beside, PathBuf::from).join("images/cms-r6");
    if images.is_dir() {
        return Some(images);
    }
    println!("SKIPPED: {} is not there", images.display());
    None
}

/// A saved system from its files.
fn saved_system(images: &Path, name: &str, shared: &[u32]) -> NamedSystem {
    let file = |kind: &str| fs::read(images.join("segments").join(format!("{name}.{kind}"))).expect("a file");
    let about: Value = serde_json::from_slice(&file("json")).expect("JSON");
    let hex = |value: &Value| u64::from_str_radix(value.as_str().expect("a string"), 16).expect("hex digits");
    let words = |key: &str| about[key].as_array().expect("a list").iter().map(hex).collect::<Vec<u64>>();
    let first = about["first_page"].as_u64().expect("a number") as u32;
    let keys = file("keys.bin");
    let pages = file("pages.bin");
    let pages = pages.chunks(4096).zip(keys.chunks(2)).zip(first..).map(|((page, keys), number)| SavedPage {
        number,
        keys: [keys[0], keys[1]],
        contents: Box::new(page.try_into().expect("a whole page")),
    });
    let status = Status {
        psw: hex(&about["psw"]),
        gr: std::array::from_fn(|n| words("gpr")[n] as u32),
        fpr: std::array::from_fn(|n| words("fpr")[n]),
        cr: std::array::from_fn(|n| words("cr")[n] as u32),
    };
    NamedSystem { name: name.to_owned(), shared: shared.to_vec(), pages: pages.collect(), status: status.emit() }
}

/// A minidisk's image.
fn minidisk(images: &Path, name: &str) -> Box<dyn CkdPack> {
    let packed = fs::File::open(images.join("disks").join(name)).expect("a disk");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).expect("a disk");
    let medium = Buffer { name: name.to_owned(), bytes, read_only: false };
    match disk::open(vec![Box::new(medium) as Box<dyn Medium>]).expect("a disk").image {
        disk::Image::Ckd(pack) => pack,
        disk::Image::Block(_) => panic!("{name} is a disk of blocks"),
    }
}

/// A system in which CMS is saved.
fn site(images: &Path, storage: u64) -> Site {
    let site = Site::new(storage);
    for (name, shared) in [("CMS", [1]), ("CMSSEG", [0xF0])] {
        site.system.real.define_system(saved_system(images, name, &shared)).expect("a saved system");
    }
    site
}

/// A user of CMS with the test disk as 191.
fn cms_user(site: &mut Site, images: &Path, userid: &str, storage: u32) -> Guest {
    let definition = Definition { user: [0x40; 8], storage, model: Model::default(), timer: Timer::On };
    let user = site.system.log_on(userid, "G", &definition, 0x009).expect("a user");
    let owner = {
        let mut user = user.lock().expect("the user");
        user.machine.engine = Engine::Fast;
        let typewriter = Typewriter::new(TypewriterModel::M3215, Unattended::Ready);
        user.machine.channels.attach(0x009, Box::new(typewriter)).expect("a console");
        let drive = CkdDrive::new(minidisk(images, "test_191.ckd.gz"));
        user.machine.channels.attach(0x191, Box::new(drive)).expect("a disk");
        user.machine.owner
    };
    Guest::with(user, owner)
}

/// Has a user give CP a command.
fn command(site: &mut Site, guest: &Guest, line: &str) -> command::Response {
    let mut user = guest.lock();
    let mut cp = Cp { system: &site.system, user: &mut user, processor: &mut site.here.processor };
    let response = command::execute(&mut cp, line);
    user.mode = Mode::Running;
    response
}

/// IPLs CMS; the dialogue up to the first Ready message, then these lines, each of which ends with a Ready message.
fn start(site: &mut Site, guest: &mut Guest, lines: &[&str]) {
    let response = command(site, guest, "IPL CMS");
    assert_eq!(response.code, 0, "{response:?}");
    site.ready(guest);
    guest.dialogue.push_back(Answer::new("CMS VERSION 6.0", Some("")));
    for line in lines {
        guest.dialogue.push_back(Answer::new(r"(?m)^Ready[;(].*$", Some(line)));
    }
    guest.dialogue.push_back(Answer::new(r"(?m)^Ready[;(].*$", None));
}

#[test]
fn the_saved_system_does_what_its_record_shows() {
    let Some(images) = images() else { return };
    let mut site = site(&images, 16 << 20);
    let mut guests = [cms_user(&mut site, &images, "T", 15 << 20)];
    start(&mut site, &mut guests[0], &["EXEC T1 X Y", "EXEC T4 XX"]);
    let ended = site.run(&mut guests, LIMIT);
    let typed = &guests[0].typed;
    assert_eq!(ended, Ended::Dialogue, "{typed}");
    let record = fs::read_to_string(images.join("transcripts/09-exec-debug-on-built-191.txt")).expect("a record");
    let told = |text: &str| {
        let lines = text.lines().skip_while(|line| !line.starts_with("HELLO FROM T1"));
        let lines = lines.take_while(|line| !line.starts_with("Ready"));
        // QUERY answers with the terminal, which differs.
        lines.filter(|line| !line.starts_with("T ") && *line != "T").map(str::to_owned).collect::<Vec<String>>()
    };
    assert_eq!(told(typed), told(&record), "{typed}");
    assert!(typed.contains("PROFILE EXEC RUNS") && typed.contains("Ready(00809)"), "{typed}");
    // Of CP's commands QUERY answers as the record says; CLOSE and SPOOL do not exist yet.
    assert!(
        typed.contains("NOBODY NOT LOGGED ON") && typed.contains("Q RC 45") && typed.contains("BAD CP RC 1"),
        "{typed}"
    );
}

/// What is at an address of a guest's storage.
fn word_at(guest: &Guest, at: u32) -> u32 {
    s370_cpu::storage::AbsoluteStorage::u32(&guest.lock().machine.storage, at)
}

#[test]
fn users_share_the_nucleus_until_one_changes_it() {
    const SHARED: u32 = 0x1_0100;
    let Some(images) = images() else { return };
    let mut site = site(&images, 1 << 20);
    let names = ["A", "B", "C"];
    let mut guests: Vec<Guest> = names.iter().map(|name| cms_user(&mut site, &images, name, 512 << 10)).collect();
    for guest in &mut guests {
        start(&mut site, guest, &["T3 SUB"]);
    }
    assert_eq!(site.run(&mut guests, LIMIT), Ended::Dialogue, "{}", guests[0].typed);
    let before = word_at(&guests[0], SHARED);
    for guest in &guests {
        assert!(guest.typed.contains("IN T3 SUB"), "{}", guest.typed);
        assert!(guest.lock().machine.storage.is_shared(1), "the nucleus is shared");
        assert_eq!(word_at(guest, SHARED), before);
    }
    // The second changes a byte of it, by an instruction of DEBUG.
    let debugging = [Answer::new(r"(?s).*", Some("DEBUG")), Answer::new("DEBUG ENTERED", Some("STORE 10100 DEADBEEF"))];
    guests[1].dialogue.extend(debugging);
    guests[1].dialogue.push_back(Answer::new(r"(?s).*", Some("RETURN")));
    guests[1].dialogue.push_back(Answer::new(r"(?m)^Ready[;(]", None));
    site.ready(&guests[1]);
    assert_eq!(site.run(&mut guests, LIMIT), Ended::Dialogue, "{}", guests[1].typed);
    assert_eq!(word_at(&guests[1], SHARED), 0xDEAD_BEEF, "{}", guests[1].typed);
    assert!(!guests[1].lock().machine.storage.is_shared(1), "it has a copy of its own");
    for index in [0, 2] {
        assert_eq!(word_at(&guests[index], SHARED), before, "nobody else sees it");
        assert!(guests[index].lock().machine.storage.is_shared(1));
    }
    // And all of them go on.
    for guest in &mut guests {
        guest.dialogue.push_back(Answer::new(r"(?s).*", Some("T3 SUB")));
        guest.dialogue.push_back(Answer::new(r"(?s)IN T3 SUB.*Ready[;(]", None));
        site.ready(guest);
    }
    assert_eq!(site.run(&mut guests, LIMIT), Ended::Dialogue, "{}", guests[1].typed);
}

#[test]
fn commands_go_to_cms_and_to_cp() {
    let Some(images) = images() else { return };
    let mut site = site(&images, 16 << 20);
    let mut guests = [cms_user(&mut site, &images, "CMSUSER", 512 << 10)];
    let lines = [
        "STATE T1 EXEC A",
        "STATE NOT THERE A",
        "ERASE T2 EXEC A",
        "STATE T2 EXEC A",
        "CP QUERY V STORAGE",
        "CP WUMPUS",
    ];
    start(&mut site, &mut guests[0], &lines);
    assert_eq!(site.run(&mut guests, LIMIT), Ended::Dialogue, "{}", guests[0].typed);
    let typed = &guests[0].typed;
    // What follows each line, up to the next Ready message.
    let after = |line: &str| {
        let from = typed.find(&format!("\n{line}\n")).map(|at| at + line.len() + 2).expect(line);
        let lines = typed[from..].lines().filter(|line| !line.trim().is_empty());
        lines.take(2).map(str::to_owned).collect::<Vec<String>>()
    };
    assert!(after("STATE T1 EXEC A")[0].starts_with("Ready;"), "{typed}");
    assert!(after("STATE NOT THERE A")[1].starts_with("Ready(00028);"), "{typed}");
    assert!(after("ERASE T2 EXEC A")[0].starts_with("Ready;"), "{typed}");
    assert!(after("STATE T2 EXEC A")[1].starts_with("Ready(00028);"), "it is erased: {typed}");
    assert_eq!(after("CP QUERY V STORAGE")[0], "STORAGE = 00512K", "{typed}");
    assert_eq!(after("CP WUMPUS")[0], "?CP: WUMPUS", "{typed}");
    assert!(after("CP WUMPUS")[1].starts_with("Ready(-0001);"), "{typed}");
}
