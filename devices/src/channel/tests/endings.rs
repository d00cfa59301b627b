//! "Immediate Operations", "Conclusion at Operation Initiation", and what START I/O stores.

use super::*;

const OK: ChannelStatus = ChannelStatus::empty();

/// Device end comes later, with this status.
fn later(status: UnitStatus) -> Ending {
    Ending { status: UnitStatus::CHANNEL_END, later: Some((Delay::Microseconds(500), status)) }
}

#[test]
fn an_immediate_operation_stores_its_status_and_does_not_interrupt() {
    for status in [
        UnitStatus::ENDED,
        UnitStatus::FAILED,
        UnitStatus::ENDED | UnitStatus::UNIT_EXCEPTION,
        UnitStatus::UNIT_CHECK,
        UnitStatus::BUSY | UnitStatus::STATUS_MODIFIER,
    ] {
        let mut bench = Bench::with([Reply::immediate(status)], &[(3, 0, NONE, 1)]);
        assert_eq!(bench.sio(), 1);
        assert_eq!(bench.status(), (status, OK));
        assert_eq!(bench.script(DEVICE).chains_ended, 1);
        bench.settle();
        assert_eq!(bench.interruption(), None);
        assert_eq!(bench.io(IoOperation::TestIo, DEVICE), 0);
    }
}

#[test]
fn device_end_of_an_immediate_operation_interrupts_alone() {
    let reply = Reply::immediate(UnitStatus::CHANNEL_END).ending(later(UnitStatus::DEVICE_END));
    let mut bench = Bench::with([reply], &[(CONTROL, 0, PCI, 6)]);
    assert_eq!(bench.sio(), 1);
    assert_eq!(bench.status(), (UnitStatus::CHANNEL_END, ChannelStatus::PROGRAM_CONTROLLED));
    // The subchannel is available, the device is working.
    for operation in [IoOperation::TestIo, IoOperation::StartIo] {
        assert_eq!(bench.io(operation, DEVICE), 1);
        assert_eq!(bench.status().0, UnitStatus::BUSY);
    }
    bench.settle();
    assert_eq!(bench.interruption(), Some((DEVICE, csw(0, UnitStatus::DEVICE_END, OK, 0))));
    assert_eq!(bench.interruption(), None);
    assert_eq!(bench.io(IoOperation::TestIo, DEVICE), 0);
}

#[test]
fn an_immediate_operation_with_command_chaining_gives_condition_code_0() {
    let script = [Reply::immediate(UnitStatus::ENDED), Reply::immediate(UnitStatus::FAILED)];
    let mut bench = Bench::with(script, &[(3, 0, CC, 7), (3, 0, CC, 9), (3, 0, NONE, 1)]);
    // It is the unit check that ends the chain, at an operation that was executed.
    assert_eq!(bench.run(), csw(PROGRAM + 16, UnitStatus::FAILED, OK, 9));
    // Chaining that is suppressed by the first operation is no chaining.
    let mut bench = Bench::with([Reply::immediate(UnitStatus::FAILED)], &[(3, 0, CC, 7), (3, 0, NONE, 9)]);
    assert_eq!(bench.sio(), 1);
    assert_eq!(bench.status(), (UnitStatus::FAILED, OK));
    // Nor is data chaining, and its second CCW is not looked at.
    let mut bench = Bench::with([Reply::immediate(UnitStatus::ENDED)], &[(3, 0, CD | CC, 7)]);
    assert_eq!(bench.sio(), 1);
    assert_eq!(bench.status(), (UnitStatus::ENDED, OK));
}

#[test]
fn channel_end_and_device_end_interrupt_one_after_the_other() {
    for (channel_end_first, status) in
        [(true, UnitStatus::DEVICE_END), (false, UnitStatus::DEVICE_END | UnitStatus::UNIT_CHECK)]
    {
        let mut bench =
            Bench::with([Reply::moving(Move::Store(vec![1])).ending(later(status))], &[(READ, DATA, NONE, 1)]);
        assert_eq!(bench.sio(), 0);
        bench.one_event();
        let channel_end = Some((DEVICE, csw(PROGRAM + 8, UnitStatus::CHANNEL_END, OK, 0)));
        if channel_end_first {
            assert_eq!(bench.interruption(), channel_end);
            assert_eq!(bench.interruption(), None);
            bench.settle();
        } else {
            // Both wait: they do not become one.
            bench.settle();
            assert_eq!(bench.interruption(), channel_end);
        }
        assert_eq!(bench.interruption(), Some((DEVICE, csw(0, status, OK, 0))));
        assert!(bench.channels.is_idle());
    }
}

#[test]
fn status_that_is_pending_in_the_device_is_handed_over_with_busy() {
    let mut bench = Bench::with([], &[(READ, DATA, NONE, 1)]);
    bench.script(DEVICE).unsolicited = UnitStatus::ATTENTION;
    bench.channels.touched(DEVICE, 0, &bench.storage);
    assert!(bench.channels.attention());
    assert_eq!(bench.sio(), 1);
    assert_eq!(bench.status(), (UnitStatus::ATTENTION | UnitStatus::BUSY, OK));
    assert!(bench.script(DEVICE).commands.is_empty());
    assert_eq!(bench.interruption(), None);
    assert!(!bench.channels.attention());
    // Even if nobody has said that there is something.
    bench.script(DEVICE).unsolicited = UnitStatus::DEVICE_END;
    assert_eq!(bench.sio(), 1);
    assert_eq!(bench.status(), (UnitStatus::DEVICE_END | UnitStatus::BUSY, OK));
}

#[test]
fn a_device_may_wait_for_something_outside() {
    let mut bench = Bench::with([Reply::moving(Move::Store(vec![7])).outside()], &[(0x0A, DATA, SLI, 80)]);
    assert_eq!(bench.sio(), 0);
    assert!(bench.channels.is_idle());
    bench.settle();
    assert_eq!(bench.io(IoOperation::TestIo, DEVICE), 2);
    bench.channels.touched(DEVICE, 0, &bench.storage);
    assert_eq!(bench.interruption(), None);
    // A request during the operation is kept for its end.
    bench.script(DEVICE).ready = true;
    bench.script(DEVICE).unsolicited = UnitStatus::ATTENTION;
    bench.channels.touched(DEVICE, 0, &bench.storage);
    bench.settle();
    assert_eq!(bench.interruption(), Some((DEVICE, csw(PROGRAM + 8, UnitStatus::ENDED, OK, 79))));
    assert_eq!(bench.interruption(), Some((DEVICE, csw(0, UnitStatus::ATTENTION, OK, 0))));
    assert_eq!(bench.bytes(DATA, 1), [7]);
    // What was typed ahead does not wait.
    bench.script(DEVICE).script.push_back(Reply::moving(Move::Store(vec![8])).outside());
    assert_eq!(bench.run().unit, UnitStatus::ENDED);
}

#[test]
fn what_happens_at_one_side_of_an_adapter_concerns_the_other() {
    let mut bench = Bench::with([Reply::immediate(UnitStatus::ENDED)], &[(3, 0, NONE, 1)]);
    let other = 0x191;
    let mut side = Scripted::new([Reply::moving(Move::Nothing).outside()]);
    (side.coupled, side.ready) = (true, false);
    bench.channels.attach(other, side).unwrap();
    let mut side = Scripted::new([]);
    side.coupled = true;
    bench.channels.attach(0x192, side).unwrap();
    assert_eq!(bench.io(IoOperation::StartIo, other), 0);
    bench.settle();
    // Whatever a command at 192 does, it makes 191 ready and ask for attention.
    bench.script(other).ready = true;
    bench.script(other).unsolicited = UnitStatus::ATTENTION;
    assert_eq!(bench.sio(), 1);
    bench.settle();
    assert_eq!(bench.interruption(), None, "190 is not coupled");
    assert_eq!(bench.io(IoOperation::StartIo, 0x192), 1);
    bench.settle();
    let (address, result) = bench.interruption().unwrap();
    assert_eq!((address, result.unit), (other, UnitStatus::ENDED));
    assert_eq!(bench.interruption(), Some((other, csw(0, UnitStatus::ATTENTION, OK, 0))));
    // So does the end of a transfer.
    bench.script(0x192).script.push_back(Reply::moving(Move::Nothing));
    assert_eq!(bench.io(IoOperation::StartIo, 0x192), 0);
    bench.script(other).unsolicited = UnitStatus::ATTENTION;
    assert_eq!(bench.interruption(), None);
    bench.settle();
    let order: Vec<_> = std::iter::from_fn(|| bench.interruption()).map(|(address, _)| address).collect();
    assert_eq!(order, [0x192, other]);
}
