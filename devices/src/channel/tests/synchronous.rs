//! Channel programs that are executed at once, and status and resets from outside.

use super::*;
use crate::channel::NotExecuted;

fn execute(bench: &mut Bench, address: u16) -> Result<Csw, NotExecuted> {
    let caw = Caw { key: 0, reserved: 0, address: PROGRAM };
    bench.channels.execute(address, caw, bench.now, &bench.storage)
}

#[test]
fn a_chain_is_executed_to_its_device_end_without_an_interruption() {
    let mut bench = Bench::with(
        [
            Reply::immediate(UnitStatus::CHANNEL_END).ending(Ending::channel_end(1000)),
            Reply::moving(Move::Store(counting(6))),
        ],
        &[(CONTROL, DATA, CC, 6), (READ, DATA, NONE, 10)],
    );
    let csw = execute(&mut bench, DEVICE).expect("an end");
    assert_eq!(csw, super::csw(PROGRAM + 16, UnitStatus::ENDED, ChannelStatus::INCORRECT_LENGTH, 4));
    assert_eq!(bench.bytes(DATA, 6), counting(6));
    assert!(bench.is_csw_untouched_by_nobody());
    assert_eq!(bench.interruption(), None);
    assert_eq!(bench.channels.next_event(), u64::MAX);
    assert!(bench.channels.is_free(DEVICE));
}

impl Bench {
    /// Nothing has ever been stored where a CSW is.
    fn is_csw_untouched_by_nobody(&self) -> bool {
        self.storage.u64(64) == 0
    }
}

#[test]
fn last_status_may_come_apart() {
    let mut bench = Bench::with([Reply::immediate(UnitStatus::CHANNEL_END)], &[(CONTROL, DATA, NONE, 1)]);
    bench.script(DEVICE).script[0].ending = Ending::channel_end(50);
    assert_eq!(execute(&mut bench, DEVICE).map(|csw| csw.unit), Ok(UnitStatus::ENDED));
}

#[test]
fn what_is_not_executed() {
    let mut bench = Bench::with([], &[(CONTROL, DATA, NONE, 1)]);
    assert_eq!(execute(&mut bench, 0x777), Err(NotExecuted::NotOperational));
    assert_eq!(execute(&mut bench, 0x192), Err(NotExecuted::NotOperational));
    bench.ccw(PROGRAM, (CONTROL, DATA, NONE, 0));
    assert_eq!(execute(&mut bench, DEVICE), Err(NotExecuted::Refused(ChannelStatus::PROGRAM_CHECK)));
    bench.ccw(PROGRAM, (CONTROL, DATA, NONE, 1));
    bench.script(DEVICE).unsolicited = UnitStatus::ATTENTION;
    assert_eq!(execute(&mut bench, DEVICE), Err(NotExecuted::Busy));
    assert_eq!(bench.interruption().map(|(_, csw)| csw.unit), None, "nobody has looked for it");
    assert_eq!(bench.io(IoOperation::TestIo, DEVICE), 1);
    assert!(bench.script(DEVICE).commands.is_empty());
    assert!(execute(&mut bench, DEVICE).is_ok());
    bench.script(DEVICE).script.push_back(Reply::moving(Move::Nothing));
    assert_eq!(bench.sio(), 0);
    assert_eq!(execute(&mut bench, DEVICE), Err(NotExecuted::Busy));
    assert!(bench.channels.is_working(DEVICE));
    // A selector channel that is working for one device has no time for another.
    bench.script(0x280).script.push_back(Reply::moving(Move::Nothing));
    assert_eq!(bench.io(IoOperation::StartIo, 0x280), 0);
    assert_eq!(execute(&mut bench, 0x281), Err(NotExecuted::Busy));
}

#[test]
fn a_program_without_end_is_given_up() {
    let mut bench = Bench::with([], &[(CONTROL, DATA, CC, 1), (TRANSFER, PROGRAM, NONE, 0)]);
    assert_eq!(execute(&mut bench, DEVICE), Err(NotExecuted::Endless));
    assert!(bench.channels.is_free(DEVICE));
    let mut bench = Bench::with([Reply::moving(Move::Nothing).outside()], &[(READ, DATA, NONE, 1)]);
    assert_eq!(execute(&mut bench, DEVICE), Err(NotExecuted::Endless));
    assert_eq!(bench.script(DEVICE).halted, 1);
    bench.ccw(PROGRAM, (CONTROL, DATA, NONE, 1));
    assert_eq!(execute(&mut bench, DEVICE).map(|csw| csw.unit), Ok(UnitStatus::ENDED));
}

#[test]
fn status_and_reset_from_outside() {
    let mut bench = Bench::with([], &[(CONTROL, DATA, NONE, 1)]);
    assert!(!bench.channels.present(0x777, UnitStatus::DEVICE_END) && !bench.channels.reset_device(0x777));
    assert!(bench.channels.present(DEVICE, UnitStatus::DEVICE_END));
    assert_eq!(bench.interruption(), Some((DEVICE, csw(0, UnitStatus::DEVICE_END, ChannelStatus::empty(), 0))));
    assert!(bench.channels.present(DEVICE, UnitStatus::ATTENTION) && bench.channels.reset_device(DEVICE));
    assert_eq!(bench.interruption(), None);
    bench.script(DEVICE).script.push_back(Reply::moving(Move::Nothing));
    assert_eq!(bench.sio(), 0);
    assert!(bench.channels.present(DEVICE, UnitStatus::ATTENTION));
    assert_eq!(bench.interruption(), None, "the device is working");
    assert!(bench.channels.reset_device(DEVICE) && bench.channels.is_free(DEVICE));
    bench.settle();
    assert_eq!(bench.interruption(), None);
    assert_eq!(bench.sio(), 1, "an immediate command of a device that is free");
}
