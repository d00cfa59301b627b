//! A reel in an image: chunks with headers, in either direction.

use super::{
    super::MediaError,
    Direction, Format, LONGEST_BLOCK, Packing, Passed, Reel,
    header::{Coding, Header, Kind},
    window::Window,
};

/// The most that a chunk's header can say.
const LONGEST_CHUNK: usize = u16::MAX as usize;

/// Where the tape is.
#[derive(Clone, Copy)]
struct Place {
    /// Blocks and tape marks before it.
    position: u64,
    /// Bytes before it.
    offset: u64,
    /// Length of the chunk before it, without its header; 0 if that is a tape mark or there is none.
    previous: u16,
}

const LOAD_POINT: Place = Place { position: 0, offset: 0, previous: 0 };

/// What begins at a place.
enum Found {
    /// A block, and how it is compressed.
    Block(Packing),
    TapeMark,
    Nothing,
}

pub(super) struct ImageReel {
    file: Window,
    format: Format,
    coding: Coding,
    /// How to compress what is written.
    packing: Packing,
    protected: bool,
    end_mark: Option<u64>,
    place: Place,
    /// The compressed block that is being read.
    packed: Vec<u8>,
    /// What is being written.
    output: Vec<u8>,
    messages: Vec<String>,
    /// Where a block was found that is not whole.
    torn: Option<u64>,
}

impl ImageReel {
    pub(super) fn new(file: Window, format: Format, packing: Packing, protect: bool) -> ImageReel {
        ImageReel {
            protected: protect || file.is_read_only(),
            file,
            format,
            coding: format.coding(),
            packing,
            end_mark: None,
            place: LOAD_POINT,
            packed: Vec::new(),
            output: Vec::new(),
            messages: Vec::new(),
            torn: None,
        }
    }

    fn damaged(&self, offset: u64, what: impl Into<String>) -> MediaError {
        MediaError::Damaged { file: self.file.name().to_owned(), offset, what: what.into() }
    }

    /// The header at an offset; none if the file ends before its end.
    fn header(&mut self, offset: u64, direction: Direction) -> Result<Option<Header>, MediaError> {
        let length = self.coding.length();
        let bytes = self.file.at(offset, length, direction)?;
        if bytes.len() < length {
            return Ok(None);
        }
        let parsed = self.coding.parse(bytes);
        parsed.map(Some).map_err(|what| self.damaged(offset, what))
    }

    /// What begins at a place, and the place behind it. Fills `packed` if there is a block and its contents are wanted.
    fn scan(&mut self, from: Place, direction: Direction, wanted: bool) -> Result<(Found, Place), MediaError> {
        self.packed.clear();
        if from.offset >= self.file.length() {
            return Ok((Found::Nothing, from));
        }
        let mut packing = Packing::Plain;
        let mut total = 0;
        let mut at = from.offset;
        loop {
            let Some(header) = self.header(at, direction)? else { return Ok(self.torn(from)) };
            let next = at + (self.coding.length() + usize::from(header.length)) as u64;
            let next_place = Place { position: from.position + 1, offset: next, previous: header.length };
            let begins = at == from.offset;
            let last = match header.kind {
                Kind::TapeMark if begins => return Ok((Found::TapeMark, next_place)),
                Kind::Piece { first, last } if first == begins => last,
                Kind::Piece { .. } if begins => return Err(self.damaged(at, "a block without its beginning")),
                Kind::TapeMark | Kind::Piece { .. } => return Err(self.damaged(at, "a block without its end before")),
            };
            if begins {
                packing = header.packing;
            } else if packing != header.packing {
                return Err(self.damaged(at, "a block that is compressed in two ways"));
            }
            total += usize::from(header.length);
            if total > LONGEST_BLOCK {
                return Err(self.damaged(from.offset, format!("a block of more than {LONGEST_BLOCK} bytes")));
            }
            if next > self.file.length() {
                return Ok(self.torn(from));
            }
            if wanted {
                let data = self.file.at(at + self.coding.length() as u64, header.length.into(), direction)?;
                self.packed.extend_from_slice(data);
            }
            if last {
                return Ok((Found::Block(packing), next_place));
            }
            at = next;
        }
    }

    /// A block that the file ends in: its writer died, and was never told that it was written.
    fn torn(&mut self, from: Place) -> (Found, Place) {
        if self.torn != Some(from.offset) {
            self.torn = Some(from.offset);
            let bytes = self.file.length() - from.offset;
            self.messages.push(format!(
                "{}: offset {}: the last {bytes} bytes are no whole block; the tape ends before them",
                self.file.name(),
                from.offset
            ));
        }
        (Found::Nothing, from)
    }

    /// Where the block or tape mark before this place begins; none at the load point.
    fn before(&mut self) -> Result<Option<Place>, MediaError> {
        let Place { position, mut offset, mut previous } = self.place;
        if offset == 0 {
            return Ok(None);
        }
        let mut total = 0;
        loop {
            let length = (self.coding.length() + usize::from(previous)) as u64;
            let Some(at) = offset.checked_sub(length) else {
                return Err(self.damaged(offset, format!("a chunk of {previous} bytes cannot be before this")));
            };
            let header = match self.header(at, Direction::Backward) {
                // Whatever is there, it is no header.
                Err(MediaError::Damaged { .. }) => None,
                header => header?,
            };
            let Some(header) = header.filter(|header| header.length == previous) else {
                return Err(self.damaged(offset, format!("the chunk before this is said to have {previous} bytes")));
            };
            total += usize::from(header.length);
            if total > LONGEST_BLOCK {
                return Err(self.damaged(offset, format!("a block of more than {LONGEST_BLOCK} bytes")));
            }
            if matches!(header.kind, Kind::TapeMark | Kind::Piece { first: true, .. }) {
                // Lengths that lie may have led elsewhere than the way here.
                let position = if at == 0 { 0 } else { position.saturating_sub(1) };
                return Ok(Some(Place { position, offset: at, previous: header.previous }));
            }
            (offset, previous) = (at, header.previous);
        }
    }

    fn pass(&mut self, direction: Direction, into: Option<&mut Vec<u8>>) -> Result<Passed, MediaError> {
        let (from, to) = match direction {
            Direction::Forward => (self.place, None),
            Direction::Backward => match self.before()? {
                None => return Ok(Passed::LoadPoint),
                Some(before) => (before, Some(before)),
            },
        };
        let (found, behind) = self.scan(from, direction, into.is_some())?;
        if to.is_some() && behind.offset != self.place.offset {
            return Err(self.damaged(from.offset, format!("no block from here to {}", self.place.offset)));
        }
        let passed = match found {
            Found::Nothing => return Ok(Passed::Unrecorded),
            Found::TapeMark => Passed::TapeMark,
            Found::Block(packing) => {
                if let Some(into) = into {
                    self.unpack(packing, from.offset, into)?;
                }
                Passed::Block
            }
        };
        self.place = to.unwrap_or(behind);
        Ok(passed)
    }

    fn unpack(&mut self, packing: Packing, offset: u64, into: &mut Vec<u8>) -> Result<(), MediaError> {
        if packing == Packing::Plain {
            std::mem::swap(into, &mut self.packed);
            return Ok(());
        }
        let what = match packing.unpack(&self.packed, LONGEST_BLOCK, into) {
            Ok(()) if into.is_empty() => "a block of no bytes".to_owned(),
            Ok(()) if into.len() > LONGEST_BLOCK => format!("a block of more than {LONGEST_BLOCK} bytes"),
            Ok(()) => return Ok(()),
            Err(error) => format!("a block that does not decompress: {error}"),
        };
        into.clear();
        Err(self.damaged(offset, what))
    }

    fn check_ring(&self) -> Result<(), MediaError> {
        if self.protected { Err(MediaError::ReadOnly { file: self.file.name().to_owned() }) } else { Ok(()) }
    }

    /// Writes what `output` holds, whose last chunk has this length.
    fn write(&mut self, last_chunk: u16) -> Result<(), MediaError> {
        self.torn = None;
        self.file.end_with(self.place.offset, &self.output)?;
        self.place.position += 1;
        self.place.offset += self.output.len() as u64;
        self.place.previous = last_chunk;
        Ok(())
    }
}

impl Reel for ImageReel {
    fn name(&self) -> &str {
        self.file.name()
    }

    fn format(&self) -> Format {
        self.format
    }

    fn is_protected(&self) -> bool {
        self.protected
    }

    fn position(&self) -> u64 {
        self.place.position
    }

    fn offset(&self) -> u64 {
        self.place.offset
    }

    fn is_at_load_point(&self) -> bool {
        self.place.offset == 0
    }

    fn set_end_mark(&mut self, offset: Option<u64>) {
        self.end_mark = offset;
    }

    fn is_past_end_mark(&self) -> bool {
        self.end_mark.is_some_and(|mark| self.place.offset >= mark)
    }

    fn read(&mut self, direction: Direction, into: &mut Vec<u8>) -> Result<Passed, MediaError> {
        into.clear();
        self.pass(direction, Some(into))
    }

    fn space(&mut self, direction: Direction) -> Result<Passed, MediaError> {
        self.pass(direction, None)
    }

    fn write_block(&mut self, block: &[u8]) -> Result<(), MediaError> {
        self.check_ring()?;
        let longest = if self.coding == Coding::Digits { LONGEST_CHUNK } else { LONGEST_BLOCK };
        if block.is_empty() || block.len() > longest {
            let what = format!("a block of {} bytes cannot be written: 1 to {longest}", block.len());
            return Err(self.damaged(self.place.offset, what));
        }
        let packed = self.packing.pack(block);
        let packing = if packed.is_some() { self.packing } else { Packing::Plain };
        let bytes = packed.as_deref().unwrap_or(block);
        self.output.clear();
        let mut previous = self.place.previous;
        let mut chunks = bytes.chunks(LONGEST_CHUNK).peekable();
        let mut first = true;
        while let Some(chunk) = chunks.next() {
            let kind = Kind::Piece { first, last: chunks.peek().is_none() };
            let length = chunk.len() as u16;
            self.coding.emit(Header { length, previous, kind, packing }, &mut self.output);
            self.output.extend_from_slice(chunk);
            previous = length;
            first = false;
        }
        self.write(previous)
    }

    fn write_tape_mark(&mut self) -> Result<(), MediaError> {
        self.check_ring()?;
        self.output.clear();
        let previous = self.place.previous;
        let header = Header { length: 0, previous, kind: Kind::TapeMark, packing: Packing::Plain };
        self.coding.emit(header, &mut self.output);
        self.write(0)
    }

    fn erase(&mut self) -> Result<(), MediaError> {
        self.check_ring()?;
        self.torn = None;
        self.file.end_with(self.place.offset, &[])
    }

    fn rewind(&mut self) {
        self.place = LOAD_POINT;
    }

    fn take_messages(&mut self) -> Vec<String> {
        std::mem::take(&mut self.messages)
    }
}
