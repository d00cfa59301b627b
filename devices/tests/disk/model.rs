//! Every form of image behaves as an array of tracks or blocks does, whatever is done to it in whatever order.

use std::collections::BTreeMap;

use devices::{
    dasd::geometry::Model,
    media::disk::{Compression, Packing, check, create_blocks, create_shadow, create_tracks, track},
};
use proptest::{prelude::*, test_runner::RngSeed};

use crate::medium::{Numbers, Shared, blocks, open_files, sample_track, tracks};

pub const CYLINDERS: u32 = 30;
const BLOCKS: u32 = 31_000;

pub fn packings() -> [Packing; 4] {
    [None, Some(Compression::None), Some(Compression::Zlib), Some(Compression::Bzip2)]
}

pub fn model() -> &'static Model {
    Model::named("2311").expect("a model")
}

/// A new image, with so many shadow files.
pub fn new_tracks(packing: Packing, shadows: u32) -> Vec<Shared> {
    let mut files = vec![Shared::new("base", Vec::new())];
    create_tracks(files[0].boxed(), model(), CYLINDERS, packing).expect("an image");
    add_shadows(&mut files, shadows);
    files
}

fn add_shadows(files: &mut Vec<Shared>, shadows: u32) {
    for n in 0..shadows {
        let shadow = Shared::new(&format!("shadow {n}"), Vec::new());
        let beneath = files.iter().map(|file| file.read_only().boxed()).collect();
        create_shadow(beneath, shadow.boxed(), Compression::Zlib).expect("a shadow");
        files.push(shadow);
    }
}

pub fn findings(files: &[Shared]) -> Vec<String> {
    let media = files.iter().map(|file| file.read_only().boxed()).collect();
    check(media, false, &mut |_, _| {}).expect("an image that can be read").findings
}

#[derive(Clone, Debug)]
enum Step {
    Write { unit: u32, seed: u32 },
    Close,
    Die,
    Settle,
    AddShadow,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Few units, so that they are written again and again; some in the second table.
    let unit = prop_oneof![0_u32..20, 250_u32..262, Just(299)];
    let step = prop_oneof![
        20 => (unit, any::<u32>()).prop_map(|(unit, seed)| Step::Write { unit, seed }),
        1 => Just(Step::Close),
        1 => Just(Step::Die),
        1 => Just(Step::Settle),
        1 => Just(Step::AddShadow),
    ];
    prop::collection::vec(step, 1..100)
}

/// Compares all tracks with the model, and the image with what a sound one is.
fn compare_tracks(files: &[Shared], written: &BTreeMap<u32, Vec<u8>>) {
    let opened = open_files(&[files.iter().map(Shared::read_only).collect::<Vec<_>>()].concat()).expect("an image");
    let mut pack = tracks(opened.image);
    let (mut image, mut null) = (Vec::new(), Vec::new());
    for number in 0..CYLINDERS * 10 {
        pack.read_track(number, &mut image).unwrap_or_else(|error| panic!("{error}"));
        assert!(track::null(0, (number / 10) as u16, (number % 10) as u16, &mut null).is_some());
        let expected = written.get(&number).unwrap_or(&null);
        let used = track::used(expected).expect("an end");
        assert!(image[..used] == expected[..used], "track {number} differs");
    }
}

fn run_tracks(packing: Packing, shadows: u32, steps: &[Step]) {
    let mut files = new_tracks(packing, shadows);
    let mut written = BTreeMap::new();
    let mut pack = tracks(open_files(&files).expect("an image").image);
    for step in steps {
        match step {
            Step::Write { unit, seed } => {
                let image = sample_track(model(), *unit, *seed);
                let used = track::used(&image).expect("an end");
                pack.write_track(*unit, &image, 0..used).expect("written");
                written.insert(*unit, image);
            }
            Step::Settle => {
                pack.settle().expect("settled");
                assert_eq!(findings(&files), [""; 0]);
            }
            Step::Close | Step::Die | Step::AddShadow => {
                if matches!(step, Step::Die) {
                    files.iter().for_each(|file| file.dies_after(0));
                }
                drop(pack);
                files = files.iter().map(|file| Shared::new("file", file.bytes())).collect();
                compare_tracks(&files, &written);
                if !matches!(step, Step::Die) {
                    assert_eq!(findings(&files), [""; 0]);
                    add_shadows(&mut files, matches!(step, Step::AddShadow).into());
                }
                pack = tracks(open_files(&files).expect("an image").image);
            }
        }
    }
    drop(pack);
    assert_eq!(findings(&files), [""; 0]);
    compare_tracks(&files, &written);
}

fn run_blocks(packing: Packing, shadows: u32, steps: &[Step]) {
    let mut files = vec![Shared::new("base", Vec::new())];
    create_blocks(files[0].boxed(), BLOCKS, packing).expect("an image");
    add_shadows(&mut files, shadows);
    let mut model = vec![0; BLOCKS as usize * 512];
    let mut pack = blocks(open_files(&files).expect("an image").image);
    for step in steps {
        match step {
            Step::Write { unit, seed } => {
                let mut numbers = Numbers((*seed).into());
                let first = (unit * 120).saturating_sub(numbers.next() % 3).min(BLOCKS - 1);
                let count = (numbers.next() % 260 + 1).min(BLOCKS - first) as usize;
                let noisy = numbers.next() as usize % 512;
                let fill: Vec<u8> =
                    (0..count * 512).map(|n| if n % 512 < noisy { numbers.next() as u8 } else { 0 }).collect();
                pack.write_blocks(first, &fill).expect("written");
                model[first as usize * 512..][..fill.len()].copy_from_slice(&fill);
            }
            Step::Settle => pack.settle().expect("settled"),
            Step::Close | Step::Die | Step::AddShadow => {
                if matches!(step, Step::Die) {
                    files.iter().for_each(|file| file.dies_after(0));
                }
                drop(pack);
                files = files.iter().map(|file| Shared::new("file", file.bytes())).collect();
                pack = blocks(open_files(&files).expect("an image").image);
                let mut bytes = vec![0; model.len()];
                pack.read_blocks(0, &mut bytes).expect("read");
                assert!(bytes == model, "after {step:?}");
            }
        }
    }
    drop(pack);
    assert_eq!(findings(&files), [""; 0]);
    let mut bytes = vec![1; 7 * 512];
    let mut pack = blocks(open_files(&files).expect("an image").image);
    assert_eq!(pack.blocks(), BLOCKS);
    for first in (0..BLOCKS - 7).step_by(7) {
        pack.read_blocks(first, &mut bytes).expect("read");
        assert!(bytes == model[first as usize * 512..][..bytes.len()], "blocks from {first} on");
    }
    assert!(pack.read_blocks(BLOCKS - 6, &mut bytes).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48, rng_seed: RngSeed::Fixed(0x3330), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn an_image_of_tracks_is_an_array_of_tracks(packing in 0_usize..4, shadows in 0_u32..3, steps in steps()) {
        run_tracks(packings()[packing], shadows, &steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12, rng_seed: RngSeed::Fixed(0x3370), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn an_image_of_blocks_is_an_array_of_blocks(packing in 0_usize..4, shadows in 0_u32..3, steps in steps()) {
        run_blocks(packings()[packing], shadows, &steps);
    }
}

#[test]
fn the_base_of_a_shadow_file_stays_as_it_is() {
    for packing in packings() {
        let files = new_tracks(packing, 1);
        let before = files[0].bytes();
        let mut pack = tracks(open_files(&files).expect("an image").image);
        let image = sample_track(model(), 17, 3);
        pack.write_track(17, &image, 0..image.len()).expect("written");
        drop(pack);
        assert!(files[0].bytes() == before, "{packing:?}");
        let mut read = Vec::new();
        tracks(open_files(&files[..1]).expect("the base").image).read_track(17, &mut read).expect("read");
        assert!(read[..100] != image[..100]);
    }
}

#[test]
fn an_image_that_is_only_read_is_not_touched() {
    for packing in packings() {
        let files = new_tracks(packing, 0);
        let before = files[0].bytes();
        let mut pack = tracks(open_files(&files).expect("an image").image);
        pack.read_track(9, &mut Vec::new()).expect("read");
        drop(pack);
        assert!(files[0].bytes() == before);
    }
}

#[test]
fn only_the_changed_bytes_of_a_plain_track_are_written() {
    let files = new_tracks(None, 0);
    let before = files[0].bytes();
    let mut pack = tracks(open_files(&files).expect("an image").image);
    let image = vec![0xAB; model().image_track() as usize];
    pack.write_track(11, &image, 100..103).expect("written");
    let at = 512 + 11 * 4096 + 100;
    let after = files[0].bytes();
    assert_eq!(after[at..at + 3], [0xAB; 3]);
    assert!(after[..at] == before[..at] && after[at + 3..] == before[at + 3..]);
    assert!(pack.write_track(300, &image, 0..5).is_err());
    assert!(pack.write_track(1, &image, 4000..5000).is_err());
    assert!(pack.write_track(1, &image[..50], 40..60).is_err());
}

#[test]
fn space_is_used_again() {
    let files = new_tracks(Some(Compression::Zlib), 0);
    let mut pack = tracks(open_files(&files).expect("an image").image);
    for seed in 0..4000 {
        let image = sample_track(model(), seed % 100, 2 + 7 * seed);
        pack.write_track(seed % 100, &image, 0..image.len()).expect("written");
    }
    drop(pack);
    let (length, most) = (files[0].bytes().len(), 100 * 4096 + 2 * 2048 + 1032);
    assert!(length < most, "{length} bytes for 100 tracks");
    assert_eq!(findings(&files), [""; 0]);
}
