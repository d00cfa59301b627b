//! Commands of one user, and a bench for them and for DIAGNOSE.

use std::sync::{Arc, Mutex};

use devices::{
    console::typewriter::{Model as TypewriterModel, Typewriter, Unattended},
    media::deck::{Deck, Reading},
    unit_record::reader::{Reader, ReaderKind},
};
use proptest::{prelude::*, test_runner::RngSeed};
use s370_arch::{channel::ChannelKind, psw::Psw};
use s370_cpu::{
    processor::Processor,
    state::{Model, RunState},
    storage::AbsoluteStorage,
};

use super::*;
use crate::{
    system::System,
    user::{Mode, Sleep, padded},
    vm::{Definition, Stop, Timer},
};

/// A system with one user, CMSUSER of class G.
pub(crate) struct Bench {
    pub system: System,
    pub user: Arc<Mutex<User>>,
    pub processor: Processor,
}

use crate::user::User;

impl Bench {
    pub fn new(storage: u32) -> Bench {
        let system = System::new(48 << 20, 1).expect("a system");
        let processor = system.processor(0).processor;
        let user = log_on(&system, "CMSUSER", "G", storage);
        Bench { system, user, processor }
    }

    pub fn with<R>(&mut self, act: impl FnOnce(&mut Cp<'_>) -> R) -> R {
        let mut user = self.user.lock().expect("a user");
        act(&mut Cp { system: &self.system, user: &mut user, processor: &mut self.processor })
    }

    pub fn store(&mut self, at: u32, bytes: &[u8]) {
        self.with(|cp| cp.user.machine.store(at, bytes).expect("storage"));
    }

    /// The lines and the return code of a command.
    fn say(&mut self, line: &str) -> (Vec<String>, u32) {
        let Response { lines, code } = self.with(|cp| execute(cp, line));
        (lines, code)
    }

    fn is_silent(&mut self, line: &str) {
        assert_eq!(self.say(line), (Vec::new(), 0), "{line}");
    }

    fn says(&mut self, line: &str, expected: &[&str]) {
        let (lines, code) = self.say(line);
        assert_eq!((lines.iter().map(String::as_str).collect::<Vec<_>>(), code), (expected.to_vec(), 0), "{line}");
    }

    fn fails(&mut self, line: &str, code: u32, text: &str) {
        assert_eq!(self.say(line), (vec![text.to_owned()], code), "{line}");
    }
}

pub(crate) fn log_on(system: &System, userid: &str, classes: &str, storage: u32) -> Arc<Mutex<User>> {
    let definition = Definition { user: padded(userid), storage, model: Model::default(), timer: Timer::On };
    system.log_on(userid, classes, &definition, 0x009).expect("a virtual machine")
}

/// With a console and a reader.
fn bench() -> Bench {
    let mut bench = Bench::new(1 << 20);
    bench.with(|cp| {
        let console = Typewriter::new(TypewriterModel::M3215, Unattended::Ready);
        cp.user.machine.channels.attach(0x009, Box::new(console)).expect("a free address");
        cp.user.machine.channels.attach(0x00C, Box::new(Reader::new(ReaderKind::R2540))).expect("a free address");
    });
    bench
}

#[test]
fn each_command_is_found_by_its_name_and_its_shortest_abbreviation() {
    for command in TABLE.iter().filter(|command| command.usage == Use::LoggedOn) {
        for word in [command.name, &command.name[..command.shortest]] {
            let found = find(word).expect(word).name;
            let is_other_name = [("WNG", "WARNING"), ("LOGOFF", "LOGOUT")].contains(&(found, command.name));
            assert!(found == command.name || is_other_name, "{word} is {found}");
        }
        if command.shortest > 1 {
            let shorter = &command.name[..command.shortest - 1];
            assert!(find(shorter).is_none_or(|other| !std::ptr::eq(other, command)), "{shorter}");
        }
        assert!(find(&format!("{}X", command.name)).is_none());
    }
    let known = |word| find(word).map(|command| command.name);
    assert_eq!(
        [known("D"), known("Q"), known("I"), known("B"), known("M"), known("SP")].map(Option::unwrap),
        ["DISPLAY", "QUERY", "IPL", "BEGIN", "MSG", "SPOOL"]
    );
}

#[test]
fn commands_that_are_absent_are_these() {
    let present: Vec<&str> = TABLE.iter().filter(|command| command.is_present()).map(|command| command.name).collect();
    assert_eq!(
        present.join(" "),
        concat!(
            "ATTN BEGIN COUPLE DISPLAY DEFINE DETACH NOTREADY EXTERNAL IPL QUERY READY REQUEST RESET SYSTEM INDICATE ",
            "SET SLEEP STORE"
        )
    );
    let absent: Vec<&str> = TABLE.iter().filter(|command| !command.is_present()).map(|command| command.name).collect();
    assert_eq!(
        absent.join(" "),
        concat!(
            "LOGON LOGIN DIAL ATTACH ADSTOP ACNT AUTOLOG BACKSPAC CHANGE CLOSE DCP DISCONN LOCK MONITOR MSGNOH TERMINAL ",
            "UNLOCK WNG WARNING DISABLE DMCP DRAIN DUMP ECHO ENABLE FLUSH FORCE HALT HOLD LINK LOADBUF LOADVFCB LOCATE ",
            "LOGOFF LOGOUT MSG MESSAGE NETWORK STCP TRACE VARY ORDER PURGE FREE REPEAT REWIND SAVESYS TRANSFER SHUTDOWN ",
            "SPACE SPOOL START TAG VMDUMP SMSG"
        )
    );
    let mut bench = bench();
    for name in absent {
        bench.fails(name, 1, &format!("?CP: {name}"));
    }
}

#[test]
fn what_is_no_command() {
    let mut bench = bench();
    for nothing in ["", "   ", "* A COMMENT", "*COMMENT", "CP", "CP CP", "cp * comment"] {
        bench.is_silent(nothing);
    }
    bench.fails("wumpus now", 1, "?CP: WUMPUS");
    bench.fails("CP CP HAMMURABIOFBABYLON", 1, "?CP: HAMMURAB");
    bench.with(|cp| cp.user.classes = "B".to_owned());
    bench.fails("IPL 009", 1, "?CP: IPL");
    bench.is_silent("SLEEP");
}

#[test]
fn messages_are_shown_as_emsg_says() {
    let mut bench = bench();
    bench.fails("QUERY WUMPUS", 45, "WUMPUS NOT LOGGED ON");
    bench.is_silent("SET EMSG ON");
    bench.fails("Q WUMPUS", 45, "DMKCQG045E WUMPUS NOT LOGGED ON");
    bench.fails("DET 9", 41, "DMKVDD041E DEV 009 IS CONSOLE, NOT DETACHED");
    bench.fails("SET WUMPUS ON", 3, "DMKCFS003E INVALID OPTION - WUMPUS");
    bench.is_silent("SET EMSG CODE");
    bench.fails("QUERY V 999", 40, "DMKCQP040E");
    bench.is_silent("SET EMSG OFF");
    assert_eq!(bench.say("IPL"), (Vec::new(), 22));
}

#[test]
fn storage_is_stored_and_displayed() {
    let mut bench = bench();
    bench.says("STORE 1000 C1C2C3C4 F1 0", &["STORE COMPLETE"]);
    bench.says("ST S1009 E1E2 E3", &["STORE COMPLETE"]);
    bench.says("DISPLAY 1000", &["001000 C1C2C3C4 06"]);
    bench.says("D 1002", &["001000 C1C2C3C4 06"]);
    bench.says("D 1000-100B", &["001000 C1C2C3C4 000000F1 00E1E2E3 06"]);
    bench.says("D 1004.8", &["001004 000000F1 00E1E2E3"]);
    bench.says("D T1003", &["001000 C1C2C3C4 000000F1 00E1E2E3 00000000 06 *ABCD...1..ST....*"]);
    bench.says("D T1010.1", &["001010 00000000 00000000 00000000 00000000    *................*"]);
    bench.with(|cp| cp.user.machine.storage.set_key(0x1000, 0xE6));
    bench.says("D 1000", &["001000 C1C2C3C4 E6"]);
    bench.says(
        "D K0-1FFF",
        &["000000 TO 000FFF   KEY = 00", "001000 TO 0017FF   KEY = E6", "001800 TO 001FFF   KEY = 00"],
    );
    bench.says("D FFFFC:END", &["0FFFFC 00000000"]);
    bench.says(
        "D 1000 L1004 T1000.10 1004",
        &[
            "001000 C1C2C3C4 E6",
            "001004 000000F1",
            "001000 C1C2C3C4 000000F1 00E1E2E3 00000000 E6 *ABCD...1..ST....*",
            "001000 C1C2C3C4 000000F1 00E1E2E3 00000000 E6 *ABCD...1..ST....*",
        ],
    );
    assert_eq!(bench.say("D L").0.len(), 4096);
    bench.fails("D 100000", 9, "INVALID RANGE - 100000");
    bench.fails("D 20-10", 9, "INVALID RANGE - 20-10");
    bench.fails("D WUMPUS", 3, "INVALID OPTION - WUMPUS");
    assert_eq!(
        bench.say("D 1000 PS Z"),
        (
            vec![
                "001000 C1C2C3C4 E6".to_owned(),
                "PSW = 00000000  00000000".to_owned(),
                "INVALID OPTION - Z".to_owned()
            ],
            3
        )
    );
    bench.fails("ST 100000 1", 33, "HEXLOC MISSING OR INVALID");
    bench.fails("ST S1000 123", 34, "HEXDATA MISSING OR INVALID");
    bench.fails("ST 1000", 34, "HEXDATA MISSING OR INVALID");
    bench.fails("ST 1000 123456789", 34, "HEXDATA MISSING OR INVALID");
}

#[test]
fn registers_are_stored_and_displayed() {
    let mut bench = bench();
    bench.says("ST G2 12 34", &["STORE COMPLETE"]);
    bench.says("D G2-3", &["GPR 2 = 00000012 00000034"]);
    bench.says("D G0.6", &["GPR 0 = 00000000 00000000 00000012 00000034", "GPR 4 = 00000000 00000000"]);
    bench.says("D G14 15", &["GPR 14 = 00000000", "GPR 15 = 00000000"]);
    bench.fails("ST G15 1 2", 10, "INVALID REGISTER - 15");
    bench.fails("D G16", 10, "INVALID REGISTER - G16");
    bench.says("ST Y2 4110 C2", &["STORE COMPLETE"]);
    bench.says(
        "D Y",
        &[
            "FPR 0 = 0000000000000000  .00000000000000000  E 00",
            "FPR 2 = 4110000000000000  .10000000000000000  E 01",
            "FPR 4 = C200000000000000 -.00000000000000000  E 00",
            "FPR 6 = 0000000000000000  .00000000000000000  E 00",
        ],
    );
    bench.says("ST Y0 BF19999999999999", &["STORE COMPLETE"]);
    assert!(bench.say("D Y0").0[0].ends_with("  E-02"), "0.1 / 16");
    bench.fails("ST Y1 1", 10, "INVALID REGISTER - 1");
    bench.says("ST X1 FFFF", &["STORE COMPLETE"]);
    bench.says("D X0-1", &["ECR 0 = 000000E0 0000FFFF"]);
    bench.says("ST PSW 00040000 00001000", &["STORE COMPLETE"]);
    bench.says("ST P 2000", &["STORE COMPLETE"]);
    bench.says("D P CAW CSW", &["PSW = 00040000  00002000", "CAW = 00000000", "CSW = 00000000  00000000"]);
    bench.is_silent("SET ECMODE OFF");
    bench.says("D X", &["ECR 0 = 000000E0"]);
    bench.fails("ST X1 1", 10, "INVALID REGISTER - 1");
}

#[test]
fn status_is_stored_at_its_locations() {
    let mut bench = bench();
    bench.is_silent("SET ECMODE ON");
    bench.says("ST G0 12345678", &["STORE COMPLETE"]);
    bench.says("STORE STATUS", &["STORE COMPLETE"]);
    bench.says("D 180 100.8", &["000180 12345678", "000100 00020000 00000000"]);
}

#[test]
fn resets_and_keys() {
    let mut bench = bench();
    bench.store(0x1000, b"HERE");
    bench.says("SYSTEM RESET", &["SYSTEM RESET"]);
    bench.with(|cp| {
        assert_eq!(cp.user.machine.state.psw, Psw { wait: true, ..Psw::default() });
        cp.user.mode = Mode::Running;
        let stop = cp.user.machine.run(cp.processor, 10);
        assert_eq!(stop, Stop::DisabledWait);
        assert!(enter(cp.user, stop) && !enter(cp.user, Stop::Slice));
        assert_eq!(cp.user.mode, Mode::CpRead);
        let line = "CP ENTERED; DISABLED WAIT PSW '00020000 00000000'";
        assert_eq!(cp.user.take_said(), [crate::user::Said::Cp(line.to_owned())]);
        assert_eq!(cp.user.machine.storage.u8(0x1000), b'H');
    });
    bench.says("SYS CLEAR", &["STORAGE CLEARED - SYSTEM RESET"]);
    bench.with(|cp| assert_eq!(cp.user.machine.storage.u8(0x1000), 0));
    bench.fails("SYS", 26, "OPERAND MISSING OR INVALID");
    bench.fails("SYS WUMPUS", 3, "INVALID OPTION - WUMPUS");
    // The restart new PSW is at 0.
    bench.store(0, &0x0000_0000_0000_4000_u64.to_be_bytes());
    bench.is_silent("SYSTEM RESTART");
    bench.with(|cp| {
        assert_eq!((cp.user.machine.state.psw.address, cp.user.mode), (0x4000, Mode::Running));
        assert_eq!(cp.user.machine.state.run_state, RunState::Operating);
        cp.user.mode = Mode::CpRead;
    });
    bench.is_silent("BEGIN 5000");
    bench.with(|cp| assert_eq!((cp.user.machine.state.psw.address, cp.user.mode), (0x5000, Mode::Running)));
    bench.fails("B 1234567", 33, "HEXLOC MISSING OR INVALID");
    bench.is_silent("EXTERNAL");
    bench.is_silent("EXT 20");
    bench.with(|cp| assert_eq!(cp.user.machine.state.external.signals, 0x60));
    bench.fails("EXT 0", 26, "OPERAND MISSING OR INVALID");
    bench.is_silent("SLEEP 2 SEC");
    bench.with(|cp| {
        let until = cp.user.machine.state.time + (2_000_000 << 12);
        assert_eq!(cp.user.sleep, Some(Sleep::Until(until)));
    });
    bench.fails("SL 2 DAYS", 3, "INVALID OPTION - DAYS");
}

/// A deck of one card that is a program by itself: a disabled wait.
fn load_deck(bench: &mut Bench) {
    let mut card = [0x40; 80];
    card[..8].copy_from_slice(&0x0002_0000_0000_0BAD_u64.to_be_bytes());
    // The second word of the CCWs that follow is never reached: the first has no flags.
    card[8..16].copy_from_slice(&[0x03, 0, 0, 0, 0x20, 0, 0, 1]);
    bench.with(|cp| {
        let deck = Deck::read("deck", &card, &Reading::default()).expect("a deck");
        let reader = cp.user.machine.channels.device::<Reader>(0x00C).expect("a reader");
        reader.end_of_file(true);
        reader.load(deck);
        cp.user.machine.touched(0x00C);
    });
}

#[test]
fn ipl_of_a_device() {
    let mut bench = bench();
    load_deck(&mut bench);
    bench.is_silent("IPL 00C CLEAR STOP PARM AUTOCR");
    bench.with(|cp| {
        assert_eq!(cp.user.mode, Mode::CpRead);
        assert_eq!(cp.user.machine.state.psw.address, 0xBAD);
        assert_eq!(cp.user.machine.state.gr[..3], [0xC1E4_E3D6, 0xC3D9_0000, 0]);
    });
    bench.fails("IPL 190", 40, "DEV 190 DOES NOT EXIST");
    bench.fails("IPL", 22, "VADDR MISSING OR INVALID");
    bench.fails("IPL 00C WUMPUS", 3, "INVALID OPTION - WUMPUS");
    let (lines, code) = bench.say("IPL 00C");
    assert_eq!(code, 232, "{lines:?}");
    bench.fails("IPL CMS", 44, "SYSTEM CMS DOES NOT EXIST");
    bench.fails("IPL CMS CLEAR", 3, "INVALID OPTION - CLEAR");
}

#[test]
fn settings_are_kept_and_shown() {
    let mut bench = bench();
    bench.says(
        "QUERY SET",
        &[
            "MSG ON , WNG ON , EMSG TEXT, ACNT ON , RUN OFF",
            "LINEDIT ON , TIMER ON , ISAM OFF, ECMODE ON ",
            "ASSIST OFF, PAGEX OFF, AUTOPOLL OFF",
            "IMSG ON ",
        ],
    );
    for line in
        ["MSG OFF", "WNG OFF", "ACNT OFF", "RUN ON", "LINED OFF", "TIMER REAL", "EC OFF", "PAGEX ON", "IMSG OFF"]
    {
        bench.is_silent(&format!("SET {line}"));
    }
    bench.is_silent("SET SM ON");
    bench.is_silent("SET NOTR ON");
    bench.says(
        "Q S",
        &[
            "MSG OFF, WNG OFF, EMSG TEXT, ACNT OFF, RUN ON ",
            "LINEDIT OFF, TIMER REAL, ISAM OFF, ECMODE OFF",
            "ASSIST OFF, PAGEX ON , AUTOPOLL OFF",
            "IMSG OFF",
        ],
    );
    bench.with(|cp| {
        assert_eq!(cp.user.machine.timer(), Timer::Real);
        assert!(cp.user.settings.smsg && cp.user.settings.notrans);
    });
    bench.is_silent("SET ASSIST OFF");
    bench.fails("SET ASSIST ON", 3, "INVALID OPTION - ON");
    bench.fails("SET RUN", 26, "OPERAND MISSING OR INVALID");
    bench.fails("SET RUN WUMPUS", 26, "OPERAND MISSING OR INVALID");
    bench.is_silent("SET PF3 IMMED QUERY TIME");
    bench.is_silent("SET PF12 BEGIN");
    bench.says("Q PF3", &["PF03 IMMED QUERY TIME"]);
    bench.is_silent("SET PF03");
    assert_eq!(bench.say("Q PF").0[2], "PF03 UNDEFINED");
    assert_eq!(bench.say("Q PF").0[11], "PF12 DELAY BEGIN");
    bench.fails("SET PF25 X", 3, "INVALID OPTION - PF25");
}

#[test]
fn time_and_users() {
    let mut bench = bench();
    bench.with(|cp| {
        // 8 March 2022, 13 h Greenwich mean time.
        cp.user.machine.state.set_tod((3_855_733_200 * 1_000_000) << 12);
    });
    bench.system.zone = crate::clock::Zone { east: -4 * 3600, name: "EDT".to_owned() };
    bench.says(
        "QUERY TIME",
        &["TIME IS 09:00:00 EDT TUESDAY 03/08/22", "CONNECT= 00:00:00 VIRTCPU= 000:00.00 TOTCPU= 000:00.00"],
    );
    let other = log_on(&bench.system, "MAINT", "ABCDEFG", 64 << 10);
    let owner = other.lock().expect("a user").machine.owner;
    bench.says("Q MAINT", &["MAINT    - DSC"]);
    bench.system.set_terminal(owner, Some("GRAF 0C1".to_owned()));
    bench.says("Q USERS MAINT", &["MAINT    - 0C1"]);
    bench.says("Q *", &["CMSUSER  - DSC"]);
    bench.says("Q U", &["002 USERS, 000 DIALED"]);
    bench.says("Q CPUID", &["CPUID = 0000037030330000"]);
    bench.system.log_off(owner);
    bench.fails("Q MAINT", 45, "MAINT NOT LOGGED ON");
    bench.fails("Q FILES", 45, "FILES NOT LOGGED ON");
}

#[test]
fn the_virtual_machine_is_described() {
    let mut bench = bench();
    let console = [
        "CONS 009 DISCONNECTED   TERM STOP",
        "     009 CL T  NOCONT NOHOLD COPY 01    READY",
        "     009 FOR CMSUSER  DIST CMSUSER",
    ];
    bench.says("Q V CON", &console);
    bench.says("Q V 009", &console);
    bench.says("Q V STOR", &["STORAGE = 01024K"]);
    bench.says("Q V CHAN", &["CHANNELS= BMX"]);
    let all = bench.say("Q V").0;
    assert_eq!((all[0].as_str(), all[1].as_str(), all.len()), ("STORAGE = 01024K", "CHANNELS= BMX", 6));
    assert_eq!(all[5], "RDR  00C CL *  NOCONT NOHOLD   EOF      READY");
    bench.fails("Q V DASD", 40, "DEV DASD DOES NOT EXIST");
    bench.fails("Q V WUMPUS", 22, "VADDR MISSING OR INVALID");
    let indicated = bench.say("IND USER").0;
    assert_eq!(indicated[1], "VTIME=000:00 TTIME=000:00 SIO=000000 RDR-000000 PRT-000000 PCH-000000");
    assert!(indicated[0].starts_with("PAGES: RES-"));
    bench.store(0x5000, b"A PAGE");
    assert_ne!(bench.say("IND USER").0, indicated);
}

#[test]
fn definitions_change_the_machine() {
    let mut bench = bench();
    bench.store(0x1000, b"HERE");
    bench.says("DEFINE STORAGE AS 509K", &["STORAGE = 00512K"]);
    bench.with(|cp| {
        assert_eq!(cp.user.machine.storage.size(), 512 << 10);
        assert_eq!(cp.user.machine.storage.u8(0x1000), 0);
        assert_eq!(cp.user.machine.run(cp.processor, 10), Stop::DisabledWait);
    });
    bench.with(|cp| cp.user.maximum_storage = 1 << 20);
    bench.fails("DEF STOR 2M", 94, "STORAGE EXCEEDS ALLOWED MAXIMUM");
    bench.fails("DEF STOR 4K", 25, "STORAGE MISSING OR INVALID");
    bench.fails("DEF STOR", 25, "STORAGE MISSING OR INVALID");
    bench.says("DEF CTCA 300", &["CTCA 300 DEFINED"]);
    bench.fails("DEF CTCA 300", 92, "DEV 300 ALREADY DEFINED");
    bench.says("DEF CHAN BMX", &["CHANNELS = BMX"]);
    bench.with(|cp| {
        let kinds: Vec<_> = cp.user.machine.channels.kinds().collect();
        assert_eq!(
            kinds,
            [(0, ChannelKind::ByteMultiplexer), (3, ChannelKind::Selector)],
            "an adapter's is a selector channel"
        );
    });
    bench.says("DET 300", &["CTCA 300 DETACHED"]);
    bench.says("DEF CHAN AS SEL", &["CHANNELS = SEL"]);
    bench.says("DEF CHAN AS BMX", &["CHANNELS = BMX"]);
    bench.fails("DEF WUMPUS", 3, "INVALID OPTION - WUMPUS");
}

#[test]
fn devices_are_detached_reset_and_made_ready() {
    let mut bench = bench();
    bench.is_silent("READY 00C");
    bench.with(|cp| assert!(cp.user.machine.channels.attention()));
    bench.says("RESET C", &["DEVICE RESET"]);
    bench.with(|cp| assert!(!cp.user.machine.channels.attention()));
    bench.is_silent("NOTR 00C");
    bench.fails("NOTREADY 9", 6, "INVALID DEVICE TYPE - 009");
    bench.is_silent("ATTN");
    bench.with(|cp| assert!(cp.user.machine.channels.attention()));
    bench.fails("READY 123", 40, "DEV 123 DOES NOT EXIST");
    bench.fails("READY", 22, "VADDR MISSING OR INVALID");
    assert_eq!(
        bench.say("DETACH 00C 00D"),
        (vec!["RDR 00C DETACHED".to_owned(), "DEV 00D DOES NOT EXIST".to_owned()], 40)
    );
    bench.fails("DET 00C", 40, "DEV 00C DOES NOT EXIST");
    bench.is_silent("SET IMSG OFF");
    bench.is_silent("DEF CTCA 300");
    bench.is_silent("DET CHANNEL 3");
    bench.fails("DET CHANNEL 3", 26, "OPERAND MISSING OR INVALID");
}

#[test]
fn adapters_of_two_users_are_coupled() {
    let mut bench = bench();
    let other = log_on(&bench.system, "MAINT", "G", 64 << 10);
    bench.says("DEF CTCA 300", &["CTCA 300 DEFINED"]);
    bench.fails("COUPLE 300 TO MAINT 400", 47, "MAINT 400 DOES NOT EXIST");
    bench.fails("COUPLE 300 NOBODY 400", 45, "NOBODY NOT LOGGED ON");
    let mut processor = bench.system.processor(1).processor;
    {
        let mut user = other.lock().expect("a user");
        let cp = &mut Cp { system: &bench.system, user: &mut user, processor: &mut processor };
        assert_eq!(execute(cp, "DEFINE CTCA 400").code, 0);
    }
    bench.says("Q V 300", &["CTCA 300 NOT READY"]);
    bench.says("COUPLE 300 TO MAINT 400", &["CTCA 300 COUPLE TO MAINT 400"]);
    bench.says("Q V 300", &["CTCA 300 COUPLED"]);
    {
        let mut user = other.lock().expect("a user");
        bench.system.attend(&mut user);
        let said = user.take_said();
        assert_eq!(said, [crate::user::Said::Cp("CTCA 400 COUPLE BY CMSUSER 300".to_owned())]);
    }
    bench.says("COUPLE 300 MAINT 400", &["CTCA 300 DROP FROM MAINT 400", "CTCA 300 COUPLE TO MAINT 400"]);
    bench.fails("COUPLE 300 * 300", 47, "CMSUSER 300 DOES NOT EXIST");
    bench.says("DET 300", &["CTCA 300 DETACHED"]);
    {
        let mut user = other.lock().expect("a user");
        bench.system.attend(&mut user);
        assert_eq!(user.take_said().len(), 3);
        let cp = &mut Cp { system: &bench.system, user: &mut user, processor: &mut processor };
        assert_eq!(execute(cp, "QUERY VIRTUAL 400").lines, ["CTCA 400 NOT READY"]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400, rng_seed: RngSeed::Fixed(0xC0), failure_persistence: None, ..ProptestConfig::default()
    })]

    /// Whatever is typed, CP answers something that ends.
    #[test]
    fn any_line_is_answered(line in prop_oneof![
        any::<String>(),
        "[A-Z*]{1,9}( [A-Z0-9.:-]{0,9}){0,5}",
        "(Q|SET|D|ST|DEF|DET|IPL|SYS|EXT|READY|COUPLE|B|SL|IND|CP)( (V|PF1|T|K|G|Y|X|S|P|STOR|CHAN|CTCA|END|[A-Z0-9.:é-]{0,8})){0,4}",
    ]) {
        let mut bench = bench();
        let (lines, code) = bench.say(&line);
        prop_assert!(lines.len() <= 4097);
        prop_assert!(code < 1000);
        prop_assert!(code != 1 || lines.len() == 1);
    }
}
