//! Images that are damaged in any way are refused with file and offset, or read as far as they can be. Nothing panics.

use devices::media::{
    MediaError,
    disk::{Compression, Image, Packing, check, create_blocks, inspect, volume},
};
use proptest::{
    prelude::*,
    test_runner::{RngSeed, TestRunner},
};

use crate::{
    medium::{Shared, blocks, open_files, sample_track, tracks},
    model::{findings, model, new_tracks, packings},
};

/// A sound image with something in it; `kind` 0 to 3 are tracks, 4 to 7 tracks with a shadow, 8 to 11 blocks.
fn sound(kind: usize) -> Vec<Shared> {
    let packing: Packing = packings()[kind % 4];
    let files = match kind / 4 {
        shadows @ 0..=1 => {
            let files = new_tracks(packing, shadows as u32);
            let mut pack = tracks(open_files(&files).expect("an image").image);
            for number in (0..60).chain(256..262) {
                let image = sample_track(model(), number, number + 2);
                pack.write_track(number, &image, 0..image.len()).expect("written");
            }
            volume::write_label(&mut *pack, *b"\xE3\xC5\xE2\xE3\xF0\xF1").expect("a label");
            files
        }
        _ => {
            let files = vec![Shared::new("blocks", Vec::new())];
            create_blocks(files[0].boxed(), 4000, packing).expect("an image");
            let mut pack = blocks(open_files(&files).expect("an image").image);
            pack.write_blocks(100, &vec![0x5A; 400 * 512]).expect("written");
            files
        }
    };
    assert_eq!(findings(&files), [""; 0]);
    files
}

/// What is done to bytes: where (of the first so many), and what.
#[derive(Clone, Debug)]
enum Mutation {
    Flip { within: usize, at: prop::sample::Index, bit: u8 },
    Word { within: usize, at: prop::sample::Index, value: u32 },
    Truncate { to: prop::sample::Index },
    Extend { by: usize },
}

fn mutation() -> impl Strategy<Value = Mutation> {
    // Mostly headers and tables, where lies are most interesting.
    let within = prop_oneof![3 => Just(64), 3 => Just(1040), 4 => Just(6000), 2 => Just(usize::MAX)];
    let value = prop_oneof![Just(0), Just(u32::MAX), Just(0x8000_0000), 0_u32..20_000, any::<u32>()];
    prop_oneof![
        4 => (within.clone(), any::<prop::sample::Index>(), 0_u8..8)
            .prop_map(|(within, at, bit)| Mutation::Flip { within, at, bit }),
        4 => (within, any::<prop::sample::Index>(), value).prop_map(|(within, at, value)| Mutation::Word { within, at, value }),
        1 => any::<prop::sample::Index>().prop_map(|to| Mutation::Truncate { to }),
        1 => (1_usize..5000).prop_map(|by| Mutation::Extend { by }),
    ]
}

fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation) {
    if bytes.is_empty() {
        return;
    }
    match mutation {
        Mutation::Flip { within, at, bit } => {
            let at = at.index(bytes.len().min(*within));
            bytes[at] ^= 1 << bit;
        }
        Mutation::Word { within, at, value } => {
            let at = at.index(bytes.len().min(*within)) / 4 * 4;
            let end = bytes.len().min(at + 4);
            bytes[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
        }
        Mutation::Truncate { to } => bytes.truncate(to.index(bytes.len())),
        Mutation::Extend { by } => bytes.resize(bytes.len() + by, 0x77),
    }
}

/// Errors say where.
fn fine<T>(result: Result<T, MediaError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(MediaError::Damaged { file, what, .. }) => {
            assert!(!what.is_empty() && !file.is_empty());
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Uses an image as a drive would, and as the commands do.
fn exercise(files: &[Shared]) {
    fine(inspect(files.iter().map(|file| file.read_only().boxed()).collect()));
    let read_only: Vec<_> = files.iter().map(Shared::read_only).collect();
    for files in [&read_only[..], files] {
        let Some(opened) = fine(open_files(files)) else { continue };
        match opened.image {
            Image::Ckd(mut pack) => {
                let mut image = Vec::new();
                for number in (0..70).chain(250..310).chain([u32::MAX]) {
                    if fine(pack.read_track(number, &mut image)).is_some() {
                        assert_eq!(image.len(), pack.model().image_track() as usize);
                    }
                    if !pack.is_read_only() && number % 3 == 0 {
                        fine(pack.write_track(number, &sample_track(model(), number % 300, number % 99), 0..2000));
                    }
                }
                let label = fine(volume::label(&mut *pack)).flatten();
                fine(volume::vtoc::read(&mut *pack, label.and_then(|label| label.vtoc).unwrap_or((0, 1, 1))));
                fine(volume::cms::read(&mut *pack));
            }
            Image::Block(mut pack) => {
                let mut bytes = [0; 512 * 7];
                for first in (0..5000).step_by(93).chain([u32::MAX]) {
                    fine(pack.read_blocks(first, &mut bytes));
                    if !pack.is_read_only() {
                        fine(pack.write_blocks(first, &bytes));
                    }
                }
            }
        }
    }
}

/// What can be opened can be used; what can be repaired is sound afterwards. `DISK_FUZZ_CASES` is how many are tried.
#[test]
fn damaged_images_are_told_of_and_never_panic() {
    let images: Vec<_> = (0..12).map(sound).collect();
    let cases = std::env::var("DISK_FUZZ_CASES").map_or(600, |cases| cases.parse().expect("a number"));
    let config = ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(0xCCD),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let strategy = (0..images.len(), prop::collection::vec(mutation(), 1..6));
    let result = TestRunner::new(config).run(&strategy, |(kind, mutations)| {
        let mut files: Vec<_> = images[kind].iter().map(|file| Shared::new("file", file.bytes())).collect();
        let last = files.len() - 1;
        let mut bytes = files[last].bytes();
        mutations.iter().for_each(|mutation| mutate(&mut bytes, mutation));
        files[last] = Shared::new("damaged", bytes.clone());
        exercise(&files);
        files[last] = Shared::new("damaged", bytes);
        let media = files.iter().enumerate();
        let media = media.map(|(n, file)| if n == last { file.boxed() } else { file.read_only().boxed() }).collect();
        let checked = fine(check(media, true, &mut |_, _| {}));
        if checked.is_some_and(|checked| checked.mended.is_some()) {
            prop_assert_eq!(findings(&files), [""; 0]);
            prop_assert!(open_files(&files).is_ok());
        }
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}

fn error_of(kind: usize, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut files = sound(kind);
    let last = files.len() - 1;
    let mut bytes = files[last].bytes();
    change(&mut bytes);
    files[last] = Shared::new("image", bytes);
    match open_files(&files) {
        Ok(opened) => panic!("{opened:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_cannot_be_an_image_is_refused_with_file_and_offset() {
    const ZLIB: usize = 2;
    let word =
        |at: usize, value: u32| move |bytes: &mut Vec<u8>| bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    for (error, says) in [
        (error_of(ZLIB, |bytes| bytes.truncate(900)), "image: offset 900: the file ends here, 124 bytes too early"),
        (error_of(ZLIB, word(8, 11)), "image: offset 8: no device of System/370"),
        (error_of(ZLIB, word(12, u32::MAX)), "image: offset 12: tracks of 4294967295 bytes"),
        (error_of(ZLIB, word(512 + 4, 1)), "image: offset 516: a level-1 table of 1 entries for 300 units"),
        (
            error_of(ZLIB, word(512 + 4, u32::MAX)),
            "image: offset 516: a level-1 table of 4294967295 entries is longer than",
        ),
        (error_of(ZLIB, word(512 + 8, 512)), "image: offset 520: level-2 tables of 512 entries"),
        (error_of(ZLIB, word(512 + 40, u32::MAX)), "image: offset 8: 4294967295 cylinders"),
        (error_of(ZLIB, word(512 + 44, 0x0103)), "image: offset 556: null tracks of the unknown format 3"),
        (error_of(ZLIB, word(512 + 44, 0x0900)), "image: offset 557: compression by the unknown algorithm 9"),
        (error_of(ZLIB, |bytes| bytes[515] |= 2), "image: offset 515: the image is big-endian"),
        (
            error_of(ZLIB, |bytes| bytes[5..8].copy_from_slice(b"064")),
            "image: offset 0: a compressed image with 64-bit",
        ),
        (error_of(ZLIB, word(1024, u32::MAX - 1)), "image: offset 1024: entry 0 of the level-1 table points beyond"),
        (
            error_of(ZLIB, word(1024, 7)),
            "image: offset 1024: entry 0 of the level-1 table points to bytes that have another",
        ),
        (
            error_of(0, |bytes| bytes.truncate(512 + 4096 * 25)),
            "image: offset 102912: the file ends within cylinder 2, at head 5",
        ),
        (error_of(0, |bytes| bytes.truncate(512)), "image: offset 512: the file ends before the first track"),
        (error_of(0, |bytes| bytes[17] = 2), "image: offset 17: this is file 2 of a pack, where file 1 is needed"),
        (
            error_of(0, |bytes| bytes[18] = 9),
            "image: offset 18: the highest cylinder should be 9, but the file ends with 29",
        ),
        (error_of(8, |bytes| bytes.truncate(511)), "image: offset 511: the file ends within a block"),
        (error_of(6, |bytes| bytes[552] = 31), "image: offset 8: this file is of another kind of pack, or size"),
    ] {
        assert!(error.starts_with(says), "{error}, not {says}");
    }
}

#[test]
fn a_shadow_file_needs_what_it_is_a_shadow_of() {
    let files = sound(6);
    let error = open_files(&files[1..]).map(|_| ()).expect_err("alone").to_string();
    assert!(error.contains("needs the files that it is a shadow of"), "{error}");
    let error = open_files(&[files[0].clone(), files[0].clone()]).map(|_| ()).expect_err("twice").to_string();
    assert!(error.contains("cannot follow another file"), "{error}");
    assert_eq!(open_files(&[]).map(|_| ()).expect_err("nothing").to_string(), ": offset 0: an image needs a file");
}

#[test]
fn a_bomb_in_a_track_stops_at_the_length_of_a_track() {
    let files = sound(2);
    let mut bytes = files[0].bytes();
    let table = u32::from_le_bytes(bytes[1024..1028].try_into().expect("four bytes")) as usize;
    let mut bomb = vec![1, 0, 0, 0, 3];
    let mut deflate = flate2::Compress::new(flate2::Compression::best(), true);
    bomb.reserve(200_000);
    deflate.compress_vec(&vec![0; 50_000_000], &mut bomb, flate2::FlushCompress::Finish).expect("compressed");
    let bomb = &bomb[..4000];
    let at = bytes.len() as u32;
    bytes.extend(bomb);
    bytes[table + 24..table + 28].copy_from_slice(&at.to_le_bytes());
    bytes[table + 28..table + 32].copy_from_slice(&[0xA0, 0x0F, 0xA0, 0x0F]);
    let mut pack = tracks(open_files(&[Shared::new("bomb", bytes).read_only()]).expect("an image").image);
    let error = pack.read_track(3, &mut Vec::new()).expect_err("a bomb").to_string();
    assert_eq!(error, format!("bomb: offset {at}: track 3 (cylinder 0, head 3): it is longer than a track can be"));
    assert!(pack.read_track(4, &mut Vec::new()).is_ok());
}

#[test]
fn several_files_make_one_pack() {
    let whole = sound(0)[0].bytes();
    let part = |number: u8, highest: u8, tracks: std::ops::Range<usize>| {
        let mut bytes = whole[..512].to_vec();
        (bytes[17], bytes[18]) = (number, highest);
        bytes.extend(&whole[512 + tracks.start * 4096..512 + tracks.end * 4096]);
        Shared::new(&format!("part {number}"), bytes)
    };
    let files = [part(1, 9, 0..100), part(2, 19, 100..200), part(3, 0, 200..300)];
    let open = |files: &[Shared]| devices::media::disk::open(files.iter().map(Shared::boxed).collect());
    let mut pack = tracks(open(&files).expect("a pack").image);
    assert_eq!(pack.cylinders(), 30);
    let mut image = Vec::new();
    for number in [0, 99, 100, 199, 200, 299] {
        pack.read_track(number, &mut image).expect("read");
        assert!(image[..] == whole[512 + number as usize * 4096..][..4096], "track {number}");
    }
    pack.write_track(150, &[0xAB; 4096], 5..10).expect("written");
    assert_eq!(files[1].bytes()[512 + 50 * 4096 + 4..][..7], [0, 0xAB, 0xAB, 0xAB, 0xAB, 0xAB, 0]);
    let error = |files: &[Shared]| open(files).map(|_| ()).expect_err("a wrong pack").to_string();
    assert_eq!(error(&files[..2]), "part 2: offset 18: the pack goes on after cylinder 19 in another file");
    assert_eq!(error(&files[1..]), "part 2: offset 17: this is file 2 of a pack, where file 1 is needed");
    let swapped = [files[0].clone(), files[2].clone(), files[1].clone()];
    assert_eq!(error(&swapped), "part 3: offset 17: this is file 3 of a pack, where file 2 is needed");
}

#[test]
fn compression_has_a_name() {
    let names: Vec<_> = [Compression::None, Compression::Zlib, Compression::Bzip2].map(|how| how.to_string()).into();
    assert_eq!(names, ["none", "zlib", "bzip2"]);
}
