//! Real processors run guests whose pages come and go: what a processor remembers of a frame must go with the page.

use std::sync::Arc;

use cp::real::{GuestStorage, Missing, NamedSystem, Owner, PAGE, RealStorage, SavedPage};
use s370_arch::{
    interruption::ProgramCode,
    psw::{Psw, system_mask},
    storage_key::{CHANGE, REFERENCE},
};
use s370_cpu::{
    bus::NoDevices,
    interruption::{Detail, Interruption},
    processor::{Engine, Exit, Processor},
    state::{CpuState, Model, RunState},
    storage::AbsoluteStorage,
};

const PAGES: u32 = 32;
/// Where the program is; it moves itself along, a page at a time, to see that instructions are paged too.
const PROGRAM: u32 = 0x200;
/// Passes through the loop.
const TIMES: u32 = 4000;

/// Adds register 6 to the first word of the page that register 1 points at, and goes on to a page register 7 further on.
const LOOP: [u8; 20] = [
    0x58, 0x20, 0x10, 0x00, // L   2,0(,1)
    0x1A, 0x26, //             AR  2,6
    0x50, 0x20, 0x10, 0x00, // ST  2,0(,1)
    0x1A, 0x17, //             AR  1,7
    0x14, 0x18, //             NR  1,8
    0x46, 0x30, 0xF0, 0x00, // BCT 3,0(,15)
    0x0A, 0x00, //             SVC 0
];

struct Guest {
    owner: Owner,
    storage: GuestStorage,
    state: CpuState,
    rounds: u32,
}

impl Guest {
    fn new(real: &Arc<RealStorage>, number: u32) -> Guest {
        let storage = GuestStorage::new(real.clone(), Owner(number), PAGES * PAGE).unwrap();
        let mut model = Model::default();
        (model.extended_real_addressing, model.interval_timer) = (true, false);
        let mut state = CpuState::new(model);
        state.run_state = RunState::Operating;
        state.cr[0] = 0x0080_0000;
        state.cr[1] = storage.designation();
        let mut guest = Guest { owner: Owner(number), storage, state, rounds: 0 };
        guest.begin_round();
        guest
    }

    fn page_of_program(&self) -> u32 {
        self.rounds % PAGES
    }

    /// The program in the next page.
    fn begin_round(&mut self) {
        let at = self.page_of_program() * PAGE + PROGRAM;
        self.storage.store(at, &LOOP);
        self.state.psw =
            Psw { system_mask: system_mask::TRANSLATION, ec: true, problem: true, address: at, ..Psw::default() };
        let number = self.owner.0;
        for (register, value) in
            [(1, 0), (3, TIMES), (6, number + 1), (7, (2 * number + 3) * PAGE), (8, 0x1_F000), (15, at)]
        {
            self.state.gr[register] = value;
        }
    }

    /// Runs so many instructions, with as many page faults as it takes.
    fn run(&mut self, real: &RealStorage, processor: &mut Processor, budget: u64) {
        real.begin_running(self.owner);
        std::mem::swap(&mut processor.state, &mut self.state);
        let mut left = budget;
        while left > 0 {
            let (executed, exit) = processor.run(&mut NoDevices, left);
            left -= executed;
            match exit {
                Exit::Budget => break,
                Exit::Interruption(Interruption::Program(program)) => {
                    let translation = [ProgramCode::PAGE_TRANSLATION, ProgramCode::SEGMENT_TRANSLATION];
                    assert!(program.code.is_some_and(|code| translation.contains(&code)), "{program:?}");
                    let Detail::Translation(at) = program.detail else { panic!("{program:?}") };
                    while self.storage.locate(at) == Err(Missing::NoFrame) {
                        real.end_running(self.owner);
                        std::thread::yield_now();
                        real.begin_running(self.owner);
                    }
                }
                Exit::Interruption(Interruption::Svc { code: 0, .. }) => {
                    std::mem::swap(&mut processor.state, &mut self.state);
                    self.check();
                    self.rounds += 1;
                    self.begin_round();
                    std::mem::swap(&mut processor.state, &mut self.state);
                }
                other => panic!("{other:?}"),
            }
        }
        std::mem::swap(&mut processor.state, &mut self.state);
        real.end_running(self.owner);
    }

    /// Every page was added to so often (the steps are odd numbers of pages).
    fn check(&self) {
        for page in 0..PAGES {
            let sum = (self.rounds + 1) * (TIMES / PAGES) * (self.owner.0 + 1);
            assert_eq!(self.storage.u32(page * PAGE), sum, "page {page:X} of {:?}", self.owner);
            assert_eq!(self.storage.key(page * PAGE), REFERENCE | CHANGE);
            let half = self.storage.key(page * PAGE + PAGE / 2);
            assert_eq!(half, 0);
        }
    }
}

fn processor(real: &RealStorage, engine: Engine) -> Processor {
    let mut processor = Processor::new(CpuState::new(Model::default()), real.storage().clone());
    processor.engine = engine;
    processor
}

#[test]
fn a_processor_forgets_frames_whose_pages_go() {
    for engine in [Engine::Slow, Engine::Fast, Engine::Translator] {
        let real = Arc::new(RealStorage::new(60 * u64::from(PAGE)).unwrap());
        let mut processor = processor(&real, engine);
        let mut guests: Vec<Guest> = (0..3).map(|number| Guest::new(&real, number)).collect();
        for turn in 0..300 {
            for guest in &mut guests {
                guest.run(&real, &mut processor, 700);
                if turn % 7 == 0 {
                    real.estimate_working_set(guest.owner);
                }
                if turn % 31 == 0 {
                    real.trim(guest.owner, 3);
                }
            }
        }
        for guest in &guests {
            let counts = real.paging(guest.owner);
            assert!(guest.rounds >= 8 && counts.reads > 100 && counts.writes > 100, "{} {counts:?}", guest.rounds);
        }
        real.check(&guests.iter().map(|guest| &guest.storage).collect::<Vec<_>>()).unwrap();
    }
}

/// What is in register 2 after the first word of a page was fetched many times, or the address that could not be translated.
fn fetch(guest: &mut Guest, processor: &mut Processor, at: u32) -> Result<u32, u32> {
    // L 2,0(,1); BCT 3,0(,15); SVC 0
    guest.storage.store(PROGRAM, &[0x58, 0x20, 0x10, 0x00, 0x46, 0x30, 0xF0, 0x00, 0x0A, 0x00]);
    guest.state.psw.address = PROGRAM;
    guest.state.gr[1] = at;
    guest.state.gr[3] = 300;
    guest.state.gr[15] = PROGRAM;
    std::mem::swap(&mut processor.state, &mut guest.state);
    let (_, exit) = processor.run(&mut NoDevices, 1000);
    std::mem::swap(&mut processor.state, &mut guest.state);
    match exit {
        Exit::Interruption(Interruption::Svc { .. }) => Ok(guest.state.gr[2]),
        Exit::Interruption(Interruption::Program(program)) => match program.detail {
            Detail::Translation(at) => Err(at),
            detail => panic!("{detail:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_processor_forgets_pages_that_are_released_or_moved_or_no_longer_shared() {
    for engine in [Engine::Slow, Engine::Fast, Engine::Translator] {
        let real = Arc::new(RealStorage::new(20 << 20).unwrap());
        let mut processor = processor(&real, engine);
        let mut guest = Guest::new(&real, 1);
        guest.storage.store_u32(0x5000, 55);
        assert_eq!(fetch(&mut guest, &mut processor, 0x5000), Ok(55));
        let high = guest.storage.locate(0x5000).unwrap().real;
        let low = guest.storage.locate_low(0x5000).unwrap().real;
        assert!(high >= 16 << 20 && low < 16 << 20);
        real.storage().store_u32(high, 66);
        assert_eq!(fetch(&mut guest, &mut processor, 0x5000), Ok(55));
        guest.storage.release_pages(5, 5).unwrap();
        assert_eq!(fetch(&mut guest, &mut processor, 0x5000), Err(0x5000));
        guest.storage.locate(0x5000).unwrap();
        assert_eq!(fetch(&mut guest, &mut processor, 0x5000), Ok(0));

        let pages = vec![SavedPage { number: 16, keys: [0; 2], contents: Box::new([7; PAGE as usize]) }];
        real.define_system(NamedSystem { name: "SYS".into(), shared: vec![1], pages, ..NamedSystem::default() })
            .unwrap();
        // Somebody else keeps the frame where it is.
        let other = GuestStorage::new(real.clone(), Owner(2), PAGES * PAGE).unwrap();
        other.load_system("SYS", true).unwrap();
        assert_eq!(other.u8(0x1_0000), 7);
        guest.storage.load_system("SYS", true).unwrap();
        assert_eq!(fetch(&mut guest, &mut processor, 0x1_0000), Ok(0x0707_0707));
        guest.storage.store_u32(0x1_0000, 8);
        assert_eq!(fetch(&mut guest, &mut processor, 0x1_0000), Ok(8));
        guest.storage.load_system("SYS", true).unwrap();
        guest.storage.locate(0x1_0000).unwrap();
        assert_eq!(fetch(&mut guest, &mut processor, 0x1_0000), Ok(0x0707_0707));
        // The instruction is interrupted that would store into a shared page.
        guest.storage.store(PROGRAM + 0x100, &[0x50, 0x20, 0x10, 0x00]);
        guest.state.psw.address = PROGRAM + 0x100;
        std::mem::swap(&mut processor.state, &mut guest.state);
        let (_, exit) = processor.run(&mut NoDevices, 1);
        std::mem::swap(&mut processor.state, &mut guest.state);
        let Exit::Interruption(Interruption::Program(program)) = exit else { panic!("{exit:?}") };
        assert_eq!(program.code, Some(ProgramCode::PROTECTION));
        guest.storage.purge_system("SYS");
        assert_eq!(fetch(&mut guest, &mut processor, 0x1_0000), Err(0x1_0000));
    }
}

#[test]
fn two_processors_run_guests_in_the_same_frames() {
    let real = Arc::new(RealStorage::new(70 * u64::from(PAGE)).unwrap());
    std::thread::scope(|scope| {
        for n in 0..2 {
            let real = &real;
            scope.spawn(move || {
                let mut processor = processor(real, Engine::Translator);
                let mut guests: Vec<Guest> = (0..2).map(|number| Guest::new(real, 2 * n + number)).collect();
                for _ in 0..300 {
                    guests.iter_mut().for_each(|guest| guest.run(real, &mut processor, 900));
                }
                assert!(guests.iter().all(|guest| guest.rounds >= 8 && real.paging(guest.owner).reads > 50));
            });
        }
    });
    real.check(&[]).unwrap();
    assert_eq!(real.usage().free, 69);
}
