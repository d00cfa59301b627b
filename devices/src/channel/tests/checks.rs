//! "Program Check" and "Protection Check", and the figures with the contents of the CSW's fields.

use super::*;

const PROGRAM_CHECK: ChannelStatus = ChannelStatus::PROGRAM_CHECK;
const PROTECTION_CHECK: ChannelStatus = ChannelStatus::PROTECTION_CHECK;
const RESERVED: CcwFlags = CcwFlags::RESERVED;
const NO_STATUS: UnitStatus = UnitStatus::empty();

type Row = (u8, u32, CcwFlags, u16);

/// What is wrong with a CCW by itself, when it specifies a command.
const INVALID: [Row; 6] = [
    (0x00, DATA, NONE, 1),
    (0x50, DATA, NONE, 1),
    (READ, DATA, NONE, 0),
    (READ, DATA, RESERVED, 1),
    (READ, DATA, CcwFlags::from_bits_retain(0x01), 1),
    (READ, DATA + 2, IDA, 1),
];

#[test]
fn errors_in_the_first_ccw_are_told_at_once() {
    for ccw in INVALID.into_iter().chain([(TRANSFER, PROGRAM, NONE, 1)]) {
        let mut bench = Bench::with([], &[ccw]);
        assert_eq!(bench.sio(), 1, "{ccw:?}");
        assert_eq!(bench.status(), (NO_STATUS, PROGRAM_CHECK));
        assert!(bench.script(DEVICE).commands.is_empty());
        assert!(bench.channels.is_idle());
    }
}

#[test]
fn errors_in_the_caw() {
    // Bits 4-7, the boundary, storage that does not exist.
    for caw in [0x0800_0400, 0x0100_0400, 0x0000_0404, 0x0000_4000, 0x00FF_FFF8] {
        let mut bench = Bench::with([], &[(READ, DATA, NONE, 1)]);
        bench.storage.store_u32(72, caw);
        assert_eq!(bench.sio(), 1, "{caw:08X}");
        assert_eq!(bench.status(), (NO_STATUS, PROGRAM_CHECK));
    }
    // Protection applies to CCWs.
    let mut bench = Bench::with([], &[(READ, DATA, NONE, 1)]);
    bench.storage.set_key(PROGRAM, 0x58);
    bench.caw(4, PROGRAM);
    assert_eq!(bench.sio(), 1);
    assert_eq!(bench.status(), (NO_STATUS, PROTECTION_CHECK));
}

#[test]
fn errors_on_command_chaining_leave_no_unit_status() {
    for ccw in INVALID {
        let mut bench = Bench::with([Reply::moving(Move::Store(counting(2)))], &[(READ, DATA, CC, 2), ccw]);
        let result = bench.run();
        assert_eq!((result.address, result.unit, result.channel), (PROGRAM + 16, NO_STATUS, PROGRAM_CHECK), "{ccw:?}");
        assert_eq!(bench.script(DEVICE).commands.len(), 1);
    }
}

/// The address of the figure "Contents of the CCW-Address Field in the CSW".
#[test]
fn errors_of_transfers_in_channel() {
    let rows = [
        // Not on a doubleword boundary: the transfer in channel + 8.
        ((TRANSFER, PROGRAM + 4, NONE, 0), PROGRAM + 16),
        // Not in storage: the transfer in channel + 8.
        ((TRANSFER, 0x4000, NONE, 0), PROGRAM + 16),
        // To another: that + 8.
        ((TRANSFER, PROGRAM + 32, NONE, 0), PROGRAM + 40),
        // To itself.
        ((TRANSFER, PROGRAM + 8, NONE, 0), PROGRAM + 16),
        // To an invalid CCW: that + 8.
        ((TRANSFER, PROGRAM + 48, NONE, 0), PROGRAM + 56),
    ];
    for (transfer, address) in rows {
        let mut bench = Bench::with([Reply::moving(Move::Store(counting(2)))], &[(READ, DATA, CC, 2), transfer]);
        bench.ccw(PROGRAM + 32, (TRANSFER, PROGRAM, NONE, 0));
        bench.ccw(PROGRAM + 48, (READ, DATA, NONE, 0));
        let result = bench.run();
        assert_eq!((result.address, result.unit, result.channel), (address, NO_STATUS, PROGRAM_CHECK));
    }
}

#[test]
fn a_chain_that_runs_out_of_storage() {
    let mut bench = Bench::new([Reply::moving(Move::Store(vec![1]))]);
    bench.ccw(0x3FF8, (READ, DATA, CC, 1));
    bench.caw(0, 0x3FF8);
    let result = bench.run();
    assert_eq!((result.address, result.channel), (0x4008, PROGRAM_CHECK));
}

#[test]
fn errors_on_data_chaining_count_when_the_new_ccw_is_needed() {
    let rows = [
        // The command code is not looked at, but for transfer in channel.
        ((0x00, DATA, NONE, 1), None),
        ((READ, DATA, NONE, 0), Some(PROGRAM + 16)),
        ((READ, DATA, RESERVED, 1), Some(PROGRAM + 16)),
        ((READ, DATA + 1, IDA, 1), Some(PROGRAM + 16)),
        ((TRANSFER, PROGRAM + 2, NONE, 1), Some(PROGRAM + 16)),
        ((TRANSFER, PROGRAM + 8, NONE, 1), Some(PROGRAM + 16)),
    ];
    for (ccw, error) in rows {
        // Less than the first area: nobody notices.
        let mut bench = Bench::with([Reply::moving(Move::Store(vec![1]))], &[(READ, DATA, CD, 2), ccw]);
        assert_eq!(bench.run(), csw(PROGRAM + 8, UnitStatus::ENDED, ChannelStatus::INCORRECT_LENGTH, 1));
        // All of it: the channel goes on, and stops the device.
        let mut bench = Bench::with([Reply::moving(Move::Store(counting(3)))], &[(READ, DATA, CD, 2), ccw]);
        let result = bench.run();
        let expected = error.map_or((PROGRAM + 16, ChannelStatus::empty(), 3), |address| (address, PROGRAM_CHECK, 2));
        assert_eq!((result.address, result.channel, bench.script(DEVICE).moved), expected, "{ccw:?}");
        assert_eq!(result.unit, UnitStatus::ENDED);
    }
}

#[test]
fn data_addresses_are_checked_when_they_are_used() {
    // Storage ends at 0x4000. What fits is moved.
    for (data, code) in [(Move::Store(counting(4)), READ), (Move::Fetch(4), WRITE)] {
        let mut bench = Bench::with([Reply::moving(data)], &[(code, 0x3FFE, CC, 4)]);
        let result = bench.run();
        assert_eq!((result.address, result.unit, result.channel), (PROGRAM + 8, UnitStatus::ENDED, PROGRAM_CHECK));
        assert_eq!((bench.script(DEVICE).moved, result.count), (2, 2));
    }
    // A device that stops before has done nothing wrong.
    let mut bench = Bench::with([Reply::moving(Move::Store(counting(2)))], &[(READ, 0x3FFE, SLI, 4)]);
    assert_eq!(bench.run(), csw(PROGRAM + 8, UnitStatus::ENDED, ChannelStatus::empty(), 2));
    // Nor does an immediate operation, or one that skips, look at the address.
    let mut bench = Bench::with([], &[(3, 0xFF_FFFF, CC, 4), (3, 0xFF_FFFF, NONE, 4)]);
    assert_eq!(bench.run().channel, ChannelStatus::empty());
    let mut bench = Bench::with([Reply::moving(Move::Store(counting(4)))], &[(READ, 0xFF_FFFF, SKIP, 4)]);
    assert_eq!(bench.run().channel, ChannelStatus::empty());
    // Backward, storage ends at 0.
    let mut bench = Bench::with([Reply::moving(Move::StoreBackward(counting(4)))], &[(BACKWARD, 1, NONE, 4)]);
    assert_eq!(bench.run().channel, PROGRAM_CHECK);
    assert_eq!(bench.bytes(0, 2), [3, 4]);
}

#[test]
fn skipping_is_for_input_only() {
    let mut bench = Bench::with([Reply::moving(Move::Fetch(2))], &[(WRITE, DATA, SKIP, 2)]);
    bench.storage.store(DATA, &counting(2));
    bench.run();
    assert_eq!(bench.script(DEVICE).received, [1, 2]);
}

#[test]
fn protection_stops_at_the_block() {
    let script = [Reply::moving(Move::Store(counting(8)))];
    let mut bench = Bench::with(script, &[(READ, 0x0FFC, CC | SLI, 8), (READ, DATA, NONE, 1)]);
    bench.storage.set_key(0x0000, 0x40);
    bench.storage.set_key(0x0800, 0x40);
    bench.storage.set_key(0x1000, 0x50);
    bench.caw(4, PROGRAM);
    let result = bench.run();
    assert_eq!((result.address, result.unit, result.channel), (PROGRAM + 8, UnitStatus::ENDED, PROTECTION_CHECK));
    assert_eq!(bench.bytes(0x0FFC, 8), [1, 2, 3, 4, 0, 0, 0, 0]);
    assert_eq!(bench.script(DEVICE).commands.len(), 1);
    // Fetching is allowed from a block without fetch protection.
    let mut bench = Bench::with([Reply::moving(Move::Fetch(8))], &[(WRITE, 0x0FFC, NONE, 8)]);
    bench.storage.set_key(0x1000, 0x50);
    bench.caw(4, PROGRAM);
    assert_eq!(bench.run().channel, ChannelStatus::empty());
    bench.storage.set_key(0x1000, 0x58);
    bench.script(DEVICE).script.push_back(Reply::moving(Move::Fetch(8)));
    assert_eq!(bench.run().channel, PROTECTION_CHECK);
}
