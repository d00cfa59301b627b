//! Reels against a row of blocks, images by hand, images that lie.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::{
    super::{Buffer, MediaError, Medium},
    Direction::{Backward, Forward},
    *,
};

/// A file whose bytes the test can see while a reel has it.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Buffer>>);

impl Shared {
    fn new(name: &str, bytes: &[u8]) -> Shared {
        let buffer = Buffer { name: name.to_owned(), bytes: bytes.to_vec(), read_only: false };
        Shared(Arc::new(Mutex::new(buffer)))
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().bytes.clone()
    }

    fn open(&self, options: Options) -> Result<Box<dyn Reel>, MediaError> {
        open(Box::new(self.clone()), options)
    }
}

impl Medium for Shared {
    fn name(&self) -> &str {
        "reel"
    }

    fn length(&mut self) -> std::io::Result<u64> {
        self.0.lock().unwrap().length()
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().read_at(offset, into)
    }

    fn write_at(&mut self, offset: u64, from: &[u8]) -> std::io::Result<()> {
        self.0.lock().unwrap().write_at(offset, from)
    }

    fn set_length(&mut self, length: u64) -> std::io::Result<()> {
        self.0.lock().unwrap().set_length(length)
    }

    fn is_read_only(&self) -> bool {
        self.0.lock().unwrap().is_read_only()
    }
}

fn named(name: &str, bytes: &[u8]) -> Box<dyn Reel> {
    let buffer = Buffer { name: name.to_owned(), bytes: bytes.to_vec(), read_only: false };
    open(Box::new(buffer), Options::default()).unwrap()
}

fn read(reel: &mut dyn Reel, direction: Direction) -> (Passed, Vec<u8>) {
    let mut block = Vec::new();
    let passed = reel.read(direction, &mut block).unwrap();
    (passed, block)
}

fn mark() -> (Passed, Vec<u8>) {
    (Passed::TapeMark, Vec::new())
}

fn block(bytes: &[u8]) -> (Passed, Vec<u8>) {
    (Passed::Block, bytes.to_vec())
}

#[test]
fn an_awstape_image_by_hand() {
    let image = b"\x03\0\0\0\xA0\0abc\0\0\x03\0\x40\0\x02\0\0\0\xA0\0de";
    let mut reel = named("x.aws", image);
    assert_eq!(reel.format(), Format::Aws);
    assert!(reel.is_at_load_point());
    assert_eq!(read(&mut *reel, Forward), block(b"abc"));
    assert_eq!((reel.position(), reel.offset()), (1, 9));
    assert_eq!(read(&mut *reel, Forward), mark());
    assert_eq!(read(&mut *reel, Forward), block(b"de"));
    assert_eq!(read(&mut *reel, Forward).0, Passed::Unrecorded);
    assert_eq!(reel.position(), 3);
    assert_eq!(read(&mut *reel, Backward), block(b"de"));
    assert_eq!(reel.space(Backward).unwrap(), Passed::TapeMark);
    assert_eq!(reel.space(Backward).unwrap(), Passed::Block);
    assert!(reel.is_at_load_point());
    assert_eq!(read(&mut *reel, Backward).0, Passed::LoadPoint);

    let file = Shared::new("y.aws", b"");
    let mut reel = file.open(Options::default()).unwrap();
    reel.write_block(b"abc").unwrap();
    reel.write_tape_mark().unwrap();
    reel.write_block(b"de").unwrap();
    assert_eq!(file.bytes(), image);
    reel.locate(1).unwrap();
    reel.write_block(b"f").unwrap();
    assert_eq!(file.bytes(), b"\x03\0\0\0\xA0\0abc\x01\0\x03\0\xA0\0f");
    assert_eq!(reel.space(Forward).unwrap(), Passed::Unrecorded);
    reel.locate(0).unwrap();
    reel.erase().unwrap();
    assert_eq!(file.bytes(), b"");
}

#[test]
fn a_faketape_image_by_hand() {
    let image = b"000000030003abc000300000003000000020002de";
    let mut reel = named("x", image);
    assert_eq!(reel.format(), Format::FakeTape);
    assert_eq!(read(&mut *reel, Forward), block(b"abc"));
    assert_eq!(read(&mut *reel, Forward), mark());
    assert_eq!(read(&mut *reel, Forward), block(b"de"));
    assert_eq!(read(&mut *reel, Backward), block(b"de"));
    assert_eq!(read(&mut *reel, Backward), mark());
    let file = Shared::default();
    let mut reel = file.open(Options { format: Some(Format::FakeTape), ..Options::default() }).unwrap();
    reel.write_block(b"abc").unwrap();
    reel.write_tape_mark().unwrap();
    reel.write_block(b"de").unwrap();
    assert_eq!(file.bytes(), image);
    assert!(reel.write_block(&[0; 0x10000]).is_err());
    assert_eq!(reel.position(), 3);
}

#[test]
fn a_het_image_has_compressed_blocks_in_pieces() {
    let long: Vec<u8> =
        (0..200_000u32).map(|n| (n.wrapping_mul(0x9E37_79B1) >> 24) as u8 ^ (n.wrapping_pow(3) >> 5) as u8).collect();
    for packing in [Packing::Zlib, Packing::Bzip2, Packing::BusTech, Packing::Plain] {
        let file = Shared::default();
        let options = Options { format: Some(Format::Het), packing: Some(packing), ..Options::default() };
        let mut reel = file.open(options).unwrap();
        reel.write_block(&[7; 4096]).unwrap();
        reel.write_block(&long).unwrap();
        reel.write_tape_mark().unwrap();
        let (method, other) = match packing {
            Packing::Plain => (0, 0),
            Packing::Zlib => (1, 0),
            Packing::Bzip2 => (2, 0),
            Packing::BusTech => (0, 0x80),
        };
        assert_eq!(file.bytes()[4..6], [0xA0 | method, other]);
        // An AWSTAPE reader finds out by itself.
        let mut reel = file.open(Options::default()).unwrap();
        assert_eq!(reel.format(), if packing == Packing::Plain { Format::Aws } else { Format::Het });
        assert_eq!(read(&mut *reel, Forward), block(&[7; 4096]));
        assert_eq!(read(&mut *reel, Forward), block(&long));
        assert_eq!(read(&mut *reel, Forward), mark());
        assert_eq!(read(&mut *reel, Backward), mark());
        assert_eq!(read(&mut *reel, Backward), block(&long));
        assert_eq!(read(&mut *reel, Backward), block(&[7; 4096]));
        assert_eq!(read(&mut *reel, Backward).0, Passed::LoadPoint);
    }
}

#[test]
fn names_stand_for_formats_of_empty_files() {
    for (name, format) in
        [("a.het", Format::Het), ("a.HET", Format::Het), ("a.fkt", Format::FakeTape), ("a", Format::Aws)]
    {
        assert_eq!(named(name, b"").format(), format);
    }
}

#[test]
fn without_a_write_ring_nothing_is_written() {
    let buffer = Buffer { name: "x".to_owned(), bytes: Vec::new(), read_only: true };
    let mut reel = open(Box::new(buffer), Options::default()).unwrap();
    assert!(reel.is_protected());
    assert!(matches!(reel.write_block(b"x"), Err(MediaError::ReadOnly { .. })));
    assert!(matches!(reel.write_tape_mark(), Err(MediaError::ReadOnly { .. })));
    assert!(matches!(reel.erase(), Err(MediaError::ReadOnly { .. })));
    let file = Shared::default();
    let mut reel = file.open(Options { protect: true, ..Options::default() }).unwrap();
    assert!(matches!(reel.write_block(b"x"), Err(MediaError::ReadOnly { .. })));
}

#[test]
fn the_end_mark_is_passed() {
    let mut reel = named("x", b"");
    assert!(!reel.is_past_end_mark());
    reel.set_end_mark(Some(20));
    reel.write_block(b"0123456").unwrap();
    assert!(!reel.is_past_end_mark());
    reel.write_tape_mark().unwrap();
    reel.write_tape_mark().unwrap();
    assert!(reel.is_past_end_mark());
    reel.space(Backward).unwrap();
    assert!(!reel.is_past_end_mark());
}

/// Whatever a process left of its last write, the blocks before it are there, and one can go on.
#[test]
fn a_torn_block_is_not_on_the_tape() {
    for format in [Format::Aws, Format::Het, Format::FakeTape] {
        let file = Shared::default();
        let options = Options { format: Some(format), ..Options::default() };
        let mut reel = file.open(options).unwrap();
        reel.write_block(b"first").unwrap();
        let whole = file.bytes().len();
        let long: Vec<u8> = (0..if format == Format::FakeTape { 300 } else { 70_000 })
            .map(|n: u64| (n.wrapping_pow(5) >> 3) as u8 ^ (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8)
            .collect();
        reel.write_block(&long).unwrap();
        let bytes = file.bytes();
        for length in (whole..bytes.len()).step_by(bytes.len() / 40) {
            let file = Shared::new("x", &bytes[..length]);
            let mut reel = file.open(options).unwrap();
            assert_eq!(read(&mut *reel, Forward), block(b"first"));
            assert_eq!(read(&mut *reel, Forward).0, Passed::Unrecorded);
            assert_eq!(reel.space(Forward).unwrap(), Passed::Unrecorded);
            let messages = reel.take_messages();
            assert_eq!(messages.len(), usize::from(length > whole), "{messages:?}");
            reel.write_block(b"second").unwrap();
            reel.rewind();
            assert_eq!(reel.space(Forward).unwrap(), Passed::Block);
            assert_eq!(read(&mut *reel, Forward), block(b"second"));
            assert_eq!(read(&mut *reel, Forward).0, Passed::Unrecorded);
            assert_eq!(reel.take_messages(), [""; 0]);
        }
    }
}

#[test]
fn lengths_that_lie_are_named_with_their_offset() {
    let error = |image: &[u8], steps: &[Direction]| {
        let mut reel = named("x.aws", image);
        let mut result = Ok(Passed::Block);
        for &direction in steps {
            result = reel.space(direction);
        }
        result.unwrap_err().to_string()
    };
    // The third header says that the second block has 2 bytes.
    let image = b"\x01\0\0\0\xA0\0a\x01\0\x01\0\xA0\0b\x01\0\x02\0\xA0\0c";
    assert_eq!(
        error(image, &[Forward, Forward, Forward, Backward, Backward]),
        "x.aws: offset 14: the chunk before this is said to have 2 bytes"
    );
    let image = b"\x01\0\0\0\xA0\0a\x01\0\xFF\xFF\xA0\0b";
    assert_eq!(
        error(image, &[Forward, Forward, Backward, Backward]),
        "x.aws: offset 7: a chunk of 65535 bytes cannot be before this"
    );
    let image = b"\x01\0\0\0\xA0\0a\x01\0\x01\0\x20\0b";
    assert_eq!(error(image, &[Forward, Forward]), "x.aws: offset 7: a block without its beginning");
    let image = b"\x01\0\0\0\x80\0a\x01\0\x01\0\xA0\0b";
    let refused = open(Box::new(Shared::new("x", image)), Options::default()).err().unwrap();
    assert_eq!(refused.to_string(), "reel: offset 7: a block without its end before");
    let refused = open(Box::new(Shared::new("x", b"no tape at all")), Options::default()).err().unwrap();
    assert!(refused.to_string().starts_with("reel: offset 0: "), "{refused}");
}

#[test]
fn what_decompresses_to_too_much_is_damaged() {
    let mut bomb = Vec::new();
    let packed = Packing::Zlib.pack(&vec![0; LONGEST_BLOCK + 1]).unwrap();
    let header = header::Header {
        length: packed.len() as u16,
        previous: 0,
        kind: header::Kind::Piece { first: true, last: true },
        packing: Packing::Zlib,
    };
    Coding::Binary.emit(header, &mut bomb);
    bomb.extend(packed);
    let mut reel = named("x.het", &bomb);
    let mut into = Vec::new();
    let error = reel.read(Forward, &mut into).unwrap_err();
    assert_eq!(error.to_string(), "x.het: offset 0: a block of more than 2097152 bytes");
    assert!(into.is_empty());
    assert!(reel.is_at_load_point());
}

#[derive(Clone, Debug)]
enum Step {
    Read(Direction),
    Space(Direction),
    Write(Vec<u8>),
    Mark,
    Erase,
    Rewind,
    Locate(u64),
    Remount,
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Forward), Just(Backward)]
}

fn contents() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => prop::collection::vec(any::<u8>(), 1..300),
        2 => (any::<u8>(), 1..5000usize).prop_map(|(byte, length)| vec![byte; length]),
        1 => (any::<u64>(), 60_000..140_000usize).prop_map(|(seed, length)| {
            (0..length as u64).map(|n| ((n ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
        }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => direction().prop_map(Step::Read),
        4 => direction().prop_map(Step::Space),
        8 => contents().prop_map(Step::Write),
        2 => Just(Step::Mark),
        1 => Just(Step::Erase),
        1 => Just(Step::Rewind),
        2 => (0..30u64).prop_map(Step::Locate),
        1 => Just(Step::Remount),
    ]
}

/// A tape: blocks, and tape marks as empty ones.
#[derive(Default)]
struct Model {
    tape: Vec<Vec<u8>>,
    at: usize,
}

impl Model {
    fn pass(&mut self, direction: Direction) -> (Passed, Vec<u8>) {
        let found = match direction {
            Forward if self.at == self.tape.len() => return (Passed::Unrecorded, Vec::new()),
            Backward if self.at == 0 => return (Passed::LoadPoint, Vec::new()),
            Forward => {
                self.at += 1;
                self.tape[self.at - 1].clone()
            }
            Backward => {
                self.at -= 1;
                self.tape[self.at].clone()
            }
        };
        (if found.is_empty() { Passed::TapeMark } else { Passed::Block }, found)
    }

    fn write(&mut self, block: Vec<u8>) {
        self.tape.truncate(self.at);
        self.tape.push(block);
        self.at += 1;
    }
}

fn check(format: Format, packing: Packing, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let file = Shared::default();
    let options = Options { format: Some(format), packing: Some(packing), protect: false };
    let mut reel = file.open(options).unwrap();
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Read(direction) => prop_assert_eq!(read(&mut *reel, direction), model.pass(direction)),
            Step::Space(direction) => prop_assert_eq!(reel.space(direction).unwrap(), model.pass(direction).0),
            Step::Write(mut block) => {
                block.truncate(if format == Format::FakeTape { 65_535 } else { LONGEST_BLOCK });
                reel.write_block(&block).unwrap();
                model.write(block);
            }
            Step::Mark => {
                reel.write_tape_mark().unwrap();
                model.write(Vec::new());
            }
            Step::Erase => {
                reel.erase().unwrap();
                model.tape.truncate(model.at);
            }
            Step::Rewind => {
                reel.rewind();
                model.at = 0;
            }
            Step::Locate(position) => {
                reel.locate(position).unwrap();
                model.at = model.tape.len().min(position as usize);
            }
            Step::Remount => {
                reel = file.open(options).unwrap();
                model.at = 0;
            }
        }
        prop_assert_eq!(reel.position(), model.at as u64);
        prop_assert_eq!(reel.is_at_load_point(), model.at == 0);
        prop_assert!(reel.take_messages().is_empty());
    }
    Ok(())
}

fn config(cases: u32, seed: u64) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..ProptestConfig::default() }
}

/// A small tape of several files.
fn sample(format: Format, packing: Packing) -> Vec<u8> {
    let file = Shared::default();
    let mut reel = file.open(Options { format: Some(format), packing: Some(packing), protect: false }).unwrap();
    for length in [80, 80, 0, 4000, 3999, 1, 0, 0, 500, 60_000, 0] {
        match length {
            0 => reel.write_tape_mark().unwrap(),
            _ => reel.write_block(&(0..length).map(|n| (n % 7) as u8).collect::<Vec<_>>()).unwrap(),
        }
    }
    file.bytes()
}

proptest! {
    #![proptest_config(config(48, 0x2400))]

    #[test]
    fn reels_are_rows_of_blocks(
        steps in prop::collection::vec(step(), 1..60),
        format in prop::sample::select(vec![
            (Format::Aws, Packing::Plain), (Format::FakeTape, Packing::Plain), (Format::Het, Packing::Zlib),
            (Format::Het, Packing::Bzip2), (Format::Het, Packing::BusTech),
        ]),
    ) {
        check(format.0, format.1, steps)?;
    }
}

proptest! {
    #![proptest_config(config(768, 0x3420))]

    /// Images that somebody has meddled with are read as far as they go, in both directions, and written to.
    #[test]
    fn damaged_images_do_no_harm(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
        format in prop::sample::select(vec![Format::Aws, Format::FakeTape, Format::Het]),
        directions in prop::collection::vec(direction(), 1..40),
    ) {
        let mut image = sample(format, Packing::Zlib);
        for (index, byte, near) in changes {
            // Headers are what matters: most of the changes go to the first ones.
            let range = if near > 0 { image.len().min(200) } else { image.len() };
            image[index.index(range)] = byte;
        }
        if let Some(cut) = cut {
            image.truncate(cut.index(image.len()));
        }
        let file = Shared::new("x", &image);
        let Ok(mut reel) = file.open(Options { format: Some(format), ..Options::default() }) else { return Ok(()) };
        let mut block = Vec::new();
        for direction in directions {
            let before = reel.offset();
            match reel.read(direction, &mut block) {
                Ok(Passed::Block) => prop_assert!(!block.is_empty() && block.len() <= LONGEST_BLOCK),
                Ok(_) => prop_assert!(block.is_empty()),
                Err(error) => {
                    prop_assert!(error.to_string().starts_with("reel: offset "));
                    prop_assert_eq!(reel.offset(), before);
                }
            }
        }
        let at = reel.offset();
        reel.write_block(b"written").unwrap();
        prop_assert_eq!(read(&mut *reel, Backward), (Passed::Block, b"written".to_vec()));
        prop_assert_eq!(reel.offset(), at);
    }
}
