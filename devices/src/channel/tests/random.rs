//! Whatever is in storage and whatever instruction comes, channels answer, and every operation ends or can be ended.

use proptest::{collection::vec, prelude::*};

use super::*;

const OPERATIONS: [IoOperation; 10] = [
    IoOperation::StartIo,
    IoOperation::StartIoFast,
    IoOperation::StartIo,
    IoOperation::TestIo,
    IoOperation::ClearIo,
    IoOperation::HaltIo,
    IoOperation::HaltDevice,
    IoOperation::TestChannel,
    IoOperation::StoreChannelId,
    IoOperation::StartIo,
];

const ADDRESSES: [u16; 6] = [DEVICE, 0x00E, 0x280, 0x281, 0x2FF, 0xFFFF];

fn data() -> impl Strategy<Value = Move> {
    prop_oneof![
        Just(Move::Nothing),
        (0usize..5000).prop_map(|length| Move::Store(counting(length))),
        (0usize..5000).prop_map(|length| Move::StoreBackward(counting(length))),
        (0usize..5000).prop_map(Move::Fetch),
        (0usize..5000).prop_map(Move::FetchSome),
    ]
}

fn reply() -> impl Strategy<Value = Reply> {
    let delay = prop_oneof![
        6 => (0u32..100).prop_map(|delay| Some(Delay::Microseconds(delay))), 1 => Just(Some(Delay::Outside)), 2 => Just(None)
    ];
    let status = || prop_oneof![4 => Just(UnitStatus::ENDED), 1 => any::<u8>().prop_map(UnitStatus::from_bits_retain)];
    let later = prop_oneof![
        2 => Just(None), 1 => status().prop_map(|status| Some((Delay::Microseconds(7), status))),
        1 => Just(Some((Delay::Outside, UnitStatus::DEVICE_END)))
    ];
    (delay, data(), status(), later).prop_map(|(delay, data, status, later)| Reply {
        delay,
        data,
        ending: Ending { status, later },
    })
}

/// CCWs that are wild, but not so wild that none is ever valid.
fn storage_contents() -> impl Strategy<Value = Vec<u64>> {
    let wild = any::<u64>();
    let tame = any::<u64>().prop_map(|word| word & 0x0F00_3FFF_FC00_0FFF | 1);
    let transfer = (0u64..64).prop_map(|n| 0x0800_0000_0000_0000 | (PROGRAM as u64 + n * 8) << 32);
    vec(prop_oneof![1 => wild, 6 => tame, 2 => transfer], 64)
}

proptest! {
    #![proptest_config(config(1302, 600))]
    #[test]
    fn nothing_panics_and_everything_can_be_ended(
        contents in storage_contents(),
        replies in vec(vec(reply(), 0..6), 4),
        steps in vec((0usize..14, 0usize..6, any::<bool>(), 0u32..64, 0u8..16), 1..40),
    ) {
        let mut bench = Bench::new([]);
        for (at, &word) in (PROGRAM..).step_by(8).zip(&contents) {
            bench.storage.store_u64(at, word);
        }
        for (address, replies) in [DEVICE, 0x00E, 0x280, 0x281].into_iter().zip(replies) {
            bench.script(address).script = replies.into();
        }
        for (step, address, multiplexing, place, key) in steps {
            bench.cr0 = if multiplexing { 0x8000_0000 } else { 0 };
            bench.caw(key & 5, PROGRAM + place * 8);
            bench.now += 4096 * u64::from(place);
            match step {
                10 => bench.channels.advance(bench.now, &bench.storage),
                11 => drop(bench.interruption()),
                12 if address < 4 => {
                    bench.script(ADDRESSES[address]).ready = true;
                    bench.channels.touched(ADDRESSES[address], bench.now, &bench.storage);
                    bench.script(ADDRESSES[address]).ready = false;
                }
                13 if address < 4 => {
                    bench.script(ADDRESSES[address]).unsolicited = UnitStatus::ATTENTION;
                    bench.channels.touched(ADDRESSES[address], bench.now, &bench.storage);
                }
                _ => prop_assert!(bench.io(OPERATIONS[step % 10], ADDRESSES[address]) <= 3),
            }
            prop_assert_eq!(bench.channels.attention(), bench.channels.asks_for(u32::MAX));
        }
        // What goes on for ever is ended.
        for _ in 0..8 {
            for address in [DEVICE, 0x00E, 0x280, 0x281] {
                bench.io(IoOperation::HaltIo, address);
                bench.script(address).ready = true;
                bench.script(address).script.clear();
                bench.channels.touched(address, bench.now, &bench.storage);
            }
            bench.settle();
            while bench.interruption().is_some() {}
        }
        prop_assert!(bench.channels.is_idle());
        for address in [DEVICE, 0x00E, 0x280, 0x281] {
            prop_assert_eq!(bench.io(IoOperation::TestIo, address), 0);
        }
    }
}
