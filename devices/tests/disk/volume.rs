//! Directories of OS and of CMS, made by hand here.

use devices::{
    dasd::{CkdPack, geometry::Model},
    media::disk::{
        create_tracks, track,
        volume::{
            self,
            cms::{self, Directory, Disk},
            text,
            vtoc::{self, Extent},
        },
    },
};
use proptest::{prelude::*, test_runner::RngSeed};
use s370_arch::ebcdic::from_text;

use crate::medium::{Shared, open_files, tracks};

fn pack(model: &str, cylinders: u32) -> Box<dyn CkdPack> {
    let files = [Shared::new("pack", Vec::new())];
    create_tracks(files[0].boxed(), Model::named(model).expect("a model"), cylinders, None).expect("an image");
    tracks(open_files(&files).expect("an image").image)
}

/// Writes a track with these records, numbered from 1 or what is given with them.
fn write(pack: &mut dyn CkdPack, number: u32, records: &[(u8, Vec<u8>, Vec<u8>)]) {
    let place = ((number / pack.model().heads) as u16, (number % pack.model().heads) as u16);
    let mut image = track::home_address(place.0, place.1).to_vec();
    track::push(&mut image, (place.0, place.1, 0), &[], &[0; 8]);
    for (record, key, data) in records {
        track::push(&mut image, (place.0, place.1, *record), key, data);
    }
    image.extend(track::END);
    pack.write_track(number, &image, 0..image.len()).expect("written");
}

fn put(bytes: &mut [u8], at: usize, what: &[u8]) {
    bytes[at..at + what.len()].copy_from_slice(what);
}

/// An extent descriptor: type, number, first and last cylinder and head.
fn extent(number: u8, low: (u16, u16), high: (u16, u16)) -> Vec<u8> {
    let mut bytes = vec![1, number];
    for half in [low.0, low.1, high.0, high.1] {
        bytes.extend(half.to_be_bytes());
    }
    bytes
}

/// Control blocks of a volume with a table of contents on tracks 1 and 2.
fn control_blocks() -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut format4 = vec![0; 96];
    format4[0] = 0xF4;
    put(&mut format4, 6, &[0, 33]);
    put(&mut format4, 61, &extent(0, (0, 1), (0, 2)));
    let mut format5 = (vec![5; 44], vec![0; 96]);
    format5.1[0] = 0xF5;
    format5.0[4..44].fill(0);
    put(&mut format5.0, 4, &[0, 100, 0, 3, 7]);
    put(&mut format5.1, 86, &[1, 0, 0, 0, 2]);
    let mut name = vec![0x40; 44];
    put(&mut name, 0, &from_text("PAYROLL.MASTER"));
    let mut format1 = vec![0; 96];
    format1[0] = 0xF1;
    put(&mut format1, 9, &[74, 0, 203]);
    put(&mut format1, 38, &[0x41, 0, 0x9C, 0, 0x0C, 0x80, 0, 80, 0]);
    put(&mut format1, 54, &[0, 24, 3]);
    put(&mut format1, 61, &extent(0, (1, 0), (1, 9)));
    put(&mut format1, 71, &extent(1, (3, 5), (4, 4)));
    put(&mut format1, 81, &extent(2, (5, 0), (5, 0)));
    put(&mut format1, 91, &[0, 0, 0, 2, 1]);
    let mut format3 = (vec![3; 44], vec![0; 96]);
    format3.1[0] = 0xF3;
    format3.0[4..44].fill(0);
    put(&mut format3.0, 4, &extent(3, (6, 0), (6, 1)));
    put(&mut format3.1, 1, &extent(4, (7, 2), (7, 2)));
    // The chain leads to itself: a lie that must end.
    put(&mut format3.1, 91, &[0, 0, 0, 2, 1]);
    vec![(vec![4; 44], format4), format5, (name, format1), format3]
}

fn write_contents(pack: &mut dyn CkdPack, blocks: &[(Vec<u8>, Vec<u8>)]) {
    let number = |blocks: &[(Vec<u8>, Vec<u8>)]| -> Vec<(u8, Vec<u8>, Vec<u8>)> {
        (1..).zip(blocks).map(|(number, (key, data))| (number, key.clone(), data.clone())).collect()
    };
    write(pack, 1, &number(&blocks[..3]));
    write(pack, 2, &number(&blocks[3..]));
}

#[test]
fn data_sets_have_their_extents_wherever_they_are_described() {
    let mut pack = pack("2311", 10);
    write_contents(&mut *pack, &control_blocks());
    let found = vtoc::read(&mut *pack, (0, 1, 1)).expect("read");
    assert_eq!(found.complaints, [""; 0]);
    assert_eq!((found.free_blocks, found.free_tracks), (33, 3 * 10 + 7 + 2));
    assert_eq!(found.extent, Some(Extent { low: (0, 1), high: (0, 2) }));
    let [set] = &found.data_sets[..] else { panic!("{found:?}") };
    assert_eq!((set.name.as_str(), set.organization.as_str(), set.format.as_str()), ("PAYROLL.MASTER", "PSU", "FBSA"));
    assert_eq!((set.block, set.record, set.key, set.created), (3200, 80, 0, Some((1974, 203))));
    assert_eq!(set.extents[2..4], [Extent { low: (5, 0), high: (5, 0) }, Extent { low: (6, 0), high: (6, 1) }]);
    assert_eq!((set.extents.len(), set.tracks), (5, 10 + 10 + 1 + 2 + 1));
    assert_eq!(set.used, Some(25));
}

#[test]
fn tables_of_contents_that_are_none_are_told_of() {
    let mut pack = pack("2311", 10);
    let found = vtoc::read(&mut *pack, (0, 1, 1)).expect("read");
    assert_eq!(found.complaints, ["there is no format-4 control block at 0-1-1"]);
    assert!(vtoc::read(&mut *pack, (0xFFFF, 0xFFFF, 0xFF)).expect("read").data_sets.is_empty());
    let mut blocks = control_blocks();
    put(&mut blocks[2].1, 81, &extent(2, (5, 3), (5, 1)));
    write_contents(&mut *pack, &blocks);
    let found = vtoc::read(&mut *pack, (0, 1, 1)).expect("read");
    assert_eq!(found.complaints, ["PAYROLL.MASTER at 0-1-3 has an extent that ends before it begins"]);
}

#[test]
fn a_label_is_written_and_read() {
    let mut pack = pack("3350", 2);
    assert_eq!(volume::label(&mut *pack).expect("read"), None);
    volume::write_label(&mut *pack, *b"\xE5\xD6\xD3\xF0\xF0\x40").expect("written");
    let label = volume::label(&mut *pack).expect("read").expect("a label");
    assert_eq!((label.serial.as_str(), label.vtoc, label.owner.as_str()), ("VOL00", None, ""));
    assert_eq!(text(&[0xC1, 0x00, 0x15, 0xC2, 0x40, 0x40]), "A..B");
}

/// A CMS disk of a 2314: blocks of 800 bytes, of which the eighth of fifteen lies on two tracks.
fn cms_disk(pack: &mut dyn CkdPack) {
    let mut label = vec![0; 800];
    put(&mut label, 0, &from_text("CMS=DISK14"));
    let mut master = vec![0; 800];
    put(&mut master, 0, &[0, 8, 0, 16, 0xFF, 0xFF]);
    put(&mut master, 364, &[0, 0, 0, 150, 0, 0, 0, 12]);
    put(&mut master, 382, &[0, 1]);
    let file = |name: &str, kind: &str| {
        let mut bytes = vec![0; 40];
        put(&mut bytes, 0, &from_text(&format!("{name:<8}{kind:<8}")));
        put(&mut bytes, 16, &[0x12, 0x31, 0x23, 0x59, 0, 3, 0, 1, 0xC1, 0xF1, 0, 2]);
        put(&mut bytes, 30, &[0xC6, 0, 0, 0, 0, 80, 0, 1, 0xF7, 0xF9]);
        bytes
    };
    let mut first = vec![0; 800];
    put(&mut first, 0, &file("PROFILE", "EXEC"));
    put(&mut first, 760, &file("LAST", "SCRIPT"));
    let mut second = vec![0; 800];
    put(&mut second, 40, &file("LONGNAME", "ASSEMBLE"));
    let blank = vec![0; 800];
    let record = |number: u8, data: &[u8]| (number, Vec::new(), data.to_vec());
    let mut even: Vec<_> = (1..=7).map(|number| record(number, &blank)).collect();
    even[2] = record(3, &label);
    even[3] = record(4, &master);
    even.push(record(8, &first[..300]));
    let mut odd = vec![record(8, &first[300..])];
    odd.extend((9..=15).map(|number| record(number, &blank)));
    write(pack, 0, &even);
    write(pack, 1, &odd);
    write(pack, 2, &[record(1, &second)]);
}

#[test]
fn files_of_a_cms_disk_are_found_even_where_a_block_lies_on_two_tracks() {
    let mut pack = pack("2314", 1);
    cms_disk(&mut *pack);
    let Disk::Blocks800(directory) = cms::read(&mut *pack).expect("read") else { panic!("not a CMS disk") };
    let Directory { label, cylinders, total, used, files, complaints } = directory;
    assert_eq!((label.as_str(), cylinders, total, used), ("DISK14", 1, 150, 12));
    assert_eq!(complaints, [""; 0]);
    let names: Vec<_> = files.iter().map(|file| format!("{} {} {}", file.name, file.kind, file.mode)).collect();
    assert_eq!(names, ["PROFILE EXEC A1", "LAST SCRIPT A1", "LONGNAME ASSEMBLE A1"]);
    let first = &files[0];
    assert_eq!((first.format, first.record, first.records, first.blocks), ('F', 80, 2, 1));
    assert_eq!(first.written, ("79".to_owned(), [12, 31, 23, 59]));
}

#[test]
fn other_disks_are_not_taken_for_cms_disks() {
    let mut pack = pack("3350", 1);
    assert_eq!(cms::read(&mut *pack).expect("read"), Disk::None);
    let mut label = vec![0; 4096];
    put(&mut label, 0, &from_text("CMS1NEWER "));
    put(&mut label, 12, &[0, 0, 0x10, 0]);
    let blank = vec![0; 800];
    write(&mut *pack, 0, &[(1, vec![], blank.clone()), (2, vec![], blank), (3, vec![], label)]);
    assert_eq!(cms::read(&mut *pack).expect("read"), Disk::Later("NEWER".to_owned(), 4096));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200, rng_seed: RngSeed::Fixed(0xD5CB), failure_persistence: None, ..ProptestConfig::default()
    })]

    /// Directories are data of guests: they may lie.
    #[test]
    fn directories_that_lie_do_no_harm(
        changes in prop::collection::vec((0_usize..4, 0_usize..140, any::<u8>()), 1..12),
        cms in prop::collection::vec((1_u32..1600, any::<u8>()), 1..30),
    ) {
        let mut pack = pack("2311", 10);
        let mut blocks = control_blocks();
        for (block, at, value) in changes {
            let (key, data) = &mut blocks[block];
            *key.iter_mut().chain(data).nth(at).expect("140 bytes") = value;
        }
        write_contents(&mut *pack, &blocks);
        let found = vtoc::read(&mut *pack, (0, 1, 1)).expect("read");
        prop_assert!(found.data_sets.len() <= 4);
        let mut pack = self::pack("2314", 1);
        cms_disk(&mut *pack);
        let mut image = Vec::new();
        pack.read_track(0, &mut image).expect("read");
        for (at, value) in cms {
            image[5 + at as usize + 16 + 2 * 808] = value;
        }
        pack.write_track(0, &image, 0..image.len()).expect("written");
        cms::read(&mut *pack).expect("read");
    }
}
