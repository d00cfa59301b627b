//! Images of packs between us and Hercules' own programs, in both directions. Where these are not installed, the tests
//! say that they are skipped (`apt install hercules`).

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use cambridge::{
    disk::files::media,
    files::{HostFile, Purpose},
};
use devices::{
    dasd::{BlockPack, CkdPack, geometry::Model},
    media::disk::{
        Compression, Image, Packing, check, create_blocks, create_shadow, create_tracks, create_tracks_in_files, open,
        track, volume::write_label,
    },
};
use tests::random::Rng;

/// A directory that vanishes.
struct Directory(PathBuf);

impl Directory {
    /// `None`, after saying so, where Hercules' programs are not installed.
    fn new(name: &str) -> Option<Directory> {
        if Command::new("cckdcdsk").arg("-v").output().is_err() {
            println!("SKIPPED: Hercules' cckdcdsk is not installed");
            return None;
        }
        let path = std::env::temp_dir().join(format!("media-hercules-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a directory");
        Some(Directory(path))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs a program and gives what it said.
fn run(program: &str, arguments: &[&str], files: &[&Path]) -> String {
    let output = Command::new(program).args(arguments).args(files).output().expect("an installed program");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{program} {arguments:?} {files:?}: {said}");
    said
}

/// The strictest check of a compressed image; it must have nothing to say but who it is.
fn accepted(image: &Path) {
    let said = run("cckdcdsk", &["-3"], &[image]);
    assert!(!said.contains("HHCCU"), "cckdcdsk: {said}");
}

fn sound(files: &[PathBuf]) {
    let checked = check(media(files, Purpose::Read).expect("files"), false, &mut |_, _| {}).expect("an image");
    assert_eq!(checked.findings, [""; 0]);
}

fn tracks(files: &[PathBuf], purpose: Purpose) -> Box<dyn CkdPack> {
    match open(media(files, purpose).expect("files")).expect("an image").image {
        Image::Ckd(pack) => pack,
        Image::Block(_) => panic!("blocks"),
    }
}

fn blocks(files: &[PathBuf], purpose: Purpose) -> Box<dyn BlockPack> {
    match open(media(files, purpose).expect("files")).expect("an image").image {
        Image::Block(pack) => pack,
        Image::Ckd(_) => panic!("tracks"),
    }
}

fn create(path: &Path, model: &str, cylinders: u32, packing: Packing) {
    let medium = Box::new(HostFile::open(path, Purpose::Create).expect("a new file"));
    create_tracks(medium, Model::named(model).expect("a model"), cylinders, packing).expect("an image");
}

/// Writes tracks again and again, some of them long, some short.
fn scribble(files: &[PathBuf], seed: u64, writes: u32) {
    let mut pack = tracks(files, Purpose::Write);
    let heads = pack.model().heads;
    let longest = pack.model().longest;
    let mut rng = Rng::new(seed);
    for _ in 0..writes {
        let number = 1 + rng.below(pack.cylinders() * heads - 1);
        let place = ((number / heads) as u16, (number % heads) as u16);
        let mut image = track::home_address(place.0, place.1).to_vec();
        track::push(&mut image, (place.0, place.1, 0), &[], &[0; 8]);
        let (records, noisy) = (rng.below(4), rng.chance(40));
        for record in 1..=records {
            let length = rng.below(longest / 4 - 100);
            let data: Vec<u8> = (0..length).map(|n| if noisy { rng.u32() as u8 } else { (n / 3) as u8 }).collect();
            track::push(&mut image, (place.0, place.1, record as u8), &[0xD2; 8][..rng.below(9) as usize], &data);
        }
        image.extend(track::END);
        pack.write_track(number, &image, 0..image.len()).expect("written");
    }
    pack.settle().expect("settled");
}

fn same_tracks(first: &[PathBuf], second: &[PathBuf]) {
    let (mut one, mut two) = (tracks(first, Purpose::Read), tracks(second, Purpose::Read));
    assert_eq!((one.model(), one.cylinders()), (two.model(), two.cylinders()));
    let (mut image, mut other) = (Vec::new(), Vec::new());
    for number in 0..one.cylinders() * one.model().heads {
        one.read_track(number, &mut image).expect("read");
        two.read_track(number, &mut other).expect("read");
        let used = track::used(&image).expect("an end");
        assert!(image[..used] == other[..used], "track {number}: {first:?} and {second:?}");
    }
}

const PACKINGS: [Compression; 3] = [Compression::None, Compression::Zlib, Compression::Bzip2];

fn hercules_accepts_what_we_write(directory: &Directory) {
    for (model, cylinders) in [("2314", 30), ("3330", 25), ("3340", 40), ("3350", 12), ("3375", 30), ("3380", 20)] {
        for how in PACKINGS {
            let file = directory.file(&format!("{model}-{how}.cckd"));
            create(&file, model, cylinders, Some(how));
            let files = [file.clone()];
            accepted(&file);
            scribble(&files, 1, 40);
            accepted(&file);
            scribble(&files, 2, 200);
            accepted(&file);
            sound(&files);
            let plain = directory.file(&format!("{model}-{how}.ckd"));
            run("dasdcopy", &["-q", "-o", "CKD"], &[&file, &plain]);
            same_tracks(&files, &[plain]);
        }
    }
}

fn hercules_lists_a_volume_that_we_label(directory: &Directory) {
    for packing in [None, Some(Compression::Zlib)] {
        let file = directory.file(&format!("{}.image", packing.is_some()));
        create(&file, "3330", 20, packing);
        let mut pack = tracks(std::slice::from_ref(&file), Purpose::Write);
        write_label(&mut *pack, *b"\xE6\xD6\xD9\xD2\xF0\xF1").expect("a label");
        drop(pack);
        let said = run("dasdls", &[], &[&file]);
        assert!(said.contains("VOLSER=WORK01"), "{said}");
    }
}

fn we_accept_what_hercules_writes_and_it_accepts_what_we_make_of_it(directory: &Directory) {
    let ours = directory.file("ours.ckd");
    create(&ours, "3330", 20, None);
    scribble(std::slice::from_ref(&ours), 3, 200);
    for option in ["-0", "-z", "-bz2"] {
        let theirs = directory.file("theirs.cckd");
        run("dasdcopy", &["-q", "-r", option, "-o", "CCKD"], &[&ours, &theirs]);
        let files = [theirs.clone()];
        sound(&files);
        same_tracks(std::slice::from_ref(&ours), &files);
        // Their tables lie at odd offsets: ours must not.
        scribble(&files, 4, 60);
        sound(&files);
        accepted(&theirs);
        let plain = directory.file("plain.ckd");
        run("dasdcopy", &["-q", "-r", "-o", "CKD"], &[&theirs, &plain]);
        same_tracks(&files, &[plain]);
    }
    for (device, option) in [("2311", "-z"), ("2314", "-bz2"), ("3350", "-0"), ("3380", "-z"), ("2305-2", "-z")] {
        let theirs = directory.file(&format!("{device}.cckd"));
        run("dasdinit", &["-a", option], &[&theirs, Path::new(device), Path::new("HERC01")]);
        // Track 1 of what their program makes does not please their other program before it was repaired.
        run("cckdcdsk", &["-3"], &[&theirs]);
        let files = [theirs.clone()];
        sound(&files);
        let label = devices::media::disk::volume::label(&mut *tracks(&files, Purpose::Read)).expect("read");
        assert_eq!(label.map(|label| label.serial).as_deref(), Some("HERC01"), "{device}");
        scribble(&files, 5, 50);
        accepted(&theirs);
    }
}

fn shadow_files_are_theirs_too(directory: &Directory) {
    for packing in [None, Some(Compression::Zlib)] {
        let name = |kind: &str| directory.file(&format!("{kind}_{}.image", u8::from(packing.is_some())));
        let (base, shadow, merged) = (name("base"), name("shadow"), name("merged"));
        create(&base, "3330", 20, packing);
        scribble(std::slice::from_ref(&base), 6, 100);
        let beneath = media(std::slice::from_ref(&base), Purpose::Read).expect("files");
        let medium = Box::new(HostFile::open(&shadow, Purpose::Create).expect("a new file"));
        create_shadow(beneath, medium, Compression::Zlib).expect("a shadow");
        let files = [base.clone(), shadow.clone()];
        scribble(&files, 7, 100);
        accepted(&shadow);
        sound(&files);
        let option = format!("sf={}", shadow.display());
        // Their copier takes a shadow file only with a compressed image; the emulator takes it with any.
        if packing.is_some() {
            run("dasdcopy", &["-q", "-o", "CKD"], &[&base, Path::new(&option), &merged]);
            same_tracks(&files, &[merged]);
        }
    }
}

fn blocks_go_both_ways(directory: &Directory) {
    for how in PACKINGS {
        let [ours, theirs, plain] = ["ours", "theirs", "plain"].map(|name| directory.file(&format!("{name}-{how}")));
        let medium = Box::new(HostFile::open(&ours, Purpose::Create).expect("a new file"));
        create_blocks(medium, 5003, Some(how)).expect("an image");
        let mut rng = Rng::new(8);
        let mut pack = blocks(std::slice::from_ref(&ours), Purpose::Write);
        for _ in 0..100 {
            let (first, count) = (rng.below(4900), 1 + rng.below(100));
            let bytes: Vec<u8> = (0..count * 512).map(|n| if n % 512 < 100 { rng.u32() as u8 } else { 7 }).collect();
            pack.write_blocks(first, &bytes).expect("written");
        }
        drop(pack);
        accepted(&ours);
        run("dasdcopy", &["-q", "-r", "-o", "FBA"], &[&ours, &plain]);
        run("dasdcopy", &["-q", "-r", "-z", "-o", "CFBA"], &[&plain, &theirs]);
        let all = [&ours, &plain, &theirs].map(|file| {
            let mut bytes = vec![0; 5003 * 512];
            blocks(std::slice::from_ref(file), Purpose::Read).read_blocks(0, &mut bytes).expect("read");
            bytes
        });
        assert!(all[0] == all[1] && all[1] == all[2], "{how}");
        sound(&[theirs]);
    }
}

/// Hercules' programs, which are given the first file, find the others and every track in them; the emulator itself, too.
fn packs_in_several_files_go_both_ways(directory: &Directory) {
    let names: Vec<PathBuf> = (1..=3).map(|n| directory.file(&format!("several_{n}.ckd"))).collect();
    let media = names.iter().map(|name| Box::new(HostFile::open(name, Purpose::Create).expect("a new file")) as _);
    create_tracks_in_files(media.collect(), Model::named("3330").expect("a model"), 20, 8).expect("an image");
    write_label(&mut *tracks(&names, Purpose::Write), *b"\xE2\xD7\xD3\xC9\xE3\xF1").expect("a label");
    let said = run("dasdls", &[], &[&names[0]]);
    assert!(said.contains("VOLSER=SPLIT1"), "{said}");
    scribble(&names, 10, 300);
    let theirs = directory.file("theirs.cckd");
    run("dasdcopy", &["-q", "-z", "-o", "CCKD"], &[&names[0], &theirs]);
    same_tracks(&names, std::slice::from_ref(&theirs));
    sound(std::slice::from_ref(&theirs));
    let configuration = directory.file("hercules.cnf");
    fs::write(&configuration, format!("0150 3330 {}\n", names[0].display())).expect("written");
    let commands = directory.file("hercules.rc");
    fs::write(&commands, "quit\n").expect("written");
    let mut emulator = Command::new("timeout");
    emulator.args(["30", "hercules", "-d", "-f"]).arg(&configuration).env("HERCULES_RC", &commands);
    let output = emulator.output().expect("Hercules");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(said.contains("cyls=20 heads=19 tracks=380"), "{said}");
}

/// What uses a directory.
type Part = fn(&Directory);

/// All in one thread: a program that another thread starts would for a moment hold the locks of our files.
#[test]
fn images_go_both_ways_between_us_and_hercules() {
    let parts: [(&str, Part); 7] = [
        ("accepts", hercules_accepts_what_we_write),
        ("label", hercules_lists_a_volume_that_we_label),
        ("ours", we_accept_what_hercules_writes_and_it_accepts_what_we_make_of_it),
        ("shadow", shadow_files_are_theirs_too),
        ("blocks", blocks_go_both_ways),
        ("several", packs_in_several_files_go_both_ways),
        ("unclosed", hercules_recovers_what_we_did_not_close),
    ];
    for (name, part) in parts {
        let Some(directory) = Directory::new(name) else { return };
        part(&directory);
    }
}

/// The process dies, Hercules finds everything, and we too after it.
fn hercules_recovers_what_we_did_not_close(directory: &Directory) {
    let ours = directory.file("ours.cckd");
    create(&ours, "3330", 20, Some(Compression::Zlib));
    let files = [ours.clone()];
    scribble(&files, 9, 50);
    let expected = directory.file("expected.cckd");
    let mut pack = tracks(&files, Purpose::Write);
    let mut image = Vec::new();
    for number in 100..180 {
        pack.read_track(0, &mut image).expect("read");
        image.clear();
        let place = ((number / 19) as u16, (number % 19) as u16);
        image.extend(track::home_address(place.0, place.1));
        track::push(&mut image, (place.0, place.1, 0), &[], &[0; 8]);
        track::push(&mut image, (place.0, place.1, 1), &[], &[number as u8; 5000]);
        image.extend(track::END);
        pack.write_track(number, &image, 0..image.len()).expect("written");
    }
    // A copy of the file as it is now is what would be left.
    fs::copy(&ours, &expected).expect("copied");
    drop(pack);
    run("cckdcdsk", &["-3", "-f"], &[&expected]);
    accepted(&expected);
    sound(std::slice::from_ref(&expected));
    same_tracks(&files, &[expected]);
}
