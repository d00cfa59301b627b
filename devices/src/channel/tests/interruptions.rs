//! "Input/Output Interruptions" and "Program-Controlled Interruption"; attaching and detaching.

use super::{
    super::{AttachError, DetachError, QUICK_STEP, Timing},
    *,
};

const OK: ChannelStatus = ChannelStatus::empty();
const PROGRAM_CONTROLLED: ChannelStatus = ChannelStatus::PROGRAM_CONTROLLED;

fn attention(bench: &mut Bench, address: u16) {
    bench.script(address).unsolicited = UnitStatus::ATTENTION;
    bench.channels.touched(address, bench.now, &bench.storage);
}

fn channel_mask(channel: u16) -> u32 {
    0x8000_0000 >> channel
}

#[test]
fn masks_hold_interruptions_and_lower_channels_come_first() {
    let mut bench = Bench::new([]);
    bench.channels.attach(0x191, Scripted::new([])).unwrap();
    for address in [0x280, 0x191, 0x190, 0x00E] {
        attention(&mut bench, address);
    }
    let (channels, storage) = (&mut bench.channels, &bench.storage);
    assert!(channels.attention());
    assert!(
        channels.asks_for(channel_mask(2))
            && !channels.asks_for(!(channel_mask(0) | channel_mask(1) | channel_mask(2)))
    );
    assert_eq!(channels.accept_io(channel_mask(3), 0, storage), None);
    assert_eq!(channels.accept_io(channel_mask(2), 0, storage), Some(0x280));
    assert_eq!(channels.accept_io(channel_mask(2), 0, storage), None);
    // In a channel, the first comes first.
    let mut order = Vec::new();
    while let Some(address) = channels.accept_io(u32::MAX, 0x1000, storage) {
        order.push(address);
        assert_eq!(storage.u64(0x1040), 0x8000_0000);
    }
    assert_eq!(order, [0x00E, 0x191, 0x190]);
    assert!(!channels.attention());
}

#[test]
fn a_selector_channel_tells_of_its_operation_first_and_of_nothing_meanwhile() {
    let mut bench = Bench::with([], &[(READ, DATA, NONE, 1)]);
    attention(&mut bench, 0x281);
    bench.script(0x280).script.push_back(Reply::moving(Move::Store(vec![1])));
    assert_eq!(bench.io(IoOperation::StartIo, 0x280), 0);
    assert_eq!((bench.interruption(), bench.channels.attention()), (None, false));
    bench.settle();
    let order: Vec<_> = std::iter::from_fn(|| bench.interruption()).map(|(address, csw)| (address, csw.unit)).collect();
    assert_eq!(order, [(0x280, UnitStatus::ENDED), (0x281, UnitStatus::ATTENTION)]);
}

#[test]
fn program_controlled_interruptions_come_while_the_program_goes_on() {
    let reads = || Reply::moving(Move::Store(counting(2)));
    let program = [(READ, DATA, CC | PCI, 2), (READ, DATA, CC, 2), (READ, DATA, PCI, 2)];
    let mut bench = Bench::with([reads(), reads(), reads()], &program);
    assert_eq!(bench.sio(), 0);
    // The CCW has taken control.
    assert_eq!(bench.interruption(), Some((DEVICE, csw(PROGRAM + 8, UnitStatus::empty(), PROGRAM_CONTROLLED, 2))));
    assert_eq!(bench.interruption(), None);
    assert_eq!(bench.io(IoOperation::TestIo, DEVICE), 2);
    bench.one_event();
    assert_eq!(bench.interruption(), None);
    bench.one_event();
    assert!(bench.channels.attention());
    // Not taken before the end, it comes with the end.
    bench.settle();
    assert_eq!(bench.interruption(), Some((DEVICE, csw(PROGRAM + 24, UnitStatus::ENDED, PROGRAM_CONTROLLED, 0))));
    assert_eq!(bench.interruption(), None);
}

#[test]
fn program_controlled_interruptions_do_not_stack_and_carry_over() {
    let program = [(READ, DATA, CC | PCI, 1), (READ, DATA, CD | PCI, 1), (0, DATA, NONE, 2)];
    let mut bench =
        Bench::with([Reply::moving(Move::Store(vec![1])), Reply::moving(Move::Store(counting(3))).outside()], &program);
    assert_eq!(bench.sio(), 0);
    bench.one_event();
    // The condition of the first CCW has been carried over to the second; it is one interruption.
    assert_eq!(bench.interruption(), Some((DEVICE, csw(PROGRAM + 16, UnitStatus::empty(), PROGRAM_CONTROLLED, 1))));
    assert_eq!(bench.interruption(), None);
    bench.script(DEVICE).ready = true;
    bench.channels.touched(DEVICE, bench.now, &bench.storage);
    bench.settle();
    assert_eq!(bench.interruption(), Some((DEVICE, csw(PROGRAM + 24, UnitStatus::ENDED, OK, 0))));
}

#[test]
fn on_a_selector_channel_too() {
    let mut bench = Bench::with([], &[(READ, DATA, PCI, 1)]);
    attention(&mut bench, 0x281);
    bench.script(0x280).script.push_back(Reply::moving(Move::Store(vec![1])));
    assert_eq!(bench.io(IoOperation::StartIo, 0x280), 0);
    let (address, csw) = bench.interruption().unwrap();
    assert_eq!((address, csw.channel), (0x280, PROGRAM_CONTROLLED));
    assert_eq!(bench.interruption(), None);
}

#[test]
fn quick_and_real_time() {
    for (timing, microseconds) in [(Timing::Quick, QUICK_STEP), (Timing::Real, 100)] {
        let mut bench = Bench::with([Reply::moving(Move::Store(vec![1]))], &[(READ, DATA, NONE, 1)]);
        bench.channels.set_timing(timing);
        bench.now = 77;
        assert_eq!(bench.sio(), 0);
        assert_eq!(bench.channels.next_event(), 77 + microseconds * 4096);
        bench.channels.advance(bench.channels.next_event() - 1, &bench.storage);
        assert_eq!(bench.interruption(), None);
        bench.channels.advance(bench.channels.next_event(), &bench.storage);
        assert!(bench.interruption().is_some());
    }
    // Whoever does not want to wait.
    let mut bench = Bench::with([Reply::moving(Move::Store(vec![1]))], &[(READ, DATA, NONE, 1)]);
    bench.channels.set_timing(Timing::Real);
    assert_eq!(bench.sio(), 0);
    assert!(bench.channels.hurry(0, &bench.storage));
    assert!(bench.interruption().is_some());
    assert!(!bench.channels.hurry(0, &bench.storage));
}

#[test]
fn a_chain_without_end_takes_an_event_a_command() {
    let mut bench = Bench::with([], &[(3, 0, CC, 1), (TRANSFER, PROGRAM, NONE, 0)]);
    for timing in [Timing::Quick, Timing::Real] {
        bench.channels.set_timing(timing);
        assert_eq!(bench.sio(), 0);
        for _ in 0..100 {
            let before = bench.script(DEVICE).commands.len();
            bench.one_event();
            assert_eq!(bench.script(DEVICE).commands.len(), before + 1);
        }
        // Far behind the time, it comes back nevertheless.
        bench.channels.advance(u64::MAX / 2, &bench.storage);
        assert_eq!(bench.io(IoOperation::HaltIo, DEVICE), 1);
        bench.settle();
        assert_eq!(bench.interruption().unwrap().1.unit, UnitStatus::ENDED);
    }
}

#[test]
fn devices_come_and_go() {
    let mut bench = Bench::with([Reply::moving(Move::Store(vec![1]))], &[(READ, DATA, NONE, 1)]);
    let channels = &mut bench.channels;
    assert_eq!(channels.attach(DEVICE, Scripted::new([])), Err(AttachError::Taken { address: DEVICE, kind: "SCRIPT" }));
    assert_eq!(channels.attach(0x1000, Scripted::new([])), Err(AttachError::NoChannel(0x1000)));
    assert!(!channels.set_kind(16, ChannelKind::Selector));
    assert_eq!(channels.addresses().map(|(address, _)| address).collect::<Vec<_>>(), [0x00E, DEVICE, 0x280, 0x281]);
    assert!(channels.device::<Scripted>(0x191).is_none() && channels.any_device(0x280).is_some());
    assert_eq!(bench.channels.detach(0x191).err(), Some(DetachError::NoDevice(0x191)));

    assert_eq!(bench.sio(), 0);
    assert_eq!(bench.channels.detach(DEVICE).err(), Some(DetachError::Busy(DEVICE)));
    bench.settle();
    assert_eq!(bench.channels.detach(DEVICE).err(), Some(DetachError::Busy(DEVICE)), "an interruption is pending");
    assert!(bench.channels.detach_forced(DEVICE).is_ok());
    assert_eq!((bench.interruption(), bench.io(IoOperation::TestIo, DEVICE)), (None, 3));
    assert!(bench.channels.detach(0x00E).is_ok());
    assert!(bench.channels.detach(0x00E).is_err());
}

#[test]
fn what_a_device_presents_by_itself_goes_with_it() {
    let mut bench = Bench::new([]);
    bench.script(DEVICE).unsolicited = UnitStatus::DEVICE_END;
    bench.channels.touched(DEVICE, bench.now, &bench.storage);
    assert!(!bench.channels.is_idle(), "an interruption is pending");
    assert!(bench.channels.detach(DEVICE).is_ok());
    assert_eq!((bench.interruption(), bench.channels.is_idle()), (None, true));

    // Device end that ends an operation is the program's, whatever the device presents by itself beside it.
    let later =
        Ending { status: UnitStatus::CHANNEL_END, later: Some((Delay::Microseconds(5), UnitStatus::DEVICE_END)) };
    let mut bench = Bench::with([Reply::moving(Move::Nothing).ending(later)], &[(CONTROL, 0, SLI, 1)]);
    assert_eq!(bench.sio(), 0);
    bench.settle();
    assert_eq!(bench.interruption().map(|(_, csw)| csw.unit), Some(UnitStatus::CHANNEL_END));
    assert_eq!(bench.channels.detach(DEVICE).err(), Some(DetachError::Busy(DEVICE)), "device end is pending");
    assert_eq!(bench.interruption().map(|(_, csw)| csw.unit), Some(UnitStatus::DEVICE_END));
    assert!(bench.channels.detach(DEVICE).is_ok());
}

#[test]
fn activity_is_counted() {
    let script = [Reply::moving(Move::Store(counting(5))), Reply::moving(Move::Nothing)];
    let mut bench = Bench::with(script, &[(READ, DATA, CC | SKIP, 5), (CONTROL, 0, SLI, 1)]);
    bench.run();
    let activity: Vec<_> = bench.channels.activity().filter(|(_, activity)| activity.commands != 0).collect();
    assert_eq!(activity.len(), 1);
    let (channel, counted) = activity[0];
    assert_eq!((channel, counted.commands, counted.bytes, counted.interruptions), (1, 2, 5, 1));
}
