//! What the blocks of a file are: labels, CMS files, decks.

use s370_arch::ebcdic::printable;

/// Bytes of a card image, and of a label.
const CARD: usize = 80;
/// Bytes before the data in a block of a CMS file: X'02' and four characters.
const CMS_HEADER: usize = 5;
/// Bytes of a block of TAPE DUMP.
const DUMP_BLOCK: usize = 805;
/// Bytes of a file status table entry that the header of a VMFPLC2 file holds at least.
const STATUS_ENTRY: usize = 40;
/// Of so many bytes of a block some text is shown.
const TEXT: usize = 60;

/// What has been recognized.
#[derive(Default)]
pub(super) struct Contents {
    /// Finished lines.
    lines: Vec<String>,
    /// Card images that have not been said yet.
    cards: Cards,
    /// Blocks of none of the known kinds.
    others: u64,
}

/// A run of card images.
#[derive(Default)]
struct Cards {
    plain: u64,
    /// The first plain one that can be read.
    text: Option<String>,
    /// Cards of an object deck that has had no END card yet.
    object: u64,
    sections: Vec<String>,
}

impl Contents {
    /// Looks at the next block.
    pub(super) fn add(&mut self, block: &[u8]) {
        if let Some(label) = label(block) {
            self.flush();
            self.lines.push(label);
        } else if let Some(line) = cms(block) {
            self.flush();
            self.lines.extend(line);
        } else if block.len().is_multiple_of(CARD) {
            for card in block.chunks_exact(CARD) {
                self.add_card(card);
            }
        } else {
            self.flush();
            if self.others == 0
                && let Some(text) = readable(block)
            {
                self.lines.push(format!("begins \"{text}\""));
            }
            self.others += 1;
        }
    }

    /// What there is to say.
    pub(super) fn lines(mut self) -> Vec<String> {
        self.flush();
        self.lines
    }

    fn add_card(&mut self, card: &[u8]) {
        match object_card(card) {
            None => {
                self.flush_object();
                self.cards.plain += 1;
                if self.cards.text.is_none() {
                    self.cards.text = readable(&card[..72]);
                }
            }
            Some(kind) => {
                self.flush_plain();
                self.cards.object += 1;
                if kind == "ESD" {
                    sections(card, &mut self.cards.sections);
                }
                if kind == "END" {
                    self.flush_object();
                }
            }
        }
    }

    fn flush(&mut self) {
        self.flush_plain();
        self.flush_object();
    }

    fn flush_plain(&mut self) {
        let Cards { plain, text, .. } = &mut self.cards;
        let (count, text) = (std::mem::take(plain), text.take());
        if count > 0 {
            let text = text.map_or(String::new(), |text| format!(": {text}"));
            self.lines.push(format!("{}{text}", super::counted(count, "card image")));
        }
    }

    fn flush_object(&mut self) {
        let count = std::mem::take(&mut self.cards.object);
        let sections = std::mem::take(&mut self.cards.sections);
        if count > 0 {
            let names = if sections.is_empty() { "without names".to_owned() } else { sections.join(" ") };
            self.lines.push(format!("object deck of {}: {names}", super::counted(count, "card")));
        }
    }
}

/// The first text of a block, if it is text that one can read.
fn readable(block: &[u8]) -> Option<String> {
    let text: String = block.iter().take(TEXT).map(|&byte| printable(byte)).collect();
    let is_readable = |byte: &u8| *byte == 0x40 || printable(*byte) != '.' || *byte == 0x4B;
    let count = block.iter().take(TEXT).filter(|byte| is_readable(byte)).count();
    let text = text.trim_end();
    (!text.trim().is_empty() && count == block.len().min(TEXT)).then(|| text.to_owned())
}

/// What an object deck's card is.
fn object_card(card: &[u8]) -> Option<String> {
    let kind = card.strip_prefix(&[0x02]).map(|rest| text(&rest[..3]))?;
    ["ESD", "TXT", "RLD", "END", "SYM"].contains(&kind.as_str()).then_some(kind)
}

/// Control sections and common sections that an ESD card names.
fn sections(card: &[u8], into: &mut Vec<String>) {
    let bytes = usize::from(u16::from_be_bytes([card[10], card[11]])).min(48);
    for item in card[16..16 + bytes].chunks_exact(16) {
        let is_section = matches!(item[8], 0x00 | 0x04 | 0x05);
        let name = text(&item[..8]).trim_end().to_owned();
        if is_section && !name.is_empty() {
            into.push(name);
        }
    }
}

/// A standard label (GC26-3795), in words.
fn label(block: &[u8]) -> Option<String> {
    if block.len() != CARD {
        return None;
    }
    let field = |from: usize, length: usize| text(&block[from - 1..from - 1 + length]).trim().to_owned();
    let kind = field(1, 4);
    let date = |from: usize| {
        let text = field(from, 6);
        match text.get(text.len().saturating_sub(5)..) {
            Some(digits) if digits.len() == 5 && digits != "00000" && digits.bytes().all(|b| b.is_ascii_digit()) => {
                format!("{}.{}", &digits[..2], &digits[2..])
            }
            _ => "never".to_owned(),
        }
    };
    Some(match kind.as_str() {
        "VOL1" => format!("VOL1 serial {}, owner \"{}\"", field(5, 6), field(42, 10)),
        "HDR1" | "EOF1" | "EOV1" => format!(
            "{kind} data set {}, of volume {}, file {}, created {}, expires {}, {} blocks",
            field(5, 17),
            field(22, 6),
            field(32, 4),
            date(42),
            date(48),
            field(55, 6).trim_start_matches('0').parse::<u64>().unwrap_or(0),
        ),
        "HDR2" | "EOF2" | "EOV2" => format!(
            "{kind} record format {}{}, block length {}, record length {}",
            field(5, 1),
            field(39, 1),
            field(6, 5),
            field(11, 5)
        ),
        _ if kind.starts_with("UHL") || kind.starts_with("UTL") => format!("{kind} \"{}\"", field(5, 76)),
        _ => return None,
    })
}

/// A block of a CMS file: nothing to say of one with data, a line of one that describes the file.
fn cms(block: &[u8]) -> Option<Option<String>> {
    let kind = block.strip_prefix(&[0x02])?.get(..4).map(text)?;
    let rest = &block[CMS_HEADER..];
    match kind.as_str() {
        "PLCD" => Some(None),
        "PLCH" if rest.len() >= STATUS_ENTRY => Some(Some(status_entry(rest))),
        "CMS " | "CMSF" | "CMSV" if block.len() == DUMP_BLOCK => Some(None),
        "CMSN" if block.len() == DUMP_BLOCK => Some(Some(dumped(rest))),
        _ => None,
    }
}

fn halfword(bytes: &[u8], at: usize) -> u32 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]]).into()
}

fn fullword(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// What is said of a CMS file.
struct CmsFile<'a> {
    name: &'a [u8],
    kind: &'a [u8],
    mode: &'a [u8],
    format: u8,
    length: u32,
    records: u32,
    /// Two digits, EBCDIC.
    year: &'a [u8],
    /// Month, day, hour, minute in packed digits.
    date: &'a [u8],
}

impl CmsFile<'_> {
    fn line(&self) -> String {
        let date: Vec<String> = self.date.iter().map(|byte| format!("{byte:02X}")).collect();
        format!(
            "{:8} {:8} {:2} {} {:6} {:7} records  {}/{}/{} {}:{}",
            text(self.name),
            text(self.kind),
            text(self.mode),
            printable(self.format),
            self.length,
            self.records,
            date[0],
            date[1],
            text(self.year),
            date[2],
            date[3],
        )
    }
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| printable(byte)).collect()
}

/// The header of a VMFPLC2 file holds the file status table entry.
fn status_entry(entry: &[u8]) -> String {
    // Files of more records have the number in the extension.
    let extended = if entry.len() >= 0x3C { fullword(entry, 0x38) } else { 0 };
    let short = halfword(entry, 0x1A);
    CmsFile {
        name: &entry[..8],
        kind: &entry[8..16],
        mode: &entry[0x18..0x1A],
        format: entry[0x1E],
        length: fullword(entry, 0x20),
        records: if extended > short { extended } else { short },
        year: &entry[0x26..0x28],
        date: &entry[0x10..0x14],
    }
    .line()
}

/// The block that TAPE DUMP writes behind a file's data.
fn dumped(rest: &[u8]) -> String {
    CmsFile {
        name: &rest[0x40..0x48],
        kind: &rest[0x48..0x50],
        mode: &rest[0x04..0x06],
        format: rest[0x0A],
        length: fullword(rest, 0x0C),
        records: halfword(rest, 0x06),
        year: &rest[0x12..0x14],
        date: &rest[0x14..0x18],
    }
    .line()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;
    use s370_arch::ebcdic::from_text;

    use super::*;

    fn lines(blocks: &[&[u8]]) -> Vec<String> {
        let mut contents = Contents::default();
        for block in blocks {
            contents.add(block);
        }
        contents.lines()
    }

    fn card(text: &str) -> Vec<u8> {
        from_text(&format!("{text:80}"))
    }

    #[test]
    fn labels_are_read() {
        let volume = card("VOL1SRC001                               STONEMAN");
        let header = card("HDR1PAYROLL.MASTER   SRC00100010001       76001 99365 000000IBM OS/VS 370");
        let second = card(&format!("HDR2F008000008030{:21}B", "JOB1    /STEP1"));
        let end = card("EOF1PAYROLL.MASTER   SRC00100010001       76001 00000 000421IBM OS/VS 370");
        assert_eq!(
            lines(&[&volume, &header, &second, &end]),
            [
                "VOL1 serial SRC001, owner \"STONEMAN\"",
                "HDR1 data set PAYROLL.MASTER, of volume SRC001, file 0001, created 76.001, expires 99.365, 0 blocks",
                "HDR2 record format FB, block length 00800, record length 00080",
                "EOF1 data set PAYROLL.MASTER, of volume SRC001, file 0001, created 76.001, expires never, 421 blocks",
            ]
        );
    }

    #[test]
    fn cms_files_are_named() {
        let mut header = vec![0x02];
        header.extend(from_text("PLCHPROFILE EXEC    "));
        header.extend([0x07, 0x14, 0x21, 0x46, 0, 13, 0, 1]);
        header.extend(from_text("A1"));
        header.extend([0, 12, 0, 0, 0xC6, 0, 0, 0, 0, 80, 0, 2]);
        header.extend(from_text("81"));
        header.resize(CMS_HEADER + 72, 0);
        let mut data = vec![0x02];
        data.extend(from_text("PLCD"));
        data.resize(4005, 0);
        assert_eq!(lines(&[&header, &data]), ["PROFILE  EXEC     A1 F     80      12 records  07/14/81 21:46"]);
        let mut dumped = vec![0x02];
        dumped.extend(from_text("CMSN"));
        dumped.extend([0, 13, 0, 1]);
        dumped.extend(from_text("B2"));
        dumped.extend([0, 7, 0, 0, 0xE5, 0, 0, 0, 0, 130, 0, 2]);
        dumped.extend(from_text("76"));
        dumped.extend([0x12, 0x31, 0x23, 0x59]);
        dumped.resize(CMS_HEADER + 0x40, 0);
        dumped.extend(from_text("NOTES   MEMO    "));
        dumped.resize(DUMP_BLOCK, 0);
        let mut data = vec![0x02];
        data.extend(from_text("CMS "));
        data.resize(DUMP_BLOCK, 0x40);
        assert_eq!(lines(&[&data, &dumped]), ["NOTES    MEMO     B2 V    130       7 records  12/31/76 23:59"]);
    }

    #[test]
    fn decks_are_told_from_cards() {
        let object = |kind: &str| {
            let mut card = card("");
            card[0] = 0x02;
            card[1..4].copy_from_slice(&from_text(kind));
            card
        };
        let mut names = object("ESD");
        names[10..12].copy_from_slice(&[0, 32]);
        names[16..24].copy_from_slice(&from_text("MAIN    "));
        names[24] = 0x00;
        names[32..40].copy_from_slice(&from_text("EXTERN  "));
        names[40] = 0x02;
        let mut blocked = names.clone();
        blocked.extend(object("TXT"));
        blocked.extend(object("END"));
        blocked.extend(card("//JOB JOB"));
        assert_eq!(
            lines(&[&blocked, &card("/*"), &object("TXT")]),
            ["object deck of 3 cards: MAIN", "2 card images: //JOB JOB", "object deck of 1 card: without names"]
        );
    }

    #[test]
    fn other_blocks_may_have_text() {
        assert_eq!(lines(&[&from_text("LIBRARY OF 1976"), b"\x00\x01"]), ["begins \"LIBRARY OF 1976\""]);
        assert!(lines(&[b"\x00\x01\x02", &from_text("TEXT")]).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 512, rng_seed: RngSeed::Fixed(0x1976), failure_persistence: None, ..ProptestConfig::default()
        })]

        /// Blocks of anything, with what blocks of some kind begin with, do no harm to program or terminal.
        #[test]
        fn whatever_is_on_a_tape_can_be_shown(
            blocks in prop::collection::vec(
                (prop::sample::select(vec!["", "VOL1", "HDR1", "EOF2", "UHL", "?PLCH", "?CMSN", "?ESD", "?END"]),
                 prop::sample::select(vec![0usize, 45, 80, 160, 805]), prop::collection::vec(any::<u8>(), 1..900)), 1..6)
        ) {
            let blocks: Vec<Vec<u8>> = blocks.into_iter().map(|(start, length, mut bytes)| {
                if length > 0 {
                    bytes.resize(length, bytes[0]);
                }
                for (at, code) in from_text(start).into_iter().enumerate().take(bytes.len()) {
                    bytes[at] = if code == from_text("?")[0] { 0x02 } else { code };
                }
                bytes
            }).collect();
            let blocks: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
            for line in lines(&blocks) {
                prop_assert!(line.chars().all(|character| !character.is_control()), "{}", line);
            }
        }
    }
}
