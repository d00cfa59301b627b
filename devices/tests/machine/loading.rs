//! "Initial Program Loading" (GA22-7000-10, chapter 4).

use devices::{channel::LoadError, machine::IplError};
use s370_arch::psw::Psw;
use s370_cpu::state::RunState;

use crate::support::{READER, first_card, machine, reading_program};

#[test]
fn the_psw_is_loaded_and_the_address_stored() {
    let mut bare = machine(reading_program(READER));
    bare.ipl(READER, false).unwrap();
    assert_eq!(bare.state().run_state, RunState::Operating);
    assert_eq!(bare.state().psw, Psw::parse(0x400));
    // In the BC mode, bits 16-31 of the PSW in storage.
    assert_eq!(bare.storage().u64(0), 0x0000_000C_0000_0400);
    assert_eq!(bare.storage().u16(186), 0);

    let blank = vec![0; 80];
    let mut bare = machine(vec![first_card("00080000 00000400"), blank.clone(), blank]);
    bare.ipl(READER, false).unwrap();
    assert!(bare.state().psw.ec);
    assert_eq!((bare.storage().u64(0), bare.storage().u16(186)), (0x0008_0000_0000_0400, READER));
}

#[test]
fn time_passes_while_a_program_is_loaded_but_not_for_the_timers() {
    let mut bare = machine(reading_program(READER));
    bare.storage().store_u32(80, 0x7777_7777);
    bare.ipl(READER, false).unwrap();
    assert!(bare.state().time > 0);
    assert_eq!(bare.state().cpu_timer(), 0);
    assert_eq!(bare.storage().u32(80), 0x7777_7777);
}

#[test]
fn loading_normally_leaves_what_loading_clear_clears() {
    for clear in [false, true] {
        let mut bare = machine(reading_program(READER));
        let state = &mut bare.machine.processor.state;
        (state.gr[5], state.fpr[1], state.prefix, state.cr[1]) = (5, 6, 0x1000, 7);
        bare.storage().store_u32(0x3000, 8);
        bare.storage().set_key(0x3000, 0x90);
        bare.ipl(READER, clear).unwrap();
        let state = bare.state();
        assert_eq!((state.prefix, state.cr[1], state.cr[2]), (0, 0, u32::MAX));
        let left = (state.gr[5], state.fpr[1], bare.storage().u32(0x3000), bare.storage().key(0x3000));
        assert_eq!(left, if clear { (0, 0, 0, 0) } else { (5, 6, 8, 0x90) });
    }
}

#[test]
fn what_goes_wrong_is_said() {
    let mut bare = machine(reading_program(READER));
    assert_eq!(bare.ipl(0x190, false), Err(IplError::Load(LoadError::NotOperational(0x190))));
    assert_eq!(bare.state().run_state, RunState::Stopped);

    let mut bare = machine(vec![]);
    let error = bare.ipl(READER, false).unwrap_err();
    let text = "IPL: device 00C (READER) ended with unit status 02, channel status 00, sense 40";
    assert_eq!(error.to_string(), text);

    let blank = vec![0; 80];
    let mut bare = machine(vec![first_card("F0080000 00000400"), blank.clone(), blank]);
    assert_eq!(bare.ipl(READER, false), Err(IplError::Psw(0xF008_0000_0000_0400)));
    assert_eq!((bare.state().run_state, bare.storage().u16(186)), (RunState::Stopped, 0));
}

#[test]
fn a_loader_that_waits_for_the_operator_has_failed() {
    let mut bare = machine(vec![]);
    assert_eq!(bare.ipl(0x009, false), Err(IplError::Load(LoadError::Waiting(0x009))));
    // Nothing of it is left.
    assert!(bare.channels.is_idle());
    assert!(bare.channels.detach(0x009).is_ok());
}
