//! Images that other programs made, from `../shared` or `$CAMBRIDGE_SHARED`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use devices::{
    dasd::CkdPack,
    media::{
        Buffer, Medium,
        disk::{Image, open, track},
    },
};
use flate2::bufread::GzDecoder;

/// A file of the shared images, or `None` after saying that it is not there.
fn shared(name: &str) -> Option<Vec<u8>> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let shared = std::env::var_os("CAMBRIDGE_SHARED").map_or_else(|| repository.join("../shared"), PathBuf::from);
    let path = shared.join("images").join(name);
    let Ok(bytes) = fs::read(&path) else {
        println!("SKIPPED: there is no {}", path.display());
        return None;
    };
    if path.extension().is_none_or(|extension| extension != "gz") {
        return Some(bytes);
    }
    let mut expanded = Vec::new();
    std::io::Read::read_to_end(&mut GzDecoder::new(&bytes[..]), &mut expanded).expect("a gzip file");
    Some(expanded)
}

fn pack(name: &str, bytes: Vec<u8>) -> Box<dyn CkdPack> {
    let medium: Box<dyn Medium> = Box::new(Buffer { name: name.to_owned(), bytes, read_only: true });
    match open(vec![medium]).expect("an image").image {
        Image::Ckd(pack) => pack,
        other => panic!("not a pack of tracks: {other:?}"),
    }
}

#[test]
fn every_track_of_the_system_pack_is_in_order() {
    let Some(bytes) = shared("osvs1/dliba1.150.cckd") else { return };
    let mut pack = pack("dliba1", bytes);
    assert_eq!((pack.model().name, pack.cylinders()), ("3330-1", 411));
    let mut image = Vec::new();
    for number in 0..411 * 19 {
        pack.read_track(number, &mut image).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(image.len(), 13_312);
        assert_eq!(image[..5], track::home_address((number / 19) as u16, (number % 19) as u16));
        assert!(track::used(&image).is_some(), "track {number} has no end");
        assert!(track::records(&image).next().is_some_and(|record| record.number == 0), "track {number}");
    }
    pack.read_track(0, &mut image).expect("track 0");
    let label = track::records(&image).find(|record| record.number == 3).expect("R3");
    assert_eq!(label.key, [0xE5, 0xD6, 0xD3, 0xF1]);
    assert_eq!(label.data.len(), 80);
    assert_eq!(label.data[4..10], [0xC4, 0xD3, 0xC9, 0xC2, 0xC1, 0xF1], "volume DLIBA1");
}

#[test]
fn a_plain_minidisk_is_read() {
    let Some(bytes) = shared("cms-r6/disks/test_191.ckd.gz") else { return };
    let mut pack = pack("test_191", bytes);
    assert_eq!((pack.model().name, pack.cylinders()), ("3350", 5));
    let mut image = Vec::new();
    pack.read_track(0, &mut image).expect("track 0");
    let records: Vec<_> = track::records(&image).skip(1).collect();
    assert_eq!(records.len(), 19);
    assert!(records.iter().all(|record| record.key.is_empty() && record.data.len() == 800));
    assert_eq!(records[2].data[..4], [0xC3, 0xD4, 0xE2, 0x7E], "block 3 of a CMS disk begins with CMS=");
}
