//! Real processors as threads: shares, results, migration, wake-ups, rest.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::sleep,
    time::{Duration, Instant},
};

use cambridge::{
    complex::{Complex, HostTime},
    programs::{Run, find},
};
use cp::{
    dispatch::{MILLISECOND, Wake},
    dispatcher::{InstructionTime, Meter, Work},
    system::System,
    vm::{Stop, Timer},
};
use regex::Regex;
use s370_cpu::{processor::Engine, storage::AbsoluteStorage};
use tests::{
    crew::{Member, image},
    guest::{self, Guest},
    random::Rng,
};

/// Bytes of a machine for a benchmark program.
const SIZE: u32 = 16 << 20;
/// Nothing here takes so long but on a host that is overloaded.
const PATIENCE: Duration = Duration::from_secs(120);

/// One test at a time: they measure time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn system(storage: u64, processors: u16, engine: Engine) -> System {
    let mut system = System::new(storage, processors).expect("a system");
    system.engine = engine;
    system
}

fn start(system: System, crew: &[Member]) -> Complex {
    let complex = Complex::start(Arc::new(system), HostTime::start()).expect("threads");
    crew.iter().for_each(|member| complex.ready(member.owner, Wake::Other));
    complex
}

/// Waits till something is so.
fn until(what: &str, is_so: impl FnMut() -> bool) {
    let (begin, mut is_so) = (Instant::now(), is_so);
    while !is_so() {
        assert!(begin.elapsed() < PATIENCE, "{what}");
        sleep(Duration::from_millis(1));
    }
}

/// Waits till all programs have ended, and looks how.
fn all_end_well(complex: Complex, crew: &[Member]) {
    until("a program does not end", || crew.iter().all(|member| member.lock().last_stop.is_some()));
    complex.stop().expect("an orderly stop");
    for member in crew {
        assert_eq!(member.complaint(), None);
    }
}

fn core_image(program: &str, rounds: u32) -> Vec<u8> {
    find(program).expect("a program").core_image(rounds).unwrap_or_else(|error| panic!("{error}"))
}

/// By how many percent the greatest and the least are apart.
fn spread(shares: &[u64]) -> f64 {
    let (least, most) = (shares.iter().min().copied().unwrap_or(0), shares.iter().max().copied().unwrap_or(0));
    (most - least) as f64 * 100.0 / (most as f64).max(1.0)
}

#[test]
fn equal_machines_have_equal_shares_in_deterministic_time() {
    let _alone = alone();
    for machines in [2, 3, 7] {
        let system = system(64 << 20, 1, Engine::Fast);
        let programs = ["intloop", "mix", "sieve", "sievedat", "decimal", "moves", "selfmod"];
        let crew: Vec<Member> =
            (0..machines).map(|n| Member::new(&system, &core_image(programs[n], u32::MAX), SIZE, Timer::On)).collect();
        let (mut here, time) = (system.processor(0), InstructionTime::default());
        crew.iter().for_each(|member| system.ready(member.owner, Wake::Other, 0));
        while time.now() < 3000 * MILLISECOND * machines as u64 {
            assert_eq!(system.work(&mut here, &time), Work::Done);
        }
        let shares: Vec<u64> = crew.iter().map(Member::instructions).collect();
        assert!(spread(&shares) < 2.0, "{shares:?}");
    }
}

/// The host may do something else meanwhile; so the best of a few tries counts.
#[test]
fn equal_machines_have_equal_shares_in_host_time() {
    let _alone = alone();
    let mut tries = Vec::new();
    for _ in 0..6 {
        let system = system(64 << 20, 1, Engine::Fast);
        let crew: Vec<Member> =
            (0..2).map(|_| Member::new(&system, &core_image("mix", u32::MAX), SIZE, Timer::On)).collect();
        let complex = start(system, &crew);
        sleep(Duration::from_millis(1500));
        let system = Arc::clone(complex.system());
        complex.stop().expect("an orderly stop");
        let times = crew.iter().filter_map(|member| system.scheduler().status(member.owner));
        let times: Vec<u64> = times.map(|status| status.usage.processor).collect();
        let instructions: Vec<u64> = crew.iter().map(Member::instructions).collect();
        assert!(times.iter().sum::<u64>() > 750 * MILLISECOND, "they hardly ran: {times:?}");
        tries.push((spread(&times), spread(&instructions)));
        if tries.last().is_some_and(|(time, instructions)| *time < 2.0 && *instructions < 2.0) {
            println!("{tries:?}");
            return;
        }
    }
    panic!("percentages by which processor times and instructions differ: {tries:?}");
}

#[test]
fn two_processors_run_two_to_five_machines_to_their_ends() {
    let _alone = alone();
    let programs = [("sievedat", 300), ("mix", 4000), ("pagewalk", 700), ("selfmod", 200), ("svc", 100)];
    for engine in [Engine::Fast, Engine::Translator] {
        for machines in 2..=5 {
            let system = system(64 << 20, 2, engine);
            let crew: Vec<Member> = programs[..machines]
                .iter()
                .map(|(name, rounds)| Member::new(&system, &core_image(name, *rounds), SIZE, Timer::Real))
                .collect();
            let complex = start(system, &crew);
            all_end_well(complex, &crew);
        }
    }
}

/// A program that changes the table entry of a page between two frames, says so as `how` does, and looks what is there.
fn remapping(how: &str, rounds: u32) -> Vec<u8> {
    let source = format!(
        "\
REMAP    START 0
         DC    X'00080000',A(BEGIN)
         ORG   REMAP+X'68'
         DC    X'000A0000',X'00BAD068'
         ORG   REMAP+X'200'
GOOD     DC    0D'0',X'000A0000',X'0000C0DE'
BAD      DC    X'000A0000',X'00000BAD'
DATON    DC    X'040C0000',A(LOOP)
CRS      DC    X'00800000',X'00002000'
SEGMENT  DC    X'F0003000'
ROUNDS   DC    F'{rounds}'
ENTRIES  DC    X'00600070'
DATA     DC    A(X'6000',X'7000')
         USING REMAP,0
BEGIN    LCTL  0,1,CRS
         L     1,SEGMENT
         L     2,=A(X'2000')
         ST    1,0(,2)
         L     2,=A(X'3000')            Pages as they stand
         SR    1,1
         LA    3,16
PAGES    STH   1,0(,2)
         LA    1,X'10'(,1)
         LA    2,2(,2)
         BCT   3,PAGES
         L     2,=A(X'6000')            Frames say who they are
         ST    2,0(,2)
         L     2,=A(X'7000')
         ST    2,0(,2)
         L     9,ROUNDS
         L     8,=A(X'5000')            The page
         L     7,=A(X'300A')            Its table entry
         L     6,=A(X'3000')            The table
         PTLB
         LPSW  DATON
LOOP     LH    4,ENTRIES
         BAL   14,CHANGE
         C     5,DATA
         BNE   WRONG
         LH    4,ENTRIES+2
         BAL   14,CHANGE
         C     5,DATA+4
         BNE   WRONG
         BCT   9,LOOP
         LPSW  GOOD
WRONG    LPSW  BAD
CHANGE   L     5,0(,8)                  So that the old one is known
{how}
         L     5,0(,8)
         BR    14
         LTORG
         END
"
    );
    image(&source)
}

const PTLB: &str = "         STH   4,0(,7)\n         PTLB";
const IPTE: &str = "         IPTE  6,8\n         STH   4,0(,7)";

/// Runs a program on two processors by turns, so many instructions at a time at most; real storage has so many bytes.
fn wander(program: &[u8], storage: u64, engine: Engine, longest: u32, seed: u64) {
    let system = system(storage, 2, engine);
    let member = Member::new(&system, program, SIZE, Timer::Real);
    let other = Member::new(&system, &core_image("sievedat", u32::MAX), SIZE, Timer::Real);
    let mut processors = [system.processor(0), system.processor(1)];
    let mut rng = Rng::new(seed);
    let (mut user, mut rival) = (member.lock(), other.lock());
    for _ in 0..200_000 {
        let here = &mut processors[rng.below(2) as usize];
        // Somebody else takes the frames in between, and the tables.
        if rng.chance(10) {
            here.welcome(&rival.machine);
            rival.machine.run(&mut here.processor, 5_000);
            here.farewell(&rival.machine);
        }
        here.welcome(&user.machine);
        let stop = user.machine.run(&mut here.processor, u64::from(1 + rng.below(longest)));
        here.farewell(&user.machine);
        match stop {
            Stop::Slice => {}
            Stop::DisabledWait => break,
            stop => panic!("{stop:?}"),
        }
    }
    let (state, counts) = (&user.machine.state, user.machine.counts);
    assert_eq!((state.psw.wait, state.psw.address), (true, tests::crew::SUCCESS), "{state:X?} {counts:?}");
}

#[test]
fn no_processor_believes_tables_that_were_changed_on_the_other() {
    let _alone = alone();
    for engine in [Engine::Slow, Engine::Fast, Engine::Translator] {
        for (n, how) in [PTLB, IPTE].into_iter().enumerate() {
            wander(&remapping(how, 20_000), 4 << 20, engine, 60, n as u64);
            wander(&remapping(how, 2_000), 4 << 20, engine, 3, n as u64);
        }
    }
}

/// The proof that the test above can fail: without [`cp::system::RealProcessor::welcome`] the other processor believes
/// its old tables.
#[test]
fn a_processor_that_is_not_told_believes_its_old_tables() {
    let _alone = alone();
    let system = system(4 << 20, 2, Engine::Fast);
    let member = Member::new(&system, &remapping(PTLB, 20_000), SIZE, Timer::Real);
    let mut processors = [system.processor(0), system.processor(1)];
    let mut user = member.lock();
    let mut rng = Rng::new(0);
    let stop = loop {
        let here = &mut processors[rng.below(2) as usize];
        let stop = user.machine.run(&mut here.processor, u64::from(1 + rng.below(60)));
        if stop != Stop::Slice {
            break stop;
        }
    };
    assert_eq!((stop, user.machine.state.psw.address), (Stop::DisabledWait, 0xBAD));
}

#[test]
fn programs_that_wander_end_as_on_the_bare_machine() {
    let _alone = alone();
    for (name, rounds, seed) in [("sievedat", 3, 1), ("pagewalk", 20, 2), ("selfmod", 10, 3), ("privmix", 10, 4)] {
        let program = core_image(name, rounds);
        assert!(Run::new(&program, Engine::Fast).expect("a machine").finish(100_000_000).is_success());
        for (engine, storage) in [(Engine::Fast, 16 << 20), (Engine::Translator, 32 << 20), (Engine::Fast, 1 << 20)] {
            wander(&program, storage, engine, 3_000, seed);
        }
    }
}

#[test]
fn a_machine_that_runs_is_logged_off() {
    let _alone = alone();
    let system = system(64 << 20, 2, Engine::Translator);
    let stay = Member::new(&system, &core_image("sievedat", 3000), SIZE, Timer::On);
    let complex = start(system, std::slice::from_ref(&stay));
    let system = Arc::clone(complex.system());
    let pages = || system.real.usage().pages;
    for n in 0..40 {
        let goes = Member::new(&system, &core_image("sievedat", u32::MAX), SIZE, Timer::On);
        complex.ready(goes.owner, Wake::Other);
        sleep(Duration::from_micros(n * 300));
        let begin = Instant::now();
        system.log_off(goes.owner);
        let gone = Arc::downgrade(&goes.user);
        drop(goes.user);
        until("the machine does not go", || gone.strong_count() == 0);
        assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
        assert!(system.scheduler().status(goes.owner).is_none());
    }
    assert_eq!(system.user_count(), 1);
    all_end_well(complex, std::slice::from_ref(&stay));
    let left = pages();
    drop(stay);
    assert!(left > 0 && left <= SIZE / 4096, "{left}");
}

/// Waits so many times for the clock comparator, so many units of the TOD clock each time.
fn napping(rounds: u32, units: u32) -> Vec<u8> {
    let source = format!(
        "\
NAP      START 0
         DC    X'00080000',A(BEGIN)
         ORG   NAP+X'58'
         DC    X'00080000',A(LOOP)
         DC    X'000A0000',X'00BAD060'
         DC    X'000A0000',X'00BAD068'
         ORG   NAP+X'200'
GOOD     DC    0D'0',X'000A0000',X'0000C0DE'
WAIT     DC    X'010A0000',X'00000ACE'
NOW      DC    D'0'
CR0      DC    X'00000800'
ROUNDS   DC    F'{rounds}'
UNITS    DC    F'{units}'
         USING NAP,0
BEGIN    L     9,ROUNDS
         LCTL  0,0,CR0
LOOP     STCK  NOW
         LM    2,3,NOW
         AL    3,UNITS
         BC    12,*+8
         AL    2,=F'1'
         STM   2,3,NOW
         SCKC  NOW
         BCT   9,AGAIN
         LPSW  GOOD
AGAIN    LPSW  WAIT
         LTORG
         END
"
    );
    image(&source)
}

#[test]
fn no_wake_up_is_lost() {
    let _alone = alone();
    let system = system(64 << 20, 2, Engine::Fast);
    // From a microsecond, which is over before the wait has begun, to some that last.
    let crew: Vec<Member> = [1, 10, 60, 150]
        .map(|microseconds| Member::new(&system, &napping(4000, microseconds << 12), 64 << 10, Timer::On))
        .to_vec();
    let complex = start(system, &crew);
    all_end_well(complex, &crew);
}

/// Counts external interruptions in general register 9, and waits.
const COUNTING: &str = "\
COUNT    START 0
         DC    X'00080000',A(BEGIN)
         ORG   COUNT+X'58'
         DC    X'00080000',A(NEXT)
         DC    X'000A0000',X'00BAD060'
         DC    X'000A0000',X'00BAD068'
         ORG   COUNT+X'200'
WAIT     DC    0D'0',X'010A0000',X'00000ACE'
CR0      DC    X'00000040'
         USING COUNT,0
BEGIN    SR    9,9
         LCTL  0,0,CR0
         LPSW  WAIT
NEXT     LA    9,1(,9)
         LPSW  WAIT
         END
";

#[test]
fn whoever_visits_a_machine_is_noticed() {
    let _alone = alone();
    let system = system(64 << 20, 2, Engine::Fast);
    let crew = [Member::new(&system, &image(COUNTING), 64 << 10, Timer::On)];
    // Others that want the processors all the time.
    let busy: Vec<Member> =
        (0..2).map(|_| Member::new(&system, &core_image("intloop", u32::MAX), SIZE, Timer::On)).collect();
    let complex = start(system, &crew);
    let system = Arc::clone(complex.system());
    let owner = crew[0].owner;
    let count = || system.visit(owner, Wake::Other, |user| user.machine.state.gr[9]);
    for n in 0..2000 {
        if n == 1000 {
            busy.iter().for_each(|member| complex.ready(member.owner, Wake::Other));
        }
        system.visit(owner, Wake::Terminal, |user| user.machine.external_interruption(0x40));
        let begin = Instant::now();
        while count() != Some(n + 1) {
            assert!(begin.elapsed() < PATIENCE, "interruption {n} is lost");
        }
    }
    // Whoever comes to one that always runs is let in soon.
    let mut longest = Duration::ZERO;
    for _ in 0..200 {
        let begin = Instant::now();
        system.visit(busy[0].owner, Wake::Other, |user| user.machine.instructions());
        longest = longest.max(begin.elapsed());
    }
    println!("longest wait for a machine that runs: {longest:?}");
    assert!(longest < Duration::from_secs(1), "{longest:?}");
    complex.stop().expect("an orderly stop");
}

/// Processor time of this process's real processors so far, in clock ticks of the host (10 ms).
fn processor_ticks() -> Option<u64> {
    let mut ticks = 0;
    for task in fs::read_dir("/proc/self/task").ok()? {
        let stat = fs::read_to_string(task.ok()?.path().join("stat")).unwrap_or_default();
        let (name, rest) = stat.rsplit_once(')').unwrap_or_default();
        if name.contains("(processor") {
            let fields: Vec<u64> = rest.split_whitespace().skip(11).take(2).flat_map(str::parse).collect();
            ticks += fields.iter().sum::<u64>();
        }
    }
    Some(ticks)
}

#[test]
fn an_idle_system_sleeps() {
    let _alone = alone();
    let system = system(64 << 20, 2, Engine::Translator);
    let mut crew: Vec<Member> =
        (0..20).map(|_| Member::new(&system, &image(COUNTING), 64 << 10, Timer::Real)).collect();
    // One that waits for half a second, which is over when the others wait or soon after, and then for ever.
    crew.push(Member::new(&system, &napping(2, u32::MAX / 2), 64 << 10, Timer::On));
    let complex = start(system, &crew);
    let system = Arc::clone(complex.system());
    until("they do not wait", || crew.iter().all(|member| member.is_idle(&system)));
    until("nobody wakes", || crew[20].lock().last_stop.is_some());
    let turns = || system.scheduler().load(complex.now()).turns;
    let (before, turns_before) = (processor_ticks(), turns());
    sleep(Duration::from_millis(1000));
    let (after, turns_after) = (processor_ticks(), turns());
    if let (Some(before), Some(after)) = (before, after) {
        assert!(after <= before + 1, "{before} to {after} ticks");
    }
    assert!(turns_after <= turns_before + 1, "{turns_before} to {turns_after} turns");
    complex.stop().expect("an orderly stop");
}

/// Waits for the clock comparator, 60 ms, and leaves the CPU timer and location 80 as they were before and are after it.
const TIMERS: &str = "\
TIMERS   START 0
         DC    X'00080000',A(BEGIN)
         ORG   TIMERS+X'50'
         DC    F'0'
         ORG   TIMERS+X'58'
         DC    X'00080000',A(AFTER)
         DC    X'000A0000',X'00BAD060'
         DC    X'000A0000',X'00BAD068'
         ORG   TIMERS+X'200'
GOOD     DC    0D'0',X'000A0000',X'0000C0DE'
WAIT     DC    X'010A0000',X'00000ACE'
NOW      DC    D'0'
TIMER    DC    X'0000FFFFFFFFFFFF'
BEFORE   DC    D'0'
LATER    DC    D'0'
CELL     DC    F'0,0'
CR0      DC    X'00000800'
UNITS    DC    F'245760000'
         USING TIMERS,0
BEGIN    LCTL  0,0,CR0
         SPT   TIMER
         MVC   X'50'(4),=X'7FFFFF00'
         STCK  NOW
         LM    2,3,NOW
         AL    3,UNITS
         BC    12,*+8
         AL    2,=F'1'
         STM   2,3,NOW
         SCKC  NOW
         STPT  BEFORE
         MVC   CELL(4),X'50'
         LPSW  WAIT
AFTER    STPT  LATER
         MVC   CELL+4(4),X'50'
         LPSW  GOOD
         LTORG
         END
";

/// By how much the CPU timer and the interval timer went on in the wait, in microseconds.
fn timers(member: &Member) -> (u64, u64) {
    let user = member.lock();
    let storage = &user.machine.storage;
    let cpu = storage.u64(0x220).wrapping_sub(storage.u64(0x228)) / 4096;
    let cell = u64::from(storage.u32(0x230).wrapping_sub(storage.u32(0x234)) >> 8) * 10_000 / 3;
    (cpu, cell)
}

#[test]
fn timers_run_in_the_wait_state_if_they_are_to() {
    let _alone = alone();
    let system = system(64 << 20, 1, Engine::Fast);
    let crew = [Timer::Off, Timer::On, Timer::Real].map(|timer| Member::new(&system, &image(TIMERS), 64 << 10, timer));
    let complex = start(system, &crew);
    all_end_well(complex, &crew);
    let [off, on, real] = crew.each_ref().map(timers);
    println!("{off:?} {on:?} {real:?}");
    assert!(off.0 < 20_000 && off.1 == 0, "{off:?}");
    assert!(on.0 < 20_000 && on.1 < 20_000, "{on:?}");
    assert!(real.0 >= 60_000 && real.1 >= 56_000, "{real:?}");
}

#[test]
fn timers_stand_still_while_others_run() {
    let _alone = alone();
    let system = system(64 << 20, 1, Engine::Fast);
    let crew: Vec<Member> = [Timer::On, Timer::Real]
        .map(|timer| Member::new(&system, &core_image("intloop", u32::MAX), SIZE, timer))
        .to_vec();
    let timer = |member: &Member| member.lock().machine.state.cpu_timer();
    let before: Vec<u64> = crew.iter().map(timer).collect();
    let complex = start(system, &crew);
    sleep(Duration::from_millis(600));
    let system = Arc::clone(complex.system());
    complex.stop().expect("an orderly stop");
    for (member, before) in crew.iter().zip(before) {
        let went = before.wrapping_sub(timer(member));
        let used = system.scheduler().status(member.owner).expect("a user").usage.processor;
        // A processor's time is between what the machine's clocks saw and that with the beginnings and ends of turns.
        assert!(went <= used && went >= used / 10 * 9, "{went} of {used}");
        assert!(used < 500 * MILLISECOND && used > 100 * MILLISECOND, "{used}");
        let time = member.lock().machine.state.time;
        assert!(time > 400 * MILLISECOND, "the TOD clock goes on: {time}");
    }
}

/// The folder of real software, if it is there.
fn images() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let images = std::env::var_os("CAMBRIDGE_SHARED").map_or_else(beside, PathBuf::from).join("images");
    if images.join("osvs1").is_dir() {
        return Some(images);
    }
    println!("SKIPPED: {} is not there", images.display());
    None
}

/// What a machine printed, without what differs from run to run, and its deck.
fn output(folder: &Path) -> (Vec<String>, Vec<u8>) {
    let masks = [
        r"DATE=\d\d\.\d\d\d",
        r"TIME=\d\d\.\d\d\.\d\d",
        r"CLOCK=\d\d\.\d\d\.\d\d",
        r"^\d{6} 8000",
        r"SYS\d{5}\.T\d{6}",
        r"\d\d\.\d\d \d\d/\d\d/\d\d",
    ]
    .map(|mask| Regex::new(mask).expect("a pattern"));
    let printed = fs::read(folder.join("printer.txt")).expect("a listing");
    let printed = String::from_utf8_lossy(&printed);
    let lines = printed.split(['\n', '\r', '\u{c}']).map(str::trim_end).filter(|line| !line.is_empty());
    let masked =
        |line: &str| masks.iter().fold(line.to_owned(), |line, mask| mask.replace_all(&line, "#").into_owned());
    (lines.map(masked).collect(), fs::read(folder.join("punch.deck")).expect("a deck"))
}

/// Runs OS/VS1's job in several machines on so many processors; what each left.
fn os_vs1(images: &Path, storage: u64, processors: u16, machines: usize) -> Vec<(Vec<String>, Vec<u8>)> {
    let folder = std::env::temp_dir().join(format!("cambridge-complex-{}", std::process::id()));
    let folders: Vec<PathBuf> = (0..machines).map(|n| folder.join(n.to_string())).collect();
    let system = system(storage, processors, Engine::Fast);
    let mut console = system.processor(0);
    let mut guests: Vec<Guest> = folders
        .iter()
        .map(|folder| {
            fs::create_dir_all(folder).expect("a folder");
            let mut guest = guest::os_vs1(&system, "VS1", images, folder);
            guest.load(&mut console.processor, 0x150);
            guest
        })
        .collect();
    let complex = Complex::start(Arc::new(system), HostTime::start()).expect("threads");
    let system = Arc::clone(complex.system());
    guests.iter().for_each(|guest| complex.ready(guest.owner, Wake::Other));
    until("a job does not end", || {
        for guest in &mut guests {
            let answered = system.visit(guest.owner, Wake::Other, |user| guest.attend_to(user));
            if answered == Some(true) {
                complex.ready(guest.owner, Wake::Terminal);
            }
        }
        sleep(Duration::from_millis(2));
        guests.iter().all(|guest| guest.dialogue.is_empty())
    });
    complex.stop().expect("an orderly stop");
    for guest in &guests {
        assert!(guest.typed.contains("PRODUCT IS  07006652"), "{}", guest.typed);
        println!("{:?} {:?}", guest.lock().machine.counts, system.real.paging(guest.owner));
        // What was printed is in the file when the printer goes.
        system.log_off(guest.owner);
    }
    drop(guests);
    let outputs = folders.iter().map(|folder| output(folder)).collect();
    fs::remove_dir_all(&folder).expect("the folder goes");
    outputs
}

/// Three machines of 8 MiB each on two processors with 3 MiB.
#[test]
fn three_os_vs1_on_two_processors_in_little_real_storage() {
    let Some(images) = images() else { return };
    let _alone = alone();
    let alone = os_vs1(&images, 16 << 20, 1, 1);
    let codes = alone[0].0.iter().filter(|line| line.contains("COND CODE 0000")).count();
    assert_eq!(codes, 3, "{:?}", alone[0].0);
    for (n, output) in os_vs1(&images, 3 << 20, 2, 3).into_iter().enumerate() {
        assert_eq!(output, alone[0], "machine {n}");
    }
}
