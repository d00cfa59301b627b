//! Tracks and records of packs: read, written, changed. The file is in the host's page cache.
//!
//! `cargo bench -p cambridge --bench disk`

use std::{hint::black_box, path::PathBuf};

use cambridge::{
    disk::files::media,
    files::{HostFile, Purpose},
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use devices::{
    dasd::{CkdPack, geometry::Model},
    media::disk::{Compression, Image, Packing, create_tracks, open, track},
};

const CYLINDERS: u32 = 20;
const HEADS: u32 = 19;
const TRACKS: u32 = CYLINDERS * HEADS;
/// Records of 800 bytes on a track of a 3330.
const RECORDS: u8 = 14;

const PACKINGS: [(&str, Packing); 3] =
    [("ckd", None), ("cckd-zlib", Some(Compression::Zlib)), ("cckd-bzip2", Some(Compression::Bzip2))];

/// A track as programs and texts fill it: half of its bytes repeat.
fn sample(number: u32, seed: u32) -> Vec<u8> {
    let place = ((number / HEADS) as u16, (number % HEADS) as u16);
    let mut image = track::home_address(place.0, place.1).to_vec();
    track::push(&mut image, (place.0, place.1, 0), &[], &[0; 8]);
    let mut noise = seed;
    for record in 1..=RECORDS {
        let data: Vec<u8> = (0..800_u32)
            .map(|n| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if n % 16 < 8 { (noise >> 24) as u8 & 0x3F } else { 0x40 }
            })
            .collect();
        track::push(&mut image, (place.0, place.1, record), &[], &data);
    }
    image.extend(track::END);
    image
}

fn pack(name: &str, packing: Packing) -> (PathBuf, Box<dyn CkdPack>) {
    let path = std::env::temp_dir().join(format!("cambridge-bench-{name}-{}", std::process::id()));
    let medium = HostFile::open(&path, Purpose::Create).expect("a new file");
    create_tracks(Box::new(medium), Model::named("3330").expect("a model"), CYLINDERS, packing).expect("an image");
    let opened = open(media(std::slice::from_ref(&path), Purpose::Write).expect("files")).expect("an image");
    let Image::Ckd(mut pack) = opened.image else { panic!("blocks") };
    for number in 0..TRACKS {
        let image = sample(number, number);
        pack.write_track(number, &image, 0..image.len()).expect("written");
    }
    pack.settle().expect("settled");
    (path, pack)
}

fn disk(criterion: &mut Criterion) {
    for (name, packing) in PACKINGS {
        let (path, mut pack) = pack(name, packing);
        let mut image = Vec::new();
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(TRACKS.into())).sample_size(20);
        group.bench_function("read every track", |bencher| {
            bencher.iter(|| {
                for number in 0..TRACKS {
                    pack.read_track(number, &mut image).expect("read");
                    black_box(&image);
                }
            });
        });
        let tracks: Vec<_> = (0..TRACKS).map(|number| sample(number, number + 1)).collect();
        group.bench_function("write every track", |bencher| {
            bencher.iter(|| {
                for (number, image) in (0..).zip(&tracks) {
                    pack.write_track(number, image, 0..image.len()).expect("written");
                }
            });
        });
        group.throughput(Throughput::Elements(u64::from(TRACKS) * u64::from(RECORDS)));
        group.bench_function("change every record", |bencher| {
            bencher.iter(|| {
                for (number, image) in (0..).zip(&tracks) {
                    for record in track::records(image).skip(1) {
                        let start = record.offset + track::COUNT;
                        pack.write_track(number, image, start..start + record.data.len()).expect("written");
                    }
                }
            });
        });
        group.finish();
        drop(pack);
        std::fs::remove_file(path).expect("removed");
    }
}

criterion_group!(benches, disk);
criterion_main!(benches);
