//! The figure "Condition-Code Settings for I/O States and Functions": each instruction in each state.

use IoOperation::{ClearIo, HaltDevice, HaltIo, StartIo, StartIoFast, StoreChannelId, TestChannel, TestIo};

use super::*;

/// Its columns.
const COLUMNS: [IoOperation; 7] = [StartIo, StartIoFast, TestIo, ClearIo, HaltIo, HaltDevice, TestChannel];

const OK: ChannelStatus = ChannelStatus::empty();

/// A bench whose devices have a read that takes a while, and whose channel programs read a byte.
fn bench() -> Bench {
    let mut bench = Bench::with([Reply::moving(Move::Store(vec![1]))], &[(READ, DATA, NONE, 1)]);
    for address in [0x00E, 0x280, 0x281] {
        bench.script(address).script.push_back(Reply::moving(Move::Store(vec![1])));
    }
    bench
}

/// The condition codes of all columns, for this device, in the state that `prepare` makes.
fn codes(address: u16, prepare: impl Fn(&mut Bench)) -> [u8; 7] {
    COLUMNS.map(|operation| {
        let mut bench = bench();
        prepare(&mut bench);
        let code = bench.io(operation, address);
        // Whenever the condition code is 1, the CSW or its status is stored; otherwise nothing is.
        let stores = code == 1 && operation != TestChannel;
        assert_eq!(!bench.is_csw_untouched(), stores, "{operation:?}");
        code
    })
}

fn start(address: u16) -> impl Fn(&mut Bench) {
    move |bench| assert_eq!(bench.io(StartIo, address), 0)
}

fn start_and_settle(address: u16) -> impl Fn(&mut Bench) {
    move |bench| {
        assert_eq!(bench.io(StartIo, address), 0);
        bench.settle();
    }
}

fn attention(address: u16) -> impl Fn(&mut Bench) {
    move |bench| {
        bench.script(address).unsolicited = UnitStatus::ATTENTION;
        bench.channels.touched(address, 0, &bench.storage);
    }
}

/// The device works, its subchannel does not.
fn rewind(address: u16) -> impl Fn(&mut Bench) {
    move |bench| {
        let later = Some((Delay::Outside, UnitStatus::DEVICE_END));
        let ending = Ending { status: UnitStatus::CHANNEL_END, later };
        bench.script(address).script = [Reply::immediate(UnitStatus::CHANNEL_END).ending(ending)].into();
        assert_eq!(bench.io(StartIo, address), 1);
    }
}

#[test]
fn the_figure_for_channels_that_multiplex() {
    for address in [DEVICE, 0x00E] {
        let other = address + 1;
        let with_other = move |prepare: Box<dyn Fn(&mut Bench)>| {
            move |bench: &mut Bench| {
                bench.channels.attach(other, Scripted::new([Reply::moving(Move::Nothing)])).unwrap();
                prepare(bench);
            }
        };
        // AAA: START I/O gives 0 when the operation is not immediate.
        assert_eq!(codes(address, |_| {}), [0, 0, 0, 0, 1, 1, 0]);
        // AAI; the channel has an interruption pending, too.
        assert_eq!(codes(address, attention(address)), [1, 1, 1, 0, 1, 1, 1]);
        // AAW.
        assert_eq!(codes(address, rewind(address)), [1, 1, 1, 0, 1, 1, 0]);
        // AIX, for the addressed device.
        assert_eq!(codes(address, start_and_settle(address)), [2, 2, 1, 1, 0, 0, 1]);
        // AWX, with the addressed device.
        assert_eq!(codes(address, start(address)), [2, 2, 2, 1, 1, 1, 0]);
        // IXX: for other devices the codes are those of AXX, but for TEST CHANNEL.
        assert_eq!(codes(address, with_other(Box::new(start_and_settle(other)))), [0, 0, 0, 0, 1, 1, 1]);
        // A working subchannel is nothing to another.
        assert_eq!(codes(address, with_other(Box::new(start(other)))), [0, 0, 0, 0, 1, 1, 0]);
        // ANX: there is no such subchannel.
        assert_eq!(codes(address ^ 0x40, |_| {}), [3, 3, 3, 3, 3, 3, 0]);
        // NXX.
        assert_eq!(codes(address & 0xFF | 0x0500, |_| {}), [3; 7]);
        assert_eq!(codes(address & 0xFF | 0x1000, |_| {}), [3; 7]);
    }
}

#[test]
fn the_figure_for_a_selector_channel() {
    let (address, other) = (0x280, 0x281);
    assert_eq!(codes(address, |_| {}), [0, 0, 0, 0, 1, 1, 0]);
    assert_eq!(codes(address, attention(address)), [1, 1, 1, 0, 1, 1, 1]);
    assert_eq!(codes(address, rewind(address)), [1, 1, 1, 0, 1, 1, 0]);
    // WXX, with the addressed device, and with another.
    assert_eq!(codes(address, start(address)), [2, 2, 2, 1, 2, 1, 2]);
    assert_eq!(codes(address, start(other)), [2, 2, 2, 2, 2, 2, 2]);
    // The interruption condition of the one subchannel, for the addressed device, and for another.
    assert_eq!(codes(address, start_and_settle(address)), [2, 2, 1, 1, 0, 0, 1]);
    assert_eq!(codes(address, start_and_settle(other)), [2, 2, 2, 0, 0, 0, 1]);
    // A block-multiplexer channel is a selector channel if control register 0 says so.
    let inhibited = |bench: &mut Bench| {
        bench.cr0 = 0;
        bench.channels.attach(0x1A0, Scripted::new([])).unwrap();
        start(DEVICE)(bench);
    };
    // CLEAR I/O is TEST I/O then.
    assert_eq!(codes(0x1A0, inhibited), [2, 2, 2, 2, 2, 2, 2]);
}

#[test]
fn clear_io_is_test_io_without_block_multiplexing() {
    let mut bench = bench();
    bench.cr0 = 0;
    attention(0x00E)(&mut bench);
    assert_eq!(bench.io(ClearIo, 0x00E), 1);
    assert_eq!(bench.status(), (UnitStatus::ATTENTION, OK));
}

#[test]
fn test_io_stores_and_clears() {
    let mut bench = bench();
    start_and_settle(DEVICE)(&mut bench);
    assert!(bench.channels.attention());
    // The subchannel held the condition: the whole CSW.
    assert_eq!(bench.io(TestIo, DEVICE), 1);
    assert_eq!(bench.csw(), csw(PROGRAM + 8, UnitStatus::ENDED, OK, 0));
    assert!(!bench.channels.attention());
    assert_eq!((bench.io(TestIo, DEVICE), bench.interruption()), (0, None));
    // The device held it: the status.
    attention(DEVICE)(&mut bench);
    assert_eq!(bench.io(TestIo, DEVICE), 1);
    assert_eq!(bench.status(), (UnitStatus::ATTENTION, OK));
    assert_eq!((bench.io(TestIo, DEVICE), bench.interruption()), (0, None));
}

#[test]
fn clear_io_frees_a_subchannel() {
    // Pending: as TEST I/O.
    let mut bench = bench();
    start_and_settle(DEVICE)(&mut bench);
    assert_eq!(bench.io(ClearIo, DEVICE), 1);
    assert_eq!(bench.csw(), csw(PROGRAM + 8, UnitStatus::ENDED, OK, 0));
    assert_eq!(bench.interruption(), None);
    // Working: the state of the moment without unit status; the device's own status comes later.
    let mut bench = self::bench();
    start(DEVICE)(&mut bench);
    assert_eq!(bench.io(ClearIo, DEVICE), 1);
    assert_eq!(bench.csw(), csw(PROGRAM + 8, UnitStatus::empty(), OK, 1));
    assert_eq!(bench.script(DEVICE).halted, 1);
    assert_eq!(bench.io(TestIo, DEVICE), 1);
    assert_eq!(bench.status().0, UnitStatus::BUSY);
    bench.settle();
    assert_eq!(bench.interruption(), Some((DEVICE, csw(0, UnitStatus::ENDED, OK, 0))));
    assert_eq!(bench.io(StartIo, DEVICE), 1, "the next command is immediate");
}

#[test]
fn clear_io_between_channel_end_and_device_end_of_a_chain() {
    let later = Some((Delay::Microseconds(300), UnitStatus::DEVICE_END));
    let seek = Reply::moving(Move::Nothing).ending(Ending { status: UnitStatus::CHANNEL_END, later });
    let mut bench = Bench::with([seek], &[(CONTROL, DATA, CC | SLI, 6), (READ, DATA, NONE, 1)]);
    assert_eq!(bench.sio(), 0);
    bench.one_event();
    assert_eq!(bench.io(ClearIo, DEVICE), 1);
    bench.settle();
    // It was moving already: nothing was halted, and nothing is chained.
    assert_eq!(bench.interruption(), Some((DEVICE, csw(0, UnitStatus::DEVICE_END, OK, 0))));
    let device = bench.script(DEVICE);
    assert_eq!((device.halted, device.commands.len()), (0, 1));
}

#[test]
fn store_channel_id_tells_the_kind_of_the_moment() {
    let mut bench = bench();
    for (address, cr0, id) in
        [(0x00E, 0, 0x1000_0000), (DEVICE, 0x8000_0000, 0x2000_0000), (DEVICE, 0, 0), (0x280, 0x8000_0000, 0)]
    {
        bench.cr0 = cr0;
        bench.storage.store_u32(168, u32::MAX);
        assert_eq!(bench.io(StoreChannelId, address), 0);
        assert_eq!(bench.storage.u32(168), id);
    }
    assert_eq!(bench.io(StoreChannelId, 0x500), 3);
}

#[test]
fn without_its_channel_set_a_processor_has_no_channels() {
    let mut bench = bench();
    attention(DEVICE)(&mut bench);
    assert_eq!(bench.io(IoOperation::ConnectChannelSet, 1), 3);
    assert_eq!(bench.io(IoOperation::DisconnectChannelSet, 0), 0);
    assert_eq!((bench.io(TestChannel, DEVICE), bench.interruption()), (3, None));
    assert!(!bench.channels.attention());
    assert_eq!(bench.io(IoOperation::ConnectChannelSet, 0), 0);
    assert_eq!(bench.io(TestChannel, DEVICE), 1);
    assert!(bench.interruption().is_some());
}

#[test]
fn caw_csw_and_channel_id_are_at_the_prefix() {
    let mut bench = Bench::with([], &[(0, DATA, NONE, 1)]);
    bench.storage.store_u32(0x2000 + 72, 0x0800_0000);
    let request = IoRequest { operation: StartIo, address: DEVICE, cpu_address: 0, prefix: 0x2000, cr0: 0, now: 0 };
    bench.storage.store_u64(64, 0);
    assert_eq!(bench.channels.io(&request, &bench.storage), 1);
    assert_eq!((bench.storage.u64(0x2000 + 64), bench.storage.u64(64)), (0x0020_0000, 0));
    bench.channels.io(&IoRequest { operation: StoreChannelId, address: 0, ..request }, &bench.storage);
    assert_eq!(bench.storage.u32(0x2000 + 168), 0x1000_0000);
}
