//! The channel's part of "Initial Program Loading".

use super::{super::LoadError, *};

/// A PSW and two CCWs: read the rest to DATA; go on at `then`.
fn first_block(second: (u8, u32, CcwFlags, u16)) -> Vec<u8> {
    let (command, address, flags, count) = second;
    let mut block = vec![0x11; 8];
    block.extend(Ccw { command, address, flags, ignored: 0, count }.emit());
    block.extend([0; 8]);
    block
}

#[test]
fn the_implied_ccw_reads_24_bytes_and_chains() {
    let mut block = first_block((READ, DATA, PCI, 3));
    // A longer block is no incorrect length.
    block.extend([0xFF; 56]);
    let mut bench = Bench::new([Reply::moving(Move::Store(block.clone())), Reply::moving(Move::Store(counting(3)))]);
    // Protection and the program-controlled interruption are ignored.
    bench.storage.set_key(0, 0x50);
    let now = bench.channels.load(DEVICE, 1000, &bench.storage).unwrap();
    assert!(now > 1000);
    assert_eq!((bench.bytes(0, 24), bench.bytes(DATA, 4)), (block[..24].to_vec(), vec![1, 2, 3, 0]));
    assert_eq!(bench.storage.u8(24), 0);
    assert_eq!(bench.interruption(), None);
    assert_eq!(bench.script(DEVICE).commands, [(READ, false), (READ, true)]);
}

#[test]
fn the_status_modifier_goes_to_the_ccw_at_16() {
    let mut block = first_block((READ, DATA, NONE, 0));
    block[16..24].copy_from_slice(&Ccw { command: READ, address: DATA, count: 1, ..Ccw::default() }.emit());
    let modifier = Ending::now(UnitStatus::ENDED | UnitStatus::STATUS_MODIFIER);
    let mut bench =
        Bench::new([Reply::moving(Move::Store(block)).ending(modifier), Reply::moving(Move::Store(vec![5]))]);
    bench.channels.load(DEVICE, 0, &bench.storage).unwrap();
    assert_eq!(bench.bytes(DATA, 1), [5]);
}

#[test]
fn device_end_that_comes_later_interrupts() {
    let later = Some((Delay::Microseconds(5), UnitStatus::DEVICE_END));
    let last = Reply::moving(Move::Store(vec![5])).ending(Ending { status: UnitStatus::CHANNEL_END, later });
    let mut bench = Bench::new([Reply::moving(Move::Store(first_block((READ, DATA, NONE, 1)))), last]);
    bench.channels.load(DEVICE, 0, &bench.storage).unwrap();
    assert_eq!(bench.interruption(), None);
    bench.settle();
    assert_eq!(bench.interruption().unwrap().1.unit, UnitStatus::DEVICE_END);
}

#[test]
fn anything_unusual_is_a_failure() {
    let status = |unit, channel, sense| LoadError::Status { address: DEVICE, kind: "SCRIPT", unit, channel, sense };
    let block = || Reply::moving(Move::Store(first_block((READ, DATA, NONE, 4))));
    let rows = [
        (
            vec![Reply::immediate(UnitStatus::UNIT_CHECK), Reply::moving(Move::Store(vec![0x40, 0]))],
            status(0x02, 0, vec![0x40, 0]),
        ),
        (vec![block().ending(Ending::now(UnitStatus::ENDED | UnitStatus::UNIT_EXCEPTION))], status(0x0D, 0, vec![])),
        // Incorrect length; an invalid CCW.
        (vec![block(), Reply::moving(Move::Store(vec![1]))], status(0x0C, 0x40, vec![])),
        (vec![Reply::moving(Move::Store(first_block((READ, DATA, NONE, 0))))], status(0, 0x20, vec![])),
        (vec![block().outside()], LoadError::Waiting(DEVICE)),
    ];
    for (script, error) in rows {
        let mut bench = Bench::new(script);
        assert_eq!(bench.channels.load(DEVICE, 0, &bench.storage), Err(error));
    }
    let mut bench = Bench::new([]);
    assert_eq!(bench.channels.load(0x199, 0, &bench.storage), Err(LoadError::NotOperational(0x199)));
    assert_eq!(
        status(0x02, 0, vec![0x40, 0]).to_string(),
        "device 190 (SCRIPT) ended with unit status 02, channel status 00, sense 40 00"
    );
}
