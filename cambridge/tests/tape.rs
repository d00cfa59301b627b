//! `cambridge tape` as its user runs it, beside another emulator's programs where they are installed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use cambridge::files::{HostFile, Purpose};
use devices::media::reel::{self, Format, Packing};
use s370_arch::ebcdic::from_text;

/// A directory of a test's own.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("tape-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn tape(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cambridge")).arg("tape").args(arguments).output().unwrap()
}

/// What it writes if all is well.
fn output(arguments: &[&str]) -> String {
    let output = tape(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What it complains of.
fn complaint(arguments: &[&str]) -> String {
    let output = tape(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// A labelled tape with some data, in this format.
fn sample(path: &str, format: Format, packing: Packing) {
    let file = HostFile::open(Path::new(path), Purpose::Create).unwrap();
    let options = reel::Options { format: Some(format), packing: Some(packing), protect: false };
    let mut reel = reel::open(Box::new(file), options).unwrap();
    let label = |text: &str| from_text(&format!("{text:80}"));
    for text in ["VOL1SRC001", "HDR1PAYROLL          SRC00100010001       76001 00000 000000IBM OS/VS 370"] {
        reel.write_block(&label(text)).unwrap();
    }
    reel.write_tape_mark().unwrap();
    for number in 0..40u32 {
        let block: Vec<u8> = (0..4000u32).map(|n| ((n * n) >> (number % 8)) as u8).collect();
        reel.write_block(&block[..if number == 39 { 160 } else { 4000 }]).unwrap();
    }
    reel.write_block(&[0x40; 32_000]).unwrap();
    reel.write_tape_mark().unwrap();
    reel.write_block(&label("EOF1PAYROLL          SRC00100010001       76001 00000 000041IBM OS/VS 370")).unwrap();
    reel.write_tape_mark().unwrap();
    reel.write_tape_mark().unwrap();
}

#[test]
fn a_tape_is_described_and_listed() {
    let directory = Directory::new("list");
    let path = directory.path("a.het");
    sample(&path, Format::Het, Packing::Zlib);
    let info = output(&["info", &path]);
    let value = |name: &str| {
        let line = info.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        line.split_whitespace().last().unwrap().to_owned()
    };
    assert_eq!((value("format").as_str(), value("files").as_str()), ("HET", "4"));
    assert_eq!((value("tape marks").as_str(), value("blocks").as_str()), ("4", "44"));
    assert_eq!(value("bytes  "), (39 * 4000 + 160 + 32_000 + 3 * 80).to_string());
    assert_eq!(value("bytes in file"), fs::metadata(&path).unwrap().len().to_string());
    assert_eq!(value("longest block"), "32000");
    let list = output(&["ls", &path]);
    let lines: Vec<_> = list.lines().skip(1).collect();
    assert_eq!(lines[0], "File 1: 2 blocks of 80 bytes");
    assert_eq!(lines[1], "  VOL1 serial SRC001, owner \"\"");
    assert_eq!(lines[3], "File 2: 41 blocks of 160 to 32000 bytes (39 of 4000, 1 of 32000, 1 of 160), 188160 in all");
    assert!(list.contains(
        "\n  EOF1 data set PAYROLL, of volume SRC001, file 0001, created 76.001, expires never, 41 blocks\n"
    ));
    assert!(list.ends_with("\nFile 4: empty\n"), "{list}");
    let list = output(&["ls", "--blocks", &path]);
    assert!(list.contains("\n  block 43: 32000 bytes\n"), "{list}");
}

#[test]
fn copies_of_all_formats_are_the_same_tape() {
    let directory = Directory::new("copy");
    let first = directory.path("first.aws");
    sample(&first, Format::Aws, Packing::Plain);
    let mut from = first.clone();
    for (number, arguments) in [
        &["b.het"][..],
        &["c.fkt"],
        &["d.het", "--method", "bzip2"],
        &["e.het", "--method", "bustech"],
        &["f.image", "--format", "faketape"],
        &["g.het", "--method", "none"],
        &["last.aws"],
    ]
    .into_iter()
    .enumerate()
    {
        let to = directory.path(arguments[0]);
        let mut all = vec!["copy", &from, &to];
        all.extend(&arguments[1..]);
        assert!(output(&all).contains("4 files, 44 blocks, 188400 bytes"), "{number}");
        from = to;
    }
    assert_eq!(fs::read(&first).unwrap(), fs::read(&from).unwrap());
    assert_eq!(directory.names(), ["b.het", "c.fkt", "d.het", "e.het", "f.image", "first.aws", "g.het", "last.aws"]);
}

#[test]
fn selected_files_are_copied() {
    let directory = Directory::new("select");
    let (from, to) = (directory.path("a.aws"), directory.path("b.aws"));
    sample(&from, Format::Aws, Packing::Plain);
    assert!(output(&["copy", &from, &to, "--files", "1,3"]).contains("2 files, 3 blocks, 240 bytes"));
    let list = output(&["ls", &to]);
    assert_eq!(list.matches("File").count(), 3);
    assert!(list.contains("EOF1") && list.ends_with("File 3: empty\n"));
    let third = directory.path("c.aws");
    let told = complaint(&["copy", &from, &third, "--files", "2,9"]);
    assert!(told.ends_with("there is no file 9: the tape has 4\n"), "{told}");
    assert_eq!(tape(&["copy", &from, &third, "--files", "0"]).status.code(), Some(2));
    assert_eq!(directory.names(), ["a.aws", "b.aws"]);
}

#[test]
fn nothing_is_written_over_by_accident() {
    let directory = Directory::new("replace");
    let (from, to) = (directory.path("a.aws"), directory.path("b.aws"));
    sample(&from, Format::Aws, Packing::Plain);
    fs::write(&to, "precious").unwrap();
    assert!(complaint(&["copy", &from, &to]).contains("b.aws: exists"));
    assert!(complaint(&["copy", &from, &from, "--replace"]).contains("cannot be copied onto itself"));
    let held = HostFile::open(Path::new(&to), Purpose::Read).unwrap();
    assert!(complaint(&["copy", &from, &to, "--replace"]).contains("in use by another process"));
    assert_eq!(fs::read(&to).unwrap(), b"precious");
    drop(held);
    output(&["copy", &from, &to, "--replace"]);
    assert_eq!(fs::read(&to).unwrap(), fs::read(&from).unwrap());
    // A source that is damaged halfway leaves nothing.
    let mut image = fs::read(&from).unwrap();
    image[86 + 4] = 0x20;
    fs::write(&to, &image).unwrap();
    let third = directory.path("c.het");
    assert!(complaint(&["copy", &to, &third]).contains("b.aws: offset 86: a block without its beginning"));
    assert!(complaint(&["ls", &to]).contains("offset 86"));
    assert!(complaint(&["info", &to]).contains("offset 86"));
    assert!(complaint(&["info", &directory.path("none.aws")]).contains("none.aws: "));
    fs::write(&to, "this is no tape image").unwrap();
    assert!(complaint(&["ls", &to]).contains("b.aws: offset 0: "));
    assert_eq!(directory.names(), ["a.aws", "b.aws"]);
}

#[test]
fn a_torn_tape_is_made_whole() {
    let directory = Directory::new("torn");
    let (from, to) = (directory.path("a.aws"), directory.path("b.aws"));
    sample(&from, Format::Aws, Packing::Plain);
    let image = fs::read(&from).unwrap();
    fs::write(&from, &image[..image.len() - 6 - 6 - 40]).unwrap();
    let output = tape(&["copy", &from, &to]);
    assert!(output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("the last 46 bytes are no whole block"), "{told}");
    assert_eq!(fs::read(&to).unwrap(), image[..image.len() - 6 - 6 - 86]);
}

/// Whether another emulator's program is installed.
fn is_installed(program: &str) -> bool {
    let found = Command::new(program).arg("-h").output().is_ok();
    if !found {
        println!("SKIPPED: no {program}; the package hercules has it");
    }
    found
}

#[test]
fn another_emulator_reads_what_we_write_and_writes_what_we_read() {
    if !is_installed("hetupd") {
        return;
    }
    let directory = Directory::new("het");
    let first = directory.path("first.aws");
    sample(&first, Format::Aws, Packing::Plain);
    let expected = fs::read(&first).unwrap();
    let theirs = |arguments: &[&str]| {
        let run = Command::new("hetupd").args(arguments).output().unwrap();
        assert!(run.status.success(), "hetupd {arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
    };
    for method in ["zlib", "bzip2", "none"] {
        let (ours, back) = (directory.path(&format!("{method}.het")), directory.path(&format!("{method}.aws")));
        output(&["copy", &first, &ours, "--method", method]);
        theirs(&["-d", &ours, &back]);
        assert_eq!(fs::read(&back).unwrap(), expected, "{method}");
    }
    // Compressed and in small chunks, so that blocks have several.
    for (number, options) in
        [&["-z"][..], &["-b"], &["-z", "-c", "4096"], &["-s"], &["-b", "-c", "4096"]].iter().enumerate()
    {
        let (het, back) = (directory.path(&format!("{number}.theirs")), directory.path(&format!("{number}.back")));
        let mut arguments = options.to_vec();
        arguments.extend([&first[..], &het]);
        theirs(&arguments);
        output(&["info", &het]);
        output(&["copy", &het, &back]);
        assert_eq!(fs::read(&back).unwrap(), expected, "{options:?}");
    }
}

#[test]
fn ibms_starter_tape_is_read() {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("CAMBRIDGE_SHARED").map_or_else(beside, PathBuf::from);
    let Ok(packed) = fs::File::open(shared.join("images/osvs1/vs1r60_starter_3330.aws.xz")) else {
        println!("SKIPPED: no OS/VS1 starter tape; set CAMBRIDGE_SHARED to the directory that holds `images/`");
        return;
    };
    let directory = Directory::new("starter");
    let (image, het, back) = (directory.path("s.aws"), directory.path("s.het"), directory.path("b.aws"));
    std::io::copy(&mut lzma_rust2::XzReader::new(packed, true), &mut fs::File::create(&image).unwrap()).unwrap();
    let list = output(&["ls", &image]);
    let files: Vec<_> = list.lines().filter(|line| line.starts_with("File")).collect();
    assert_eq!(files[0], "File 1: 739 blocks of 80 bytes");
    assert!(files[1].starts_with("File 2: 10756 blocks of 16 to 12976 bytes (4030 of 24, "), "{}", files[1]);
    assert!(files[1].ends_with(", 12329761 in all"));
    assert_eq!(files[2], "File 3: empty");
    assert_eq!(files.len(), 7);
    let info = output(&["info", &image]);
    assert!(info.contains("blocks          11505\n") && info.contains("bytes in file   12458560\n"), "{info}");
    output(&["copy", &image, &het]);
    assert!(fs::metadata(&het).unwrap().len() < 5_000_000);
    output(&["copy", &het, &back]);
    assert!(fs::read(&back).unwrap() == fs::read(&image).unwrap());
}
