//! The operator's keys (GA22-7000-10, chapter 4).

use devices::machine::End;
use s370_arch::psw::Psw;
use s370_cpu::state::RunState;

use crate::support::machine;

/// A machine with a loop of two instructions at 100: LA 1,1(1) and a branch to it.
fn looping() -> devices::machine::BareMachine {
    let mut bare = machine(vec![]);
    bare.storage().store_u64(0x100, 0x4111_0001_47F0_0100);
    bare.machine.processor.state.psw = Psw::parse(0x0100_0000_0000_0100);
    bare
}

#[test]
fn start_stop_and_step() {
    let mut bare = looping();
    assert_eq!(bare.run(10), (0, End::Stopped));
    bare.start();
    assert_eq!(bare.run(10), (10, End::Budget));
    bare.stop();
    assert_eq!(bare.run(10), (0, End::Stopped));
    assert_eq!(bare.step(), End::Budget);
    assert_eq!((bare.state().gr[1], bare.state().psw.address), (6, 0x104));
    assert_eq!(bare.state().run_state, RunState::Stopped);
    assert_eq!(bare.run(10), (0, End::Stopped));
}

#[test]
fn interrupt_key_and_restart_key() {
    let mut bare = looping();
    bare.storage().store_u64(88, 0x0002_0000_0000_0AAA);
    bare.storage().store_u64(0, 0x0002_0000_0000_0BBB);
    bare.start();
    bare.external_key();
    assert_eq!(bare.run(10), (0, End::Waiting { until: None }));
    assert_eq!((bare.state().psw.address, bare.storage().u16(26)), (0xAAA, 0x0040));
    bare.stop();
    bare.run(1);
    bare.restart();
    assert_eq!(bare.run(10), (0, End::Waiting { until: None }));
    assert_eq!(bare.state().psw.address, 0xBBB);
    assert_eq!(bare.storage().u64(8) & 0xFF_FFFF, 0xAAA);
}

#[test]
fn store_status_and_the_resets() {
    let mut bare = looping();
    bare.machine.processor.state.gr[1] = 0x1234;
    bare.machine.processor.state.cr[3] = 0x5678;
    bare.store_status();
    assert_eq!((bare.storage().u64(256), bare.storage().u32(388)), (0x0100_0000_0000_0100, 0x1234));
    bare.external_key();
    bare.start();
    bare.system_reset(false);
    let state = bare.state();
    assert_eq!((state.run_state, state.external.signals), (RunState::Stopped, 0));
    assert_eq!((state.gr[1], state.cr[3], state.psw.address), (0x1234, 0x5678, 0x100));
    bare.system_reset(true);
    let state = bare.state();
    assert_eq!((state.gr[1], state.cr[3], state.psw, bare.storage().u64(256)), (0, 0, Psw::default(), 0));
}
