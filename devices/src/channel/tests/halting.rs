//! "HALT I/O", "HALT DEVICE", and I/O system reset.

use super::*;

const OK: ChannelStatus = ChannelStatus::empty();

#[test]
fn an_operation_that_moves_data_ends_early() {
    for operation in [IoOperation::HaltIo, IoOperation::HaltDevice] {
        let program = [(0x0A, DATA, CC | SLI, 80), (READ, DATA, NONE, 1)];
        let mut bench = Bench::with([Reply::moving(Move::Store(vec![1])).outside()], &program);
        assert_eq!(bench.sio(), 0);
        assert_eq!(bench.io(operation, DEVICE), 1);
        assert_eq!(bench.status(), (UnitStatus::empty(), OK));
        bench.settle();
        // Chaining is suppressed; the ending status of the device interrupts.
        assert_eq!(bench.interruption(), Some((DEVICE, csw(PROGRAM + 8, UnitStatus::ENDED, OK, 80))));
        let device = bench.script(DEVICE);
        assert_eq!((device.halted, device.commands.len(), device.chains_ended), (1, 1, 1));
        assert!(bench.channels.is_idle());
    }
}

#[test]
fn a_mechanical_operation_goes_on_but_nothing_is_chained() {
    let later = Some((Delay::Microseconds(300), UnitStatus::DEVICE_END));
    let seek = Reply::moving(Move::Nothing).ending(Ending { status: UnitStatus::CHANNEL_END, later });
    let mut bench = Bench::with([seek], &[(CONTROL, DATA, CC | SLI, 6), (READ, DATA, NONE, 1)]);
    assert_eq!(bench.sio(), 0);
    bench.one_event();
    assert_eq!(bench.io(IoOperation::HaltIo, DEVICE), 1);
    assert_eq!(bench.io(IoOperation::TestIo, DEVICE), 2, "the subchannel is working until device end");
    bench.settle();
    assert_eq!(bench.interruption(), Some((DEVICE, csw(PROGRAM + 8, UnitStatus::DEVICE_END, OK, 6))));
    assert_eq!(bench.script(DEVICE).halted, 0);
}

#[test]
fn between_two_commands_the_chain_ends_with_the_status_of_the_last() {
    let script = [Reply::immediate(UnitStatus::ENDED)];
    let mut bench = Bench::with(script, &[(3, 0, CC, 1), (READ, DATA, NONE, 1)]);
    assert_eq!(bench.sio(), 0);
    assert_eq!(bench.io(IoOperation::HaltDevice, DEVICE), 1);
    bench.settle();
    assert_eq!(bench.interruption(), Some((DEVICE, csw(PROGRAM + 8, UnitStatus::ENDED, OK, 1))));
    assert_eq!(bench.script(DEVICE).commands.len(), 1);
}

#[test]
fn what_was_halted_does_not_disturb_what_follows() {
    let read = || Reply::moving(Move::Store(vec![1]));
    let mut bench = Bench::with([read(), read()], &[(READ, DATA, NONE, 1)]);
    assert_eq!(bench.sio(), 0);
    let halted = bench.channels.next_event();
    assert_eq!(bench.io(IoOperation::HaltDevice, DEVICE), 1);
    assert!(bench.interruption().is_some());
    bench.now = halted - 1;
    assert_eq!(bench.sio(), 0);
    bench.channels.advance(halted, &bench.storage);
    assert_eq!(bench.interruption(), None);
    bench.settle();
    assert_eq!(bench.interruption().unwrap().1.unit, UnitStatus::ENDED);
}

#[test]
fn halt_io_ends_the_burst_whatever_the_device() {
    let mut bench = Bench::with([], &[(READ, DATA, NONE, 1)]);
    bench.script(0x280).script.push_back(Reply::moving(Move::Store(vec![1])));
    assert_eq!(bench.io(IoOperation::StartIo, 0x280), 0);
    assert_eq!(bench.io(IoOperation::HaltDevice, 0x281), 2);
    assert_eq!(bench.script(0x280).halted, 0);
    assert_eq!(bench.io(IoOperation::HaltIo, 0x281), 2);
    assert_eq!(bench.script(0x280).halted, 1);
    assert_eq!(bench.io(IoOperation::TestChannel, 0x280), 1);
    let (address, csw) = bench.interruption().unwrap();
    assert_eq!((address, csw.unit), (0x280, UnitStatus::ENDED));
    assert_eq!(bench.io(IoOperation::TestChannel, 0x280), 0);
}

#[test]
fn a_device_with_nothing_to_do_is_not_halted() {
    let mut bench = Bench::new([]);
    assert_eq!(bench.io(IoOperation::HaltIo, DEVICE), 1);
    assert_eq!(bench.status(), (UnitStatus::empty(), OK));
    assert_eq!(bench.script(DEVICE).halted, 0);
}

#[test]
fn a_reset_leaves_nothing() {
    let mut bench = Bench::with([Reply::moving(Move::Store(vec![1]))], &[(READ, DATA, NONE, 1)]);
    assert_eq!(bench.sio(), 0);
    bench.script(0x280).unsolicited = UnitStatus::ATTENTION;
    bench.channels.touched(0x280, 0, &bench.storage);
    bench.channels.reset();
    assert_eq!((bench.channels.next_event(), bench.channels.attention()), (u64::MAX, false));
    assert_eq!(bench.interruption(), None);
    assert_eq!(bench.script(DEVICE).resets, 1);
    assert_eq!(bench.io(IoOperation::TestIo, DEVICE), 0);
    assert!(bench.channels.is_idle());
}
