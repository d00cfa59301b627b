//! "Data Chaining", "Command Chaining", "Transfer in Channel", "Skipping" and the figure "Channel-Chaining Action".

use super::*;

const OK: ChannelStatus = ChannelStatus::empty();
const IL: ChannelStatus = ChannelStatus::INCORRECT_LENGTH;

#[test]
fn a_read() {
    let mut bench = Bench::with([Reply::moving(Move::Store(counting(5)))], &[(READ, DATA, NONE, 5)]);
    assert_eq!(bench.run(), csw(PROGRAM + 8, UnitStatus::ENDED, OK, 0));
    assert_eq!(bench.bytes(DATA, 6), [1, 2, 3, 4, 5, 0]);
    let device = bench.script(DEVICE);
    assert_eq!((&device.commands[..], device.chains_ended), (&[(READ, false)][..], 1));
}

#[test]
fn a_write_and_a_key() {
    let mut bench = Bench::with([Reply::moving(Move::Fetch(3))], &[(WRITE, DATA, NONE, 3)]);
    bench.storage.store(DATA, &counting(3));
    bench.storage.set_key(DATA, 0x78);
    bench.caw(7, PROGRAM);
    assert_eq!(bench.run(), Csw { key: 7, ..csw(PROGRAM + 8, UnitStatus::ENDED, OK, 0) });
    assert_eq!(bench.script(DEVICE).received, [1, 2, 3]);
}

/// The columns I, II and III of the figure: more than the count, exactly the count, and less than the count is moved.
#[test]
fn the_figure_channel_chaining_action() {
    // Flags; for each column the channel status if it ends with this command, or none if a command is chained.
    let rows = [
        (NONE, [Some(IL), Some(OK), Some(IL)]),
        (SLI, [Some(OK), Some(OK), Some(OK)]),
        (CC, [Some(IL), None, Some(IL)]),
        (CC | SLI, [None, None, None]),
    ];
    for (flags, columns) in rows {
        for (length, expected) in [6, 4, 1].into_iter().zip(columns) {
            for output in [false, true] {
                let (code, data) =
                    if output { (WRITE, Move::Fetch(length)) } else { (READ, Move::Store(counting(length))) };
                let script = [Reply::moving(data), Reply::moving(Move::Store(vec![9]))];
                let mut bench = Bench::with(script, &[(code, DATA, flags, 4), (READ, DATA + 9, NONE, 1)]);
                let result = bench.run();
                let left = 4u16.saturating_sub(length as u16);
                let expected = match expected {
                    Some(channel) => csw(PROGRAM + 8, UnitStatus::ENDED, channel, left),
                    None => csw(PROGRAM + 16, UnitStatus::ENDED, OK, 0),
                };
                assert_eq!(result, expected, "{flags:?}, {length} bytes, output {output}");
                assert_eq!(bench.script(DEVICE).moved, if result.address == PROGRAM + 8 { length.min(4) } else { 1 });
            }
        }
    }
}

/// The rows of the figure in which data is chained: the suppress-length flag is ignored while data chaining is indicated.
#[test]
fn the_figure_with_data_chaining() {
    for (flags, others) in [(CD, NONE), (CD | SLI, NONE), (CD | CC, NONE), (CD | CC | SLI, SLI)] {
        // II: the new CCW is fetched when the count is exhausted, before the device can say that the block has ended.
        for (length, address, count, channel) in [
            (3, PROGRAM + 8, 1, IL),
            (4, PROGRAM + 16, 5, if others == SLI { OK } else { IL }),
            (7, PROGRAM + 16, 2, if others == SLI { OK } else { IL }),
            (9, PROGRAM + 16, 0, OK),
            (10, PROGRAM + 16, 0, if others == SLI { OK } else { IL }),
        ] {
            let program = [(READ, DATA, flags, 4), (0x00, DATA + 8, others, 5)];
            let mut bench = Bench::with([Reply::moving(Move::Store(counting(length)))], &program);
            assert_eq!(bench.run(), csw(address, UnitStatus::ENDED, channel, count), "{flags:?}, {length}");
            assert_eq!(bench.bytes(DATA, 4)[..length.min(4)], counting(4)[..length.min(4)]);
        }
    }
}

#[test]
fn data_is_gathered_and_scattered() {
    let program = [
        (WRITE, DATA, CD, 2),
        (TRANSFER, PROGRAM + 24, NONE, 0),
        (0, 0, NONE, 0),
        (0x00, DATA + 10, CD, 1),
        (0xFF, DATA + 20, NONE, 3),
    ];
    let mut bench = Bench::with([Reply::moving(Move::Fetch(6))], &program);
    bench.storage.store(DATA, &counting(30));
    assert_eq!(bench.run(), csw(PROGRAM + 40, UnitStatus::ENDED, OK, 0));
    assert_eq!(bench.script(DEVICE).received, [1, 2, 11, 21, 22, 23]);

    let program = [(READ, DATA, CD, 2), (0, DATA + 10, CD | SKIP, 1), (0, DATA + 20, NONE, 3)];
    let mut bench = Bench::with([Reply::moving(Move::Store(counting(6)))], &program);
    bench.run();
    assert_eq!(bench.bytes(DATA, 3), [1, 2, 0]);
    assert_eq!((bench.bytes(DATA + 10, 1), bench.bytes(DATA + 20, 4)), (vec![0], vec![4, 5, 6, 0]));
}

#[test]
fn reading_backward_fills_each_area_from_its_end() {
    let program = [(BACKWARD, DATA + 1, CD, 2), (0, DATA + 12, NONE, 3)];
    let mut bench = Bench::with([Reply::moving(Move::StoreBackward(counting(5)))], &program);
    assert_eq!(bench.run(), csw(PROGRAM + 16, UnitStatus::ENDED, OK, 0));
    assert_eq!((bench.bytes(DATA, 2), bench.bytes(DATA + 10, 3)), (vec![4, 5], vec![1, 2, 3]));
}

#[test]
fn commands_are_chained_over_transfers_in_channel() {
    let script = [Reply::moving(Move::Nothing), Reply::moving(Move::Nothing), Reply::immediate(UnitStatus::ENDED)];
    let program = [
        (CONTROL, DATA, CC | SLI, 6),
        (0xF8, PROGRAM + 24, PCI, 0),
        (0, 0, NONE, 0),
        (READ, 0, CC | SLI, 1),
        (3, 0, NONE, 1),
    ];
    let mut bench = Bench::with(script, &program);
    // The last operation is immediate, but it ends the chain with an interruption; no incorrect length.
    assert_eq!(bench.run(), csw(PROGRAM + 40, UnitStatus::ENDED, OK, 1));
    let device = bench.script(DEVICE);
    assert_eq!(device.commands, [(CONTROL, false), (READ, true), (3, true)]);
    assert_eq!(device.chains_ended, 1);
}

#[test]
fn the_status_modifier_skips_a_ccw() {
    let matched = UnitStatus::ENDED | UnitStatus::STATUS_MODIFIER;
    let searched = || Reply::moving(Move::Fetch(5));
    let script =
        [searched(), searched(), searched().ending(Ending::now(matched)), Reply::moving(Move::Store(counting(2)))];
    let program = [(0x31, DATA, CC, 5), (TRANSFER, PROGRAM, NONE, 0), (0x06, DATA + 8, NONE, 2)];
    let mut bench = Bench::with(script, &program);
    assert_eq!(bench.run(), csw(PROGRAM + 24, UnitStatus::ENDED, OK, 0));
    let codes: Vec<_> = bench.script(DEVICE).commands.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [0x31, 0x31, 0x31, 0x06]);
    // Not chained, it is just shown.
    let mut bench = Bench::with([searched().ending(Ending::now(matched))], &[(0x31, DATA, NONE, 5)]);
    assert_eq!(bench.run(), csw(PROGRAM + 8, matched, OK, 0));
}

#[test]
fn chaining_waits_for_device_end() {
    let later = |status| Ending { status: UnitStatus::CHANNEL_END, later: Some((Delay::Microseconds(9), status)) };
    let seek = |status| Reply::moving(Move::Fetch(6)).ending(later(status));
    let program = [(CONTROL, DATA, CC, 6), (TRANSFER, PROGRAM + 40, NONE, 0), (READ, DATA, NONE, 2)];
    // With the status modifier in device end, the second CCW is skipped.
    let script = [seek(UnitStatus::DEVICE_END | UnitStatus::STATUS_MODIFIER), Reply::moving(Move::Store(counting(2)))];
    assert_eq!(Bench::with(script, &program).run(), csw(PROGRAM + 24, UnitStatus::ENDED, OK, 0));
    // With unit check, the chain ends; channel end is not shown again, and the count is that of the operation.
    let failed = UnitStatus::DEVICE_END | UnitStatus::UNIT_CHECK;
    let mut bench = Bench::with([Reply::moving(Move::Fetch(6)).ending(later(failed))], &program);
    assert_eq!(bench.run(), csw(PROGRAM + 8, failed, OK, 0));
    // An immediate command too.
    let program = [(CONTROL, DATA, CC, 6), (READ, DATA, NONE, 2)];
    let immediate = Reply::immediate(UnitStatus::CHANNEL_END).ending(later(UnitStatus::DEVICE_END));
    let mut bench = Bench::with([immediate, Reply::moving(Move::Store(counting(2)))], &program);
    assert_eq!(bench.run(), csw(PROGRAM + 16, UnitStatus::ENDED, OK, 0));
}

#[test]
fn unusual_status_ends_a_chain() {
    let program = [(READ, DATA, CC | SLI, 4), (READ, DATA, NONE, 4)];
    for unusual in
        [UnitStatus::ATTENTION, UnitStatus::CONTROL_UNIT_END, UnitStatus::UNIT_CHECK, UnitStatus::UNIT_EXCEPTION]
    {
        let ended = UnitStatus::ENDED | unusual;
        let mut bench = Bench::with([Reply::moving(Move::Store(vec![1])).ending(Ending::now(ended))], &program);
        assert_eq!(bench.run(), csw(PROGRAM + 8, ended, OK, 3));
        // The same at the initiation of the new operation: its CCW, with its count as it was.
        for status in [unusual, UnitStatus::BUSY] {
            let script = [Reply::moving(Move::Store(counting(4))), Reply::immediate(status)];
            let mut bench = Bench::with(script, &program);
            assert_eq!(bench.run(), csw(PROGRAM + 16, status, OK, 4));
        }
    }
}

#[test]
fn a_device_that_takes_what_it_gets_makes_no_long_block() {
    let mut bench = Bench::with([Reply::moving(Move::FetchSome(132))], &[(WRITE, DATA, NONE, 80)]);
    assert_eq!(bench.run(), csw(PROGRAM + 8, UnitStatus::ENDED, OK, 0));
    let mut bench = Bench::with([Reply::moving(Move::FetchSome(132))], &[(WRITE, DATA, NONE, 133)]);
    assert_eq!(bench.run(), csw(PROGRAM + 8, UnitStatus::ENDED, IL, 1));
}

#[test]
fn a_data_chain_that_leads_back_to_itself_ends() {
    let program = [(WRITE, DATA, CD, 0xFFFF), (TRANSFER, PROGRAM, NONE, 0)];
    let mut bench = Bench::with([Reply::moving(Move::FetchSome(40 << 20))], &program);
    bench.ccw(PROGRAM, (WRITE, DATA, CD, 0x1000));
    let result = bench.run();
    assert_eq!((result.unit, result.channel), (UnitStatus::ENDED, IL));
    assert_eq!(bench.script(DEVICE).received.len(), 16 << 20);
}
