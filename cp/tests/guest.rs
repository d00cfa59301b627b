//! A program in a virtual machine that asks CP for something.

use cp::{
    diagnose::{self, Outcome},
    system::{Cp, System},
    user::{Said, padded},
    vm::{Definition, Stop, Timer},
};
use s370_arch::{ebcdic, psw::Psw};
use s370_cpu::{
    state::{Model, RunState},
    storage::AbsoluteStorage,
};

/// LA 2,X'300' ; LA 4,24 ; DIAGNOSE 2,4,X'08' ; EXECUTE of a DIAGNOSE 2,2,X'60' ; LPSW X'200'.
const PROGRAM: [u8; 20] = [
    0x41, 0x20, 0x03, 0x00, 0x41, 0x40, 0x00, 0x18, 0x83, 0x24, 0x00, 0x08, 0x44, 0x00, 0x02, 0x40, 0x82, 0x00, 0x02,
    0x00,
];

#[test]
fn a_program_has_cp_execute_a_command() {
    let mut system = System::new(16 << 20, 1).expect("a system");
    system.zone.name = "GMT".to_owned();
    let definition =
        Definition { user: padded("CMSUSER"), storage: 512 << 10, model: Model::default(), timer: Timer::On };
    let user = system.log_on("CMSUSER", "G", &definition, 0x009).expect("a virtual machine");
    let mut user = user.lock().expect("a user");
    let mut real = system.processor(0);
    real.welcome(&user.machine);
    let machine = &mut user.machine;
    machine.storage.store(0x100, &PROGRAM);
    machine.storage.store(0x240, &[0x83, 0x22, 0x00, 0x60]);
    machine.storage.store_u64(0x200, 0x0002_0000_0000_0ABC);
    machine.storage.store(0x300, &ebcdic::from_text("CP QUERY VIRTUAL STORAGE"));
    machine.state.psw = Psw { address: 0x100, ..Psw::default() };
    machine.state.run_state = RunState::Operating;
    let mut asked = Vec::new();
    loop {
        system.attend(&mut user);
        match user.machine.run(&mut real.processor, 1000) {
            Stop::Diagnose(request) => {
                asked.push(request.code);
                let mut cp = Cp { system: &system, user: &mut user, processor: &mut real.processor };
                assert_eq!(diagnose::execute(&mut cp, request), Outcome::Done);
            }
            stop => {
                assert_eq!(stop, Stop::DisabledWait);
                break;
            }
        }
    }
    assert_eq!(asked, [0x08, 0x60]);
    assert_eq!((user.machine.state.psw.address, user.machine.state.gr[4]), (0x0ABC, 0));
    assert_eq!(user.machine.state.gr[2], 512 << 10);
    assert_eq!(user.take_said(), [Said::Cp("STORAGE = 00512K".to_owned())]);
}
