//! A channel-to-channel adapter with both sides on one machine, and a tape beside it, driven by channel programs.

use devices::{
    channel::Channels,
    ctca::pair,
    device::Device,
    media::{
        Buffer,
        reel::{self, Options},
    },
    tape::{Kind, TapeUnit},
};
use s370_arch::channel::{Ccw, CcwFlags, ChannelStatus, Csw, UnitStatus};
use s370_cpu::{
    bus::{Bus, IoOperation, IoRequest},
    storage::Storage,
};

const X: u16 = 0x5F0;
const Y: u16 = 0x6F0;
const TAPE: u16 = 0x180;
const NONE: CcwFlags = CcwFlags::empty();
const CC: CcwFlags = CcwFlags::CHAIN_COMMAND;
const CD: CcwFlags = CcwFlags::CHAIN_DATA;
const SLI: CcwFlags = CcwFlags::SUPPRESS_LENGTH;
const ATTENTION: UnitStatus = UnitStatus::ATTENTION;
const ENDED: UnitStatus = UnitStatus::ENDED;

struct Bench {
    channels: Channels,
    storage: Storage,
    now: u64,
}

impl Bench {
    fn new() -> Bench {
        let mut channels = Channels::new();
        let (x, y) = pair();
        channels.attach(X, Box::new(x)).expect("an address of its own");
        channels.attach(Y, Box::new(y)).expect("an address of its own");
        let mut tape = TapeUnit::new(Kind::named("3420").expect("a tape unit"));
        let reel = reel::open(Box::new(Buffer::default()), Options::default()).expect("an empty reel");
        assert!(tape.mount(reel).is_none());
        tape.reset();
        channels.attach(TAPE, Box::new(tape)).expect("an address of its own");
        Bench { channels, storage: Storage::new(16 * 1024).expect("storage"), now: 0 }
    }

    /// START I/O of this program; its condition code.
    fn start(&mut self, address: u16, program: &[(u8, u32, CcwFlags, u16)]) -> u8 {
        // Each device has its own place for programs: one may be running while another is started.
        let first = u32::from(address >> 8) * 0x100;
        for (at, &(command, address, flags, count)) in (first..).step_by(8).zip(program) {
            self.storage.store(at, &Ccw { command, address, flags, ignored: 0, count }.emit());
        }
        self.storage.store_u32(72, first);
        self.storage.store_u64(64, 0);
        let operation = IoOperation::StartIo;
        let request = IoRequest { operation, address, cpu_address: 0, prefix: 0, cr0: 0x8000_0000, now: self.now };
        self.channels.io(&request, &self.storage)
    }

    /// All interruptions until nothing goes on by itself: device, unit and channel status, count.
    fn interruptions(&mut self) -> Vec<(u16, UnitStatus, ChannelStatus, u16)> {
        let mut taken = Vec::new();
        for _ in 0..10_000 {
            while let Some(address) = self.channels.accept_io(u32::MAX, 0, &self.storage) {
                let csw = Csw::parse(self.storage.u64(64));
                taken.push((address, csw.unit, csw.channel, csw.count));
            }
            self.now = self.channels.next_event();
            if self.now == u64::MAX {
                self.now = 0;
                return taken;
            }
            self.channels.advance(self.now, &self.storage);
        }
        panic!("it does not come to rest");
    }

    fn text(&self, at: u32, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.storage.read(at, &mut bytes);
        bytes
    }
}

const OK: ChannelStatus = ChannelStatus::empty();
const LENGTH: ChannelStatus = ChannelStatus::INCORRECT_LENGTH;

#[test]
fn a_message_goes_from_one_side_to_the_other() {
    let mut bench = Bench::new();
    bench.storage.store(0x800, b"MESSAGE FROM X");
    // X asks for attention, and is going to write in two pieces.
    let program = [(0x07, 0x800, CC, 1), (0x01, 0x800, CD, 8), (0x01, 0x808, NONE, 6)];
    assert_eq!(bench.start(X, &program), 0);
    assert_eq!(bench.interruptions(), [(Y, ATTENTION, OK, 0)]);
    // Y asks what for; that lets X go on to its write.
    assert_eq!(bench.start(Y, &[(0x14, 0x900, CC, 1), (0x02, 0xA00, SLI, 100)]), 0);
    let mut interruptions = bench.interruptions();
    interruptions.sort_by_key(|(address, ..)| *address);
    assert_eq!(interruptions, [(X, ENDED, OK, 0), (Y, ENDED, OK, 86)]);
    assert_eq!((bench.text(0x900, 1), bench.text(0xA00, 14)), (vec![0x07], b"MESSAGE FROM X".to_vec()));
}

#[test]
fn the_side_with_the_larger_count_has_an_incorrect_length() {
    for (reads, writes) in [(10, 4), (4, 10), (7, 7)] {
        let mut bench = Bench::new();
        bench.storage.store(0x800, b"0123456789");
        assert_eq!(bench.start(Y, &[(0x02, 0xA00, NONE, reads)]), 0);
        assert_eq!(bench.interruptions(), [(X, ATTENTION, OK, 0)]);
        assert_eq!(bench.start(X, &[(0x01, 0x800, NONE, writes)]), 0);
        let mut interruptions = bench.interruptions();
        interruptions.sort_by_key(|(address, ..)| *address);
        let expected = |own: u16, other: u16| if own > other { (LENGTH, own - other) } else { (OK, 0) };
        let ((x, x_left), (y, y_left)) = (expected(writes, reads), expected(reads, writes));
        assert_eq!(interruptions, [(X, ENDED, x, x_left), (Y, ENDED, y, y_left)]);
        assert_eq!(bench.text(0xA00, 4), b"0123");
    }
}

#[test]
fn an_end_of_file_ends_a_read_that_waits() {
    let mut bench = Bench::new();
    assert_eq!(bench.start(X, &[(0xC3, 0, SLI, 1)]), 1);
    assert_eq!(bench.start(Y, &[(0x02, 0xA00, SLI, 100)]), 0);
    assert_eq!(bench.interruptions(), [(X, ATTENTION, OK, 0)]);
    assert_eq!(bench.start(X, &[(0x81, 0x800, SLI, 1)]), 1);
    assert_eq!(bench.interruptions(), [(Y, ENDED | UnitStatus::UNIT_EXCEPTION, OK, 100)]);
    // While Y waits for something else, X is refused.
    assert_eq!(bench.start(Y, &[(0x02, 0xA00, SLI, 100)]), 0);
    assert_eq!(bench.interruptions(), [(X, ATTENTION, OK, 0)]);
    assert_eq!(bench.start(X, &[(0x02, 0xB00, SLI, 1)]), 1);
    assert_eq!(Csw::parse(bench.storage.u64(64)).unit, UnitStatus::BUSY | ATTENTION);
}

#[test]
fn a_tape_does_what_a_chain_says() {
    let mut bench = Bench::new();
    bench.storage.store(0x800, b"FIRST BLOCKSECOND");
    // Two blocks and a tape mark; back over the mark, which breaks the chain.
    let program = [(0x01, 0x800, CC, 11), (0x01, 0x80B, CC, 6), (0x1F, 0, CC, 1), (0x27, 0, CC, 1), (0x03, 0, NONE, 1)];
    assert_eq!(bench.start(TAPE, &program), 0);
    let exception = UnitStatus::DEVICE_END | UnitStatus::CONTROL_UNIT_END | UnitStatus::UNIT_EXCEPTION;
    let interruptions = bench.interruptions();
    assert_eq!(interruptions.len(), 1);
    assert_eq!(interruptions[0].1 & exception, exception);
    // Backward over the second block, then the first, each to the end of its area.
    let program = [(0x0C, 0xA0F, CC | SLI, 16), (0x0C, 0xB0A, NONE, 11)];
    assert_eq!(bench.start(TAPE, &program), 0);
    assert_eq!(bench.interruptions(), [(TAPE, ENDED, OK, 0)]);
    assert_eq!((bench.text(0xA0A, 6), bench.text(0xB00, 11)), (b"SECOND".to_vec(), b"FIRST BLOCK".to_vec()));
    // At the load point: unit check, and the chain ends.
    assert_eq!(bench.start(TAPE, &[(0x0C, 0xA0F, CC, 16), (0x03, 0, NONE, 1)]), 0);
    assert_eq!(bench.interruptions(), [(TAPE, UnitStatus::FAILED, LENGTH, 16)]);
    // Rewind: channel end at once, device end later.
    assert_eq!(bench.start(TAPE, &[(0x07, 0, SLI, 1)]), 1);
    assert_eq!(Csw::parse(bench.storage.u64(64)).unit, UnitStatus::CHANNEL_END);
    assert_eq!(bench.interruptions(), [(TAPE, UnitStatus::DEVICE_END, OK, 0)]);
}
