//! What is done to a tape whose writer is killed: steps that follow from a seed, and the tape that they make.

use devices::media::{
    MediaError,
    reel::{Direction, Format, Passed, Reel},
};

use crate::random::Rng;

/// One thing that is done to a tape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A block is written.
    Block(Vec<u8>),
    /// A tape mark is written.
    TapeMark,
    /// The tape moves backward over so many blocks and tape marks, or to the load point. The next step writes.
    Backward(u32),
}

/// The steps that follow from a seed, without end.
pub fn steps(seed: u64, format: Format) -> impl Iterator<Item = Step> {
    let mut rng = Rng::new(seed);
    let longest = if format == Format::FakeTape { 65_535 } else { 300_000 };
    let mut has_moved = true;
    std::iter::from_fn(move || {
        let may_move = !std::mem::replace(&mut has_moved, false);
        Some(match rng.below(20) {
            0 | 1 => Step::TapeMark,
            2 if may_move => {
                has_moved = true;
                Step::Backward(1 + rng.below(4))
            }
            _ => {
                let most = rng.pick(&[100, 1000, 4000, 20_000, longest]);
                let length = 1 + rng.below(most) as usize;
                let mut block = Vec::with_capacity(length + 8);
                let is_noise = rng.chance(50);
                let word = rng.u64();
                while block.len() < length {
                    block.extend(if is_noise { rng.u64() } else { word }.to_be_bytes());
                }
                block.truncate(length);
                Step::Block(block)
            }
        })
    })
}

/// Does a step; returns when it is complete.
///
/// # Errors
/// Those of the reel.
pub fn perform(step: &Step, reel: &mut dyn Reel) -> Result<(), MediaError> {
    match step {
        Step::Block(block) => reel.write_block(block),
        Step::TapeMark => reel.write_tape_mark(),
        Step::Backward(count) => (0..*count).try_for_each(|_| reel.space(Direction::Backward).map(drop)),
    }
}

/// A tape as a row of blocks; tape marks are empty ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tape {
    /// What stands on it.
    pub blocks: Vec<Vec<u8>>,
    /// Blocks before the place where it is.
    pub at: usize,
}

impl Tape {
    /// What a step makes of it.
    pub fn perform(&mut self, step: Step) {
        let block = match step {
            Step::Backward(count) => {
                self.at = self.at.saturating_sub(count as usize);
                return;
            }
            Step::Block(block) => block,
            Step::TapeMark => Vec::new(),
        };
        self.begin_writing();
        self.blocks.push(block);
        self.at += 1;
    }

    /// What a write does first: nothing follows it.
    pub fn begin_writing(&mut self) {
        self.blocks.truncate(self.at);
    }

    /// What stands on a reel.
    ///
    /// # Errors
    /// Those of the reel.
    pub fn read(reel: &mut dyn Reel) -> Result<Vec<Vec<u8>>, MediaError> {
        let mut blocks = Vec::new();
        let mut block = Vec::new();
        reel.rewind();
        while matches!(reel.read(Direction::Forward, &mut block)?, Passed::Block | Passed::TapeMark) {
            blocks.push(block.clone());
        }
        Ok(blocks)
    }
}
