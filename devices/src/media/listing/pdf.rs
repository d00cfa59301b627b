//! A listing as a PDF: made from a listing's text, a page for each form, in Courier. The text can be searched and copied.
//!
//! Nothing is kept in a PDF that is not in the text it is made from, so it can be made again at any time, and nothing is
//! lost if the process dies before it is made.

use std::io::{self, Write};

use flate2::{Compression, write::ZlibEncoder};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

/// How pages look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// What the PDF is called.
    pub title: String,
    /// Print positions of a line. Pages are made wider for longer lines.
    pub columns: usize,
    /// Lines of a form, 1 to [`MOST_LINES`]; what is on further lines goes to another page.
    pub lines: usize,
    /// Whether lines are an eighth of an inch apart, not a sixth.
    pub eight_lines_an_inch: bool,
    /// Whether every other half inch of the form has a green bar.
    pub bars: bool,
}

impl Default for Layout {
    fn default() -> Layout {
        Layout { title: String::new(), columns: 132, lines: 66, eight_lines_an_inch: false, bars: false }
    }
}

/// Lines that a form can have.
pub const MOST_LINES: usize = 180;

/// Points of an inch.
const INCH: f32 = 72.0;
/// Ten characters an inch.
const PITCH: f32 = 7.2;
/// Size at which Courier has ten characters an inch.
const SIZE: f32 = 12.0;
/// Where the tractor's holes would be, on each side.
const MARGIN: f32 = 60.0;
/// How far above the lower edge of a line its characters stand, for its height.
const BASELINE: f32 = 0.25;
/// Columns that a page can be made wide for: a page of a PDF has at most 14400 points.
const MOST_COLUMNS: usize = 1900;

const FONT: Name<'static> = Name(b"F");
const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const COURIER_FONT: Ref = Ref::new(3);
const BARS: Ref = Ref::new(4);
const INFORMATION: Ref = Ref::new(5);
const FIRST_PAGE: i32 = 6;

/// A page's lines, each with everything that is printed over another.
type Page<'a> = Vec<Vec<&'a str>>;

/// The pages of a text. A new page at its very beginning is none.
fn pages(text: &str, lines: usize) -> Vec<Page<'_>> {
    let mut pages = Vec::new();
    let form_feeds = text.matches('\u{C}').count();
    for (n, form) in text.split('\u{C}').enumerate() {
        let mut form: Vec<Vec<&str>> = form
            .split('\n')
            .map(|line| line.split('\r').filter(|layer| !layer.trim_end().is_empty()).collect())
            .collect();
        // What follows the last line feed is no line of its own.
        if form.last().is_some_and(Vec::is_empty) {
            form.pop();
        }
        if form.is_empty() && n > 0 && n < form_feeds {
            form.push(Vec::new());
        }
        pages.extend(form.chunks(lines).map(<[_]>::to_vec));
    }
    pages
}

/// Lines of the longest page of a text.
#[must_use]
pub fn longest_page(text: &str) -> usize {
    text.split('\u{C}').map(|form| form.strip_suffix('\n').unwrap_or(form).split('\n').count()).max().unwrap_or(0)
}

/// The PDF of a listing's text.
///
/// # Errors
/// There is no host storage for it.
pub fn render(text: &str, layout: &Layout) -> io::Result<Vec<u8>> {
    render_with(text, layout, &mut |_, _| {})
}

/// As [`render`]; `progress` is told how many pages are made, of how many.
///
/// # Errors
/// There is no host storage for it.
pub fn render_with(text: &str, layout: &Layout, progress: &mut dyn FnMut(u64, u64)) -> io::Result<Vec<u8>> {
    let lines = layout.lines.clamp(1, MOST_LINES);
    let mut pages = pages(text, lines);
    if pages.is_empty() {
        pages.push(Page::new());
    }
    let longest = pages.iter().flatten().flatten().map(|layer| layer.chars().count()).max().unwrap_or(0);
    let columns = layout.columns.max(longest).min(MOST_COLUMNS);
    let sheet = Sheet { layout, lines, width: (columns * 72) as f32 / 10.0 + 2.0 * MARGIN };

    let mut pdf = Pdf::new();
    pdf.catalog(CATALOG).pages(PAGES);
    pdf.type1_font(COURIER_FONT).base_font(Name(b"Courier")).encoding_predefined(Name(b"WinAnsiEncoding"));
    pdf.document_info(INFORMATION).title(TextStr(&layout.title)).producer(TextStr("Cambridge"));
    let compressed = |pdf: &mut Pdf, id: Ref, content: Content| -> io::Result<()> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content.finish().as_slice())?;
        pdf.stream(id, &encoder.finish()?).filter(Filter::FlateDecode);
        Ok(())
    };
    if layout.bars {
        compressed(&mut pdf, BARS, sheet.bars())?;
    }
    let mut next = FIRST_PAGE;
    let mut kids = Vec::with_capacity(pages.len());
    for (done, page) in (0..).zip(&pages) {
        progress(done, pages.len() as u64);
        let (page_id, content_id) = (Ref::new(next), Ref::new(next + 1));
        next += 2;
        kids.push(page_id);
        let mut object = pdf.page(page_id);
        object.parent(PAGES);
        object.contents_array(layout.bars.then_some(BARS).into_iter().chain([content_id]));
        object.finish();
        compressed(&mut pdf, content_id, sheet.text(page))?;
    }
    let mut tree = pdf.pages(PAGES);
    tree.count(kids.len() as i32).kids(kids);
    tree.media_box(Rect::new(0.0, 0.0, sheet.width, sheet.height()));
    tree.resources().fonts().pair(FONT, COURIER_FONT);
    tree.finish();
    Ok(pdf.finish())
}

/// A sheet of paper; lengths are in points.
struct Sheet<'a> {
    layout: &'a Layout,
    lines: usize,
    width: f32,
}

impl Sheet<'_> {
    fn line_height(&self) -> f32 {
        INCH / if self.layout.eight_lines_an_inch { 8.0 } else { 6.0 }
    }

    fn height(&self) -> f32 {
        self.lines as f32 * self.line_height()
    }

    /// Every second half inch from the second on.
    fn bars(&self) -> Content {
        let half = INCH / 2.0;
        let mut content = Content::new();
        content.set_fill_rgb(0.86, 0.95, 0.86);
        let mut top = self.height() - half;
        while top > 0.0 {
            let bottom = (top - half).max(0.0);
            content.rect(MARGIN / 2.0, bottom, self.width - MARGIN, top - bottom);
            top -= 2.0 * half;
        }
        content.fill_nonzero();
        content
    }

    fn text(&self, page: &Page) -> Content {
        let height = self.line_height();
        let mut content = Content::new();
        content.begin_text();
        content.set_font(FONT, height);
        // Ten characters an inch, however high they are.
        content.set_horizontal_scaling(100.0 * SIZE / height);
        for (n, line) in page.iter().enumerate() {
            let y = self.height() - (n + 1) as f32 * height + BASELINE * height;
            for layer in line {
                let begin = layer.chars().take_while(|&character| character == ' ').count();
                let text: Vec<u8> = layer.trim_matches(' ').chars().take(MOST_COLUMNS).map(win_ansi).collect();
                content.set_text_matrix([1.0, 0.0, 0.0, 1.0, MARGIN + begin as f32 * PITCH, y]);
                content.show(Str(&text));
            }
        }
        content.end_text();
        content
    }
}

/// A character in the encoding of the font: Latin-1, but for control characters.
fn win_ansi(character: char) -> u8 {
    match u8::try_from(character) {
        Ok(code) if !character.is_control() => code,
        _ => b'?',
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::ZlibDecoder;
    use proptest::{prelude::*, test_runner::RngSeed};

    use super::*;

    fn texts(text: &str, lines: usize) -> Vec<Vec<String>> {
        let line = |line: &Vec<&str>| line.join("+");
        pages(text, lines).iter().map(|page| page.iter().map(line).collect()).collect()
    }

    #[test]
    fn form_feeds_separate_pages() {
        assert_eq!(texts("\u{C}A\n\nB\n\u{C}C", 66), [vec!["A", "", "B"], vec!["C"]]);
        assert_eq!(texts("A\n\u{C}", 66), [["A"]]);
        assert_eq!(texts("A\u{C}\u{C}B", 66), [["A"], [""], ["B"]], "an empty page in between is a page");
        assert_eq!(texts("A\r_\r\n B\r\n", 66), [["A+_", " B"]]);
        assert_eq!(texts("1\n2\n3\n4\n5", 2), [vec!["1", "2"], vec!["3", "4"], vec!["5"]]);
        assert!(texts("", 66).is_empty());
    }

    #[test]
    fn the_longest_page() {
        for (text, lines) in [("", 1), ("A", 1), ("A\n", 1), ("A\n\nB\n\u{C}C\n", 3), ("\u{C}\n\n\u{C}", 2)] {
            assert_eq!(longest_page(text), lines, "{text:?}");
        }
    }

    /// The contents of all streams, and the number of pages.
    fn streams(pdf: &[u8]) -> (String, usize) {
        let mut all = String::new();
        let mut rest = pdf;
        let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|window| window == what);
        while let Some(at) = find(rest, b"\nstream\n") {
            rest = &rest[at + 8..];
            let mut bytes = Vec::new();
            ZlibDecoder::new(rest).read_to_end(&mut bytes).expect("a compressed stream");
            all.extend(bytes.iter().map(|&byte| char::from(byte)));
        }
        let count = String::from_utf8_lossy(pdf).matches("/Type /Page\n").count();
        (all, count)
    }

    #[test]
    fn a_page_shows_its_lines_where_they_were_printed() {
        let pdf = render("FIRST\r_____\n\n  THIRD ¬\n\u{C}NEXT (PAGE)", &Layout::default()).expect("host storage");
        assert!(pdf.starts_with(b"%PDF-1."));
        assert!(pdf.ends_with(b"%%EOF"));
        let mut told = Vec::new();
        let text = "FIRST\r_____\n\n  THIRD ¬\n\u{C}NEXT (PAGE)";
        let again = render_with(text, &Layout::default(), &mut |done, all| told.push((done, all)));
        assert_eq!((again.expect("host storage"), told), (pdf.clone(), vec![(0, 2), (1, 2)]));
        let (content, pages) = streams(&pdf);
        assert_eq!(pages, 2);
        let first = content.find("1 0 0 1 60 783 Tm\n(FIRST) Tj").expect("line 1");
        let over = content.find("1 0 0 1 60 783 Tm\n(_____) Tj").expect("printed over line 1");
        let third = content.find("1 0 0 1 74.4 759 Tm\n<544849524420AC> Tj").expect("line 3, position 3");
        assert!(first < over && over < third);
        assert!(content.contains("(NEXT (PAGE)) Tj"), "{content}");
        let text = String::from_utf8_lossy(&pdf).into_owned();
        assert!(text.contains("/MediaBox [0 0 1070.4 792]"), "{text}");
        assert!(text.contains("/WinAnsiEncoding"));
    }

    #[test]
    fn eight_lines_an_inch_and_bars() {
        let layout = Layout { lines: 88, eight_lines_an_inch: true, bars: true, ..Layout::default() };
        let pdf = render("A\nB", &layout).expect("host storage");
        let (content, _) = streams(&pdf);
        assert!(content.contains("/F 9 Tf\n133.33333 Tz"), "{content}");
        assert!(content.contains("1 0 0 1 60 785.25 Tm"));
        assert!(content.contains("1 0 0 1 60 776.25 Tm"));
        assert_eq!(content.matches(" re\n").count(), 11, "eleven inches");
        assert!(String::from_utf8_lossy(&pdf).contains(" 792]"));
    }

    #[test]
    fn long_lines_make_wide_pages() {
        let pdf = render(&"X".repeat(150), &Layout::default()).expect("host storage");
        assert!(String::from_utf8_lossy(&pdf).contains("/MediaBox [0 0 1200 792]"));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 100, rng_seed: RngSeed::Fixed(0x9DF), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn any_text_is_a_pdf(text in "[ -~\n\r\u{C}€]{0,400}", lines in 0..300usize, columns in 0..5000usize) {
            let layout = Layout { lines, columns, ..Layout::default() };
            let pdf = render(&text, &layout).expect("host storage");
            let (content, count) = streams(&pdf);
            prop_assert!(count >= 1);
            let shown = |text: &str| text.chars().filter(|character| *character == 'e').count();
            prop_assert!(shown(&content) >= shown(&text));
        }
    }
}
