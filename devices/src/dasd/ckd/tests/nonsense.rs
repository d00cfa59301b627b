//! Commands, data and images that mean nothing: always a status, never a panic.

use proptest::{prelude::*, test_runner::RngSeed};

use super::*;
use crate::{
    area::Area,
    device::{Command, Device, Initial, Progress},
};

/// The codes of the commands that there are, and others.
fn code() -> impl Strategy<Value = u8> {
    let known = [
        0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0B, 0x0D, 0x0E, 0x0F, 0x11, 0x12, 0x13, 0x15, 0x16, 0x17, 0x19,
        0x1A, 0x1B, 0x1D, 0x1E, 0x1F, 0x22, 0x23, 0x29, 0x31, 0x39, 0x49, 0x51, 0x5E, 0x64, 0x69, 0x71, 0x86, 0x8E,
        0x92, 0x94, 0x96, 0x9A, 0x9E, 0xA4, 0xA9, 0xB1, 0xB4, 0xB9, 0xC9, 0xD1, 0xE4, 0xE9, 0xF1,
    ];
    prop_oneof![9 => prop::sample::select(known.to_vec()), 1 => any::<u8>()]
}

/// Data for commands: addresses that may be on the pack, counts, or anything.
fn data() -> impl Strategy<Value = Vec<u8>> {
    let address = (0_u8..3, 0_u8..8, 0_u8..4);
    prop_oneof![
        address.clone().prop_map(|(cylinder, head, number)| vec![0, 0, 0, cylinder, 0, head, number]),
        address.prop_map(|(cylinder, head, number)| vec![0, cylinder, 0, head, number, number, 0, head]),
        prop::collection::vec(any::<u8>(), 0..40),
        Just(vec![0xC0]),
        (0_u16..60_000).prop_map(|length| vec![0xA5; usize::from(length)]),
    ]
}

/// Tracks of zeros, of ones, of anything, or good ones with a byte changed.
fn image() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop_oneof![
        2 => Just(None),
        1 => Just(Some(vec![0; 60_000])),
        1 => Just(Some(vec![0xFF; 60_000])),
        1 => prop::collection::vec(any::<u8>(), 0..300).prop_map(Some),
        1 => (0_usize..300, any::<u8>()).prop_map(|(at, byte)| Some([vec![0xFE, byte], at.to_be_bytes().to_vec()].concat())),
    ]
}

/// Puts the image on the track, at the length that tracks have unless it is to be a torn one.
fn place(bench: &Bench, track: usize, image: &[u8], is_torn: bool) {
    let mut contents = bench.pack.contents();
    let ours = &mut contents.tracks[track];
    match image {
        [0xFE, byte, at @ ..] if at.len() == 8 => {
            let at = at.iter().fold(0_usize, |at, &digit| at << 8 | usize::from(digit));
            ours[at] = *byte;
        }
        _ if is_torn => *ours = image.to_vec(),
        _ => {
            let length = ours.len();
            *ours = image.to_vec();
            ours.resize(length, 0x5A);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 600, rng_seed: RngSeed::Fixed(0x3380), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn nonsense_gets_a_status(
        name in prop::sample::select(TYPES.to_vec()),
        images in prop::collection::vec(image(), 8),
        is_torn in prop::bool::weighted(0.1),
        broken in prop::collection::vec(0_u32..30, 0..2),
        commands in prop::collection::vec((code(), data(), prop::bool::weighted(0.9)), 1..60),
    ) {
        let mut bench = bench(name);
        let heads = bench.pack.contents().model.heads as usize;
        for (n, image) in images.iter().enumerate() {
            if let Some(image) = image {
                place(&bench, heads + n, image, is_torn);
            }
        }
        bench.pack.contents().broken = broken;
        let mut is_chained = false;
        for (code, bytes, chain) in commands {
            let mut area = Area::of(&bytes);
            let ending = match bench.drive.start(Command { code, chained: is_chained, now: 0x1234_5678_9ABC }) {
                Initial::Ended(ending) => ending,
                Initial::Accepted(_) => match bench.drive.transfer(&mut area, 0x1234_5679_0000) {
                    Progress::Ended(ending) => ending,
                    Progress::Wait(_) => panic!("a disk moves all data at once"),
                },
            };
            let later = ending.later.map_or(UnitStatus::empty(), |(_, later)| later);
            let status = ending.status | later;
            prop_assert!(status.contains(UnitStatus::ENDED) || ending.status == UnitStatus::UNIT_CHECK, "{status:?}");
            is_chained = chain && !status.intersects(UnitStatus::UNIT_CHECK | UnitStatus::UNIT_EXCEPTION);
            if !is_chained {
                bench.drive.end_of_chain();
            }
        }
        prop_assert!(bench.drive.take_messages().len() <= 16);
    }
}
