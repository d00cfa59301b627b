//! `cambridge disk`, as it is called.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use flate2::read::GzDecoder;

/// A directory that vanishes.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("cambridge-disk-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a directory");
        Directory(path)
    }

    fn run(&self, arguments: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cambridge"));
        command.arg("disk").args(arguments.split(' ')).current_dir(&self.0).output().expect("the program")
    }

    /// Runs it; it must succeed. Gives standard output.
    fn good(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), error.as_str()), (Some(0), ""), "{arguments}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Runs it; it must end with this status. Gives standard error.
    fn bad(&self, arguments: &str, status: i32) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(status), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stderr).expect("text")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("the directory");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
        names.sort();
        names
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A file of the shared images, or `None` after saying that it is not there.
fn shared(name: &str) -> Option<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let shared = std::env::var_os("CAMBRIDGE_SHARED").map_or_else(|| repository.join("../shared"), PathBuf::from);
    let path = shared.join("images").join(name);
    if !path.is_file() {
        println!("SKIPPED: there is no {}", path.display());
        return None;
    }
    fs::canonicalize(path).ok()
}

#[test]
fn two_drives_cannot_share_a_pack() {
    let directory = Directory::new("shared");
    directory.good("create pack.ckd --model 2311 --cylinders 5");
    let bare = |options: &str| {
        let drive = |address| format!("[device.{address}]\ntype = \"2311\"\nfile = \"pack.ckd\"\n{options}");
        fs::write(directory.0.join("machine.toml"), drive("190") + &drive("290")).expect("a file");
        fs::write(directory.0.join("script"), "exit 0\n").expect("a file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_cambridge"));
        command.args(["bare", "--config", "machine.toml", "--script", "script"]).current_dir(&directory.0);
        let output = command.output().expect("the program");
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    };
    let (status, error) = bare("");
    assert_eq!(status, Some(2), "{error}");
    assert!(
        error.contains("device 290: pack.ckd: in use by another process, or by another device of this one"),
        "{error}"
    );
    assert_eq!(bare("read-only = true\n"), (Some(0), String::new()));
}

#[test]
fn a_pack_is_made_and_described() {
    let directory = Directory::new("made");
    assert_eq!(directory.good("create work.ckd --model 2311 --cylinders 5 --label work01"), "");
    assert_eq!(
        directory.good("info work.ckd"),
        "device   2311\nsize     5 cylinders, 10 heads, 50 tracks\n\
         file     work.ckd: plain CKD, 205312 bytes\nvolume   WORK01, no table of contents\n"
    );
    directory.good("create pack.cckd --model 3330 --compress bzip2");
    assert_eq!(
        directory.good("info pack.cckd"),
        "device   3330-1\nsize     411 cylinders, 7 of them alternates, 19 heads, 7809 tracks\n\
         file     pack.cckd: CCKD, bzip2, 1148 bytes\n\
         use      0 tracks (0 compressed), 7809 empty; 0 bytes free\nvolume   no label\n"
    );
    directory.good("create blocks.fba --model 3310");
    assert_eq!(fs::metadata(directory.0.join("blocks.fba")).expect("a file").len(), 125_664 * 512);
    directory.good("create blocks.cfba --blocks 500 --compress zlib");
    assert!(
        directory.good("info blocks.cfba").contains("500 blocks of 512 bytes\nfile     blocks.cfba: compressed FBA")
    );
    for image in ["work.ckd", "pack.cckd", "blocks.fba", "blocks.cfba"] {
        assert!(directory.good(&format!("check {image}")).starts_with(&format!("{image}: in order, ")));
    }
}

#[test]
fn a_pack_gets_a_table_of_contents() {
    let directory = Directory::new("vtoc");
    directory.good("create work.cckd --model 3330 --volser work01 --compress zlib");
    assert!(directory.good("info work.cckd").ends_with("volume   WORK01, table of contents at 0-1-1\n"));
    let listing = directory.good("ls work.cckd");
    assert!(listing.starts_with("volume WORK01: 0 data sets, 7657 tracks free\n"), "{listing}");
    directory.good("create small.ckd --model 2311 --cylinders 5 --volser A --vtoc 40,10");
    assert!(directory.good("info small.ckd").ends_with("volume   A, table of contents at 4-0-1\n"));
    assert!(directory.good("check small.ckd").starts_with("small.ckd: in order, "));
    let error = directory.bad("create wrong.ckd --model 2311 --cylinders 5 --volser A --vtoc 40,11", 2);
    assert!(error.contains("of 11 tracks cannot be at track 40: tracks 1 to 49 are for data"), "{error}");
    directory.bad("create wrong.ckd --model 2311 --volser A --label B", 2);
    directory.bad("create wrong.ckd --model 2311 --vtoc 1,2", 2);
    directory.bad("create wrong.ckd --model 2311 --volser A --vtoc 1", 2);
    directory.bad("create wrong.fba --model 3370 --volser A", 2);
    assert_eq!(directory.names(), ["small.ckd", "work.cckd"]);
}

#[test]
fn images_are_converted_every_way() {
    let directory = Directory::new("converted");
    directory.good("create first.ckd --model 3340 --cylinders 7 --label CONV01");
    let first = fs::read(directory.0.join("first.ckd")).expect("a file");
    directory.good("convert first.ckd -o second --compress zlib");
    directory.good("convert second -o third --compress bzip2");
    directory.good("convert third -o fourth.ckd");
    assert!(fs::read(directory.0.join("fourth.ckd")).expect("a file") == first);
    let bytes: Vec<u8> = (0..300_u32 * 512).map(|n| (n / 600) as u8).collect();
    fs::write(directory.0.join("first.fba"), &bytes).expect("written");
    directory.good("convert first.fba -o second.fba --compress zlib");
    assert!(fs::metadata(directory.0.join("second.fba")).expect("a file").len() < 10_000);
    directory.good("convert second.fba -o third.fba");
    assert!(fs::read(directory.0.join("third.fba")).expect("a file") == bytes);
    let names = directory.names();
    assert_eq!(names, ["first.ckd", "first.fba", "fourth.ckd", "second", "second.fba", "third", "third.fba"]);
}

#[test]
fn shadow_files_follow_their_image() {
    let directory = Directory::new("shadow");
    directory.good("create base.cckd --model 2314 --cylinders 20 --label BASE01 --compress zlib");
    directory.good("create one.shadow --shadow-of base.cckd");
    directory.good("create two.shadow --shadow-of base.cckd one.shadow");
    let info = directory.good("info base.cckd one.shadow two.shadow");
    assert!(
        info.contains(
            "two.shadow: shadow file, zlib, 1032 bytes\nuse      0 tracks (0 compressed), 0 empty, 400 beneath"
        )
    );
    assert!(info.ends_with("volume   BASE01, no table of contents\n"), "{info}");
    directory.good("convert base.cckd one.shadow two.shadow -o merged.cckd --compress zlib");
    assert!(directory.good("check base.cckd one.shadow").starts_with("one.shadow: in order"));
    let error = directory.bad("info one.shadow", 16);
    assert_eq!(
        error,
        "cambridge disk info: one.shadow: offset 0: this is a shadow file, and needs the files that it is a shadow of\n"
    );
}

#[test]
fn a_damaged_image_is_told_of_and_repaired() {
    let directory = Directory::new("damaged");
    directory.good("create good.cckd --model 2311 --label GOOD01 --compress zlib");
    let mut bytes = fs::read(directory.0.join("good.cckd")).expect("a file");
    let table = u32::from_le_bytes(bytes[1024..1028].try_into().expect("four bytes")) as usize;
    // The entry of track 1, which is empty, points far beyond the end.
    bytes[table + 8..table + 16].copy_from_slice(&[0, 0, 0, 0x40, 100, 0, 100, 0]);
    fs::write(directory.0.join("bad.cckd"), &bytes).expect("written");
    let what = format!(
        "bad.cckd: offset {}: the entry of track 1 (cylinder 0, head 1) points beyond the end of the file\n",
        table + 8
    );
    assert!(directory.bad("check bad.cckd", 8).starts_with(&what));
    assert!(directory.bad("check bad.cckd --repair", 4).starts_with(&what));
    assert!(directory.good("check bad.cckd").starts_with("bad.cckd: in order, 2030 tracks"));
    assert!(directory.good("info bad.cckd").contains("GOOD01"));
    fs::write(directory.0.join("short.ckd"), b"CKD_P370").expect("written");
    assert!(directory.bad("info short.ckd", 16).contains("short.ckd: offset"));
}

#[test]
fn nothing_is_replaced_by_chance_and_nothing_half_made_stays() {
    let directory = Directory::new("replaced");
    directory.good("create a.ckd --model 2311 --cylinders 3");
    assert!(directory.bad("create a.ckd --model 2311", 16).contains("a.ckd: exists (--replace replaces it)"));
    assert!(directory.bad("convert a.ckd -o a.ckd", 16).contains("exists"));
    assert!(directory.bad("convert a.ckd -o a.ckd --replace", 16).contains("in use"));
    assert!(directory.bad("convert missing.ckd -o b.ckd", 16).contains("missing.ckd: "));
    directory.good("create a.ckd --model 2311 --cylinders 4 --replace");
    assert!(directory.good("info a.ckd").contains("4 cylinders"));
    let image = fs::read(directory.0.join("a.ckd")).expect("a file");
    fs::write(directory.0.join("torn.ckd"), &image[..image.len() - 5]).expect("written");
    assert!(directory.bad("convert torn.ckd -o b.ckd", 16).contains("torn.ckd: offset 164347: the file ends within"));
    assert_eq!(directory.names(), ["a.ckd", "torn.ckd"]);
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let directory = Directory::new("options");
    for (arguments, says) in [
        ("create x", "required"),
        ("create x --model 3390", "there is no model 3390; there are 2305-1, "),
        ("create x --model 3330 --label TOOLONG", "one to six letters"),
        ("create x --model 3330 --blocks 5", "cannot be used with"),
        ("create x --model 3370 --label AAA", "neither cylinders nor a label"),
        ("create x --model 3330 --cylinders 0", "not in 1..=65536"),
    ] {
        let error = directory.bad(arguments, 2);
        assert!(error.contains(says), "{arguments}: {error}");
    }
    assert_eq!(directory.names(), [""; 0]);
}

#[test]
fn a_pack_in_several_files_is_found_by_its_first() {
    let directory = Directory::new("several");
    directory.good("create whole.ckd --model 2311 --cylinders 9 --label MANY01");
    let whole = fs::read(directory.0.join("whole.ckd")).expect("a file");
    for (n, highest) in [(1_u8, 2_u8), (2, 5), (3, 0)] {
        let mut bytes = whole[..512].to_vec();
        (bytes[17], bytes[18]) = (n, highest);
        let from = 512 + (usize::from(n) - 1) * 30 * 4096;
        bytes.extend(&whole[from..from + 30 * 4096]);
        fs::write(directory.0.join(format!("part_{n}.ckd")), bytes).expect("written");
    }
    assert!(directory.good("info part_1.ckd").contains("9 cylinders"));
    directory.good("convert part_1.ckd -o again.ckd");
    assert!(fs::read(directory.0.join("again.ckd")).expect("a file") == whole);
    directory.good("convert part_1.ckd part_2.ckd part_3.ckd -o third.ckd");
    fs::remove_file(directory.0.join("part_3.ckd")).expect("removed");
    assert!(directory.bad("info part_1.ckd", 16).contains("part_3.ckd: "));
}

#[test]
fn a_pack_is_split_and_put_together_again() {
    let directory = Directory::new("split");
    let file = |name: &str| fs::read(directory.0.join(name)).expect("a file");
    directory.good("create whole.ckd --model 2311 --cylinders 8 --label SPLIT1");
    // A cylinder takes 40960 bytes: three to a file.
    directory.good("convert whole.ckd -o part.ckd --split 160k");
    for (name, sequence, highest, cylinders) in
        [("part_1.ckd", 1, 2, 0..3), ("part_2.ckd", 2, 5, 3..6), ("part_3.ckd", 3, 0, 6..8)]
    {
        let mut header = file("whole.ckd")[..512].to_vec();
        (header[17], header[18]) = (sequence, highest);
        let tracks = &file("whole.ckd")[512 + cylinders.start * 40_960..512 + cylinders.end * 40_960];
        assert!(file(name) == [&header, tracks].concat(), "{name}");
    }
    assert_eq!(
        directory.good("info part_1.ckd"),
        "device   2311\nsize     8 cylinders, 10 heads, 80 tracks\n\
         file     part_1.ckd: plain CKD, cylinders 0 to 2, 123392 bytes\n\
         file     part_2.ckd: plain CKD, cylinders 3 to 5, 123392 bytes\n\
         file     part_3.ckd: plain CKD, cylinders 6 to 7, 82432 bytes\n\
         volume   SPLIT1, no table of contents\n"
    );
    assert!(directory.good("check part_1.ckd").ends_with("in order, 80 tracks or groups\n"));
    directory.good("convert part_1.ckd -o again.ckd");
    assert!(file("again.ckd") == file("whole.ckd"));
    // Through a compressed image to other files, in place of the old ones.
    directory.good("convert part_1.ckd -o packed --compress zlib");
    assert!(directory.bad("convert packed -o part_1.ckd --split 100k", 16).contains("part_1.ckd: exists"));
    directory.good("convert packed -o part_1.ckd --split 100k --replace");
    assert!(directory.good("info part_1.ckd").contains("part_4.ckd: plain CKD, cylinders 6 to 7, "));
    directory.good("convert part_1.ckd -o again.ckd --replace");
    assert!(file("again.ckd") == file("whole.ckd"));
    // What fits into one file keeps its name.
    directory.good("convert packed -o one.ckd --split 2G");
    assert!(file("one.ckd") == file("whole.ckd"));
    directory.good("create new.ckd --model 2311 --cylinders 8 --label SPLIT1 --split 160k");
    assert!((1..=3).all(|n| file(&format!("new_{n}.ckd")) == {
        let sizes = [3, 3, 2];
        let (from, mut bytes) = (512 + (n - 1) * 3 * 40_960, file("whole.ckd")[..512].to_vec());
        (bytes[17], bytes[18]) = (n as u8, [2, 5, 0][n - 1]);
        [&bytes, &file("whole.ckd")[from..from + sizes[n - 1] * 40_960]].concat()
    }));
    let names = directory.names();
    let expected =
        "again.ckd new_1.ckd new_2.ckd new_3.ckd one.ckd packed part_1.ckd part_2.ckd part_3.ckd part_4.ckd whole.ckd";
    assert_eq!(names.join(" "), expected, "nothing half made stays");
}

#[test]
fn splits_that_make_no_sense_are_refused() {
    let directory = Directory::new("split-options");
    directory.good("create a.ckd --model 2311 --cylinders 40");
    directory.good("create a.fba --blocks 100");
    for (arguments, says) in [
        ("convert a.ckd -o b --split 3G", "shorter than 2G"),
        ("convert a.ckd -o b --split many", "a length is a number of bytes"),
        ("convert a.ckd -o b --split 40k", "a cylinder of a 2311 takes 40960 bytes"),
        ("convert a.ckd -o b --split 41k", "40 files, and a pack can have 35"),
        ("convert a.ckd -o b --split 1M --compress zlib", "a compressed image is in one file"),
        ("convert a.fba -o b --split 1M", "a pack of blocks is in one file"),
        ("create b --model 3370 --split 1M", "is in one file"),
        ("create b --blocks 5 --split 1M", "cannot be used with"),
    ] {
        let error = directory.bad(arguments, 2);
        assert!(error.contains(says), "{arguments}: {error}");
    }
    assert_eq!(directory.names(), ["a.ckd", "a.fba"]);
}

/// A drive gets all files of a pack when the configuration names the first: those of Hercules name only that.
#[test]
fn a_drive_takes_a_pack_in_several_files() {
    let directory = Directory::new("split-drive");
    directory.good("create pack.ckd --model 2311 --cylinders 8 --label SPLIT1 --split 160k");
    fs::write(directory.0.join("machine.cnf"), "MAINSIZE 1\n0190 2311 pack_1.ckd\n").expect("a file");
    fs::write(directory.0.join("script"), "query 190\nexit 0\n").expect("a file");
    let bare = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cambridge"));
        command.args(["bare", "--config", "machine.cnf", "--script", "script"]).current_dir(&directory.0);
        let output = command.output().expect("the program");
        (output.status.code(), [output.stdout, output.stderr].concat())
    };
    let (status, said) = bare();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("pack_1.ckd, at cylinder 0"), "{said}");
    fs::remove_file(directory.0.join("pack_3.ckd")).expect("removed");
    let (status, said) = bare();
    assert_eq!(status, Some(2));
    assert!(String::from_utf8_lossy(&said).contains("pack_3.ckd: "));
}

#[test]
fn the_data_sets_of_the_system_pack_are_those_that_its_own_utility_lists() {
    let (Some(image), Some(listing)) = (shared("osvs1/dliba1.150.cckd"), shared("osvs1/prt-iehlist.txt")) else {
        return;
    };
    let directory = Directory::new("vtoc");
    let ours = directory.good(&format!("ls --extents {}", image.display()));
    let listing = fs::read_to_string(listing).expect("text");
    let mut lines = listing.lines();
    let mut found = 0;
    while let Some(line) = lines.next() {
        if !line.starts_with("---------------DATA SET NAME") {
            continue;
        }
        let words: Vec<_> = lines.next().expect("a data set").split_whitespace().collect();
        let extent = lines.by_ref().find(|line| line.trim_start().starts_with("EXTENTS")).and(lines.next());
        let places: Vec<u32> =
            extent.expect("an extent").split_whitespace().skip(1).map(|word| word.parse().expect("a number")).collect();
        // The page data set was made after the image was.
        if words[0] == "SYS1.PAGE" {
            continue;
        }
        let at = format!("    {:04}-{:02} to {:04}-{:02}", places[0], places[1], places[2], places[3]);
        let mut rest = ours.lines().skip_while(|line| !line.starts_with(&format!("{} ", words[0])));
        let line: Vec<_> = rest.next().unwrap_or_else(|| panic!("no {}", words[0])).split_whitespace().collect();
        assert_eq!(rest.next(), Some(at.as_str()), "{}", words[0]);
        if words[7] != "UN" {
            assert_eq!(line[1], words[7], "organization of {}", words[0]);
        }
        let tracks = (places[2] * 19 + places[3]) - (places[0] * 19 + places[1]) + 1;
        assert_eq!(line[5], tracks.to_string(), "{}", words[0]);
        found += 1;
    }
    assert_eq!(found, 17);
    assert!(ours.starts_with("volume DLIBA1: 17 data sets, 2328 tracks free\n"));
    assert!(
        ours.contains(
            "SYS1.MACLIB                                  PO    FB    12960    80    450    193    1  1999.365"
        )
    );
}

#[test]
fn the_files_of_a_cms_disk_are_those_of_its_listing() {
    let (Some(image), Some(listing)) =
        (shared("cms-r6/disks/cmsuser_191.ckd.gz"), shared("cms-r6/listings/cmsuser_191.txt"))
    else {
        return;
    };
    let directory = Directory::new("cms");
    let mut bytes = Vec::new();
    GzDecoder::new(fs::File::open(image).expect("a file")).read_to_end(&mut bytes).expect("expanded");
    fs::write(directory.0.join("191.ckd"), bytes).expect("written");
    let ours = directory.good("ls 191.ckd");
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().skip(2).map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&ours), sorted(&fs::read_to_string(listing).expect("text")));
    assert!(ours.starts_with("CMS disk CMS191: 115 cylinders, 65531 blocks, 41 used, 65490 left, 9 files\n"));
    directory.good("convert 191.ckd -o 191.cckd --compress zlib");
    assert_eq!(directory.good("ls 191.cckd"), ours);
}
