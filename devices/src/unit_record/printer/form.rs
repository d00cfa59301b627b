//! Forms and the carriage that moves them: carriage tapes, and images for the forms control buffer (GA24-3543, "Forms
//! Control Buffer").

use thiserror::Error;

/// Channels of a carriage tape.
pub const CHANNELS: u8 = 12;

/// Lines that a form may have: the positions of the 3211's forms control buffer.
pub const MOST_LINES: usize = 180;

/// Bit 0 of the first byte of an image: it is an index byte, not a line.
const INDEX: u8 = 0x80;
/// Bit 1 of the index byte: to the left.
const INDEX_LEFT: u8 = 0x40;
/// Bits 3-7 of the index byte: positions.
const INDEX_COUNT: u8 = 0x1F;
/// Bit 3 of the first line: eight lines an inch; of any other: the last line.
const FLAG: u8 = 0x10;
/// Bits 4-7 of a line: its channel, or zero.
const CHANNEL: u8 = 0x0F;

/// Why a form cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FormError {
    /// The number of lines is out of range.
    #[error("a form of {0} lines: it must have 2 to {MOST_LINES}")]
    Lines(usize),
    /// There is no such channel.
    #[error("channel {0}: there are channels 1 to 12")]
    Channel(u8),
    /// A stop is beyond the form.
    #[error("channel {channel} on line {line}: the form has {lines} lines")]
    Stop {
        /// The channel.
        channel: u8,
        /// Its line.
        line: usize,
        /// Lines of the form.
        lines: usize,
    },
}

/// What is wrong with an image for the forms control buffer; the printer says load check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadError;

/// A form: its lines, and the channels at which skips end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// For each line, channel n as bit n.
    stops: Vec<u16>,
    eight_lines_an_inch: bool,
    index: i8,
}

impl Form {
    /// A form of six lines an inch with these stops: channel and line, from 1. A line may have several.
    ///
    /// # Errors
    /// A figure is out of range.
    pub fn new(lines: usize, stops: &[(u8, usize)]) -> Result<Form, FormError> {
        if !(2..=MOST_LINES).contains(&lines) {
            return Err(FormError::Lines(lines));
        }
        let mut form = Form { stops: vec![0; lines], eight_lines_an_inch: false, index: 0 };
        for &(channel, line) in stops {
            if !(1..=CHANNELS).contains(&channel) {
                return Err(FormError::Channel(channel));
            }
            let stop = form.stops.get_mut(line.wrapping_sub(1)).ok_or(FormError::Stop { channel, line, lines })?;
            *stop |= 1 << channel;
        }
        Ok(form)
    }

    /// The same form with lines an eighth of an inch apart.
    #[must_use]
    pub fn dense(self) -> Form {
        Form { eight_lines_an_inch: true, ..self }
    }

    /// The form of 66 lines, eleven inches, for which most software is written: channel 1 on line 1, channel 12 on line
    /// 61, channel 9 on line 63, the others six lines apart.
    #[must_use]
    pub fn standard() -> Form {
        let stops =
            [(1, 1), (2, 7), (3, 13), (4, 19), (5, 25), (6, 31), (7, 37), (8, 43), (10, 49), (11, 55), (12, 61)];
        let mut form = Form { stops: vec![0; 66], eight_lines_an_inch: false, index: 0 };
        for (channel, line) in stops.into_iter().chain([(9, 63)]) {
            form.stops[line - 1] |= 1 << channel;
        }
        form
    }

    /// The form of an image, which may have at most this many lines; an index byte only if the printer has indexing. What
    /// comes after the last line is ignored.
    ///
    /// # Errors
    /// There is no last line, there are too many lines, or a line has a channel above 12.
    pub fn of_image(image: &[u8], most_lines: usize, indexing: bool) -> Result<Form, LoadError> {
        let mut form = Form { stops: Vec::new(), eight_lines_an_inch: false, index: 0 };
        let mut lines = image;
        if let Some((&first, rest)) = image.split_first()
            && first & INDEX != 0
            && indexing
        {
            let count = (first & INDEX_COUNT) as i8;
            form.index = if first & INDEX_LEFT == 0 { count } else { -count };
            lines = rest;
        }
        for (n, &line) in lines.iter().take(most_lines).enumerate() {
            let channel = line & CHANNEL;
            if channel > CHANNELS {
                return Err(LoadError);
            }
            form.stops.push(if channel == 0 { 0 } else { 1 << channel });
            if line & FLAG != 0 {
                if n > 0 {
                    return Ok(form);
                }
                form.eight_lines_an_inch = true;
            }
        }
        Err(LoadError)
    }

    /// The image for the forms control buffer; of several channels on a line it has only the lowest.
    #[must_use]
    pub fn image(&self) -> Vec<u8> {
        let channel = |stops: u16| if stops == 0 { 0 } else { stops.trailing_zeros() as u8 };
        let mut lines: Vec<u8> = self.stops.iter().map(|&stops| channel(stops)).collect();
        if self.eight_lines_an_inch
            && let Some(first) = lines.first_mut()
        {
            *first |= FLAG;
        }
        if let Some(last) = lines.last_mut() {
            *last |= FLAG;
        }
        match self.index {
            0 => {}
            right @ 1.. => lines.insert(0, INDEX | right as u8),
            left => lines.insert(0, INDEX | INDEX_LEFT | left.unsigned_abs()),
        }
        lines
    }

    /// How many lines it has.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.stops.len()
    }

    /// Whether lines are an eighth of an inch apart, not a sixth.
    #[must_use]
    pub fn eight_lines_an_inch(&self) -> bool {
        self.eight_lines_an_inch
    }

    /// Positions by which lines are shifted to the right; negative ones to the left.
    #[must_use]
    pub fn index(&self) -> i8 {
        self.index
    }
}

/// Whether the last byte of an image without index byte says that it is the last line.
pub(super) fn has_last_line(image: &[u8]) -> bool {
    image.len() > 1 && image.last().is_some_and(|line| line & FLAG != 0)
}

/// A movement of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Motion {
    /// How often the end of the form was passed.
    pub pages: usize,
    /// Lines that were passed on the page where the movement ended.
    pub lines: usize,
    /// The channels of all lines that were reached, channel n as bit n.
    pub sensed: u16,
}

/// A form in a printer.
#[derive(Clone, Debug)]
pub struct Carriage {
    form: Form,
    /// The line at the print position, from 0.
    line: usize,
}

impl Carriage {
    /// The carriage with line 1 of a form at the print position.
    #[must_use]
    pub fn new(form: Form) -> Carriage {
        Carriage { form, line: 0 }
    }

    /// The form.
    #[must_use]
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// The line at the print position, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line + 1
    }

    /// Moves the form by some lines.
    pub fn space(&mut self, lines: usize) -> Motion {
        let mut motion = Motion { pages: 0, lines: 0, sensed: 0 };
        for _ in 0..lines {
            self.advance(&mut motion);
        }
        motion
    }

    /// Moves the form to the next line that has a channel: to that of the next page if the present line has it. None,
    /// and no movement, if no line has it.
    pub fn skip(&mut self, channel: u8) -> Option<Motion> {
        let stop = 1 << channel;
        if !self.form.stops.iter().any(|stops| stops & stop != 0) {
            return None;
        }
        let mut motion = Motion { pages: 0, lines: 0, sensed: 0 };
        loop {
            self.advance(&mut motion);
            if self.form.stops[self.line] & stop != 0 {
                return Some(motion);
            }
        }
    }

    fn advance(&mut self, motion: &mut Motion) {
        self.line += 1;
        motion.lines += 1;
        if self.line == self.form.lines() {
            self.line = 0;
            motion.pages += 1;
            motion.lines = 0;
        }
        motion.sensed |= self.form.stops[self.line];
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::RngSeed};

    use super::*;

    #[test]
    fn stops_must_be_on_the_form() {
        assert_eq!(Form::new(1, &[]), Err(FormError::Lines(1)));
        assert_eq!(Form::new(181, &[]), Err(FormError::Lines(181)));
        assert_eq!(Form::new(66, &[(13, 1)]), Err(FormError::Channel(13)));
        assert_eq!(Form::new(66, &[(0, 1)]), Err(FormError::Channel(0)));
        assert_eq!(Form::new(66, &[(1, 67)]), Err(FormError::Stop { channel: 1, line: 67, lines: 66 }));
        assert_eq!(Form::new(66, &[(1, 0)]), Err(FormError::Stop { channel: 1, line: 0, lines: 66 }));
        assert!(Form::new(180, &[(1, 180), (12, 180)]).is_ok());
    }

    #[test]
    fn an_image_ends_with_its_flagged_line() {
        let form = Form::of_image(&[0x01, 0, 0x0C, 0x19, 0xFF], 180, false).expect("four lines");
        assert_eq!(form, Form::new(4, &[(1, 1), (12, 3), (9, 4)]).expect("a form"));
        let dense = Form::of_image(&[0x11, 0x10], 180, false).expect("two lines");
        assert!(dense.eight_lines_an_inch());
        assert_eq!(dense.lines(), 2);
        assert_eq!(dense.image(), [0x11, 0x10]);
    }

    #[test]
    fn an_image_with_an_error_is_not_loaded() {
        assert_eq!(Form::of_image(&[], 180, true), Err(LoadError));
        assert_eq!(Form::of_image(&[0x01, 0, 0], 180, true), Err(LoadError), "no last line");
        assert_eq!(Form::of_image(&[0x01, 0x0D, 0x10], 180, true), Err(LoadError), "channel 13");
        let mut long = vec![0; 181];
        long[180] = 0x10;
        assert_eq!(Form::of_image(&long, 180, true), Err(LoadError), "181 lines");
        assert_eq!(Form::of_image(&long[1..], 180, true).map(|form| form.lines()), Ok(180));
    }

    #[test]
    fn the_index_byte_shifts_lines() {
        let index = |byte| Form::of_image(&[byte, 0, 0x10], 180, true).map(|form| (form.index(), form.lines()));
        assert_eq!(index(0x85), Ok((5, 2)));
        assert_eq!(index(0xC5), Ok((-5, 2)));
        assert_eq!(index(0x80), Ok((0, 2)));
        let without = Form::of_image(&[0x85, 0, 0x10], 180, false).expect("a line in place of an index");
        assert_eq!((without.index(), without.lines()), (0, 3));
    }

    #[test]
    fn a_skip_from_the_stop_goes_to_the_next_page() {
        let mut carriage = Carriage::new(Form::standard());
        assert_eq!(carriage.skip(1).map(|motion| (motion.pages, motion.lines)), Some((1, 0)));
        assert_eq!(carriage.skip(12).map(|motion| (motion.pages, motion.lines)), Some((0, 60)));
        assert_eq!(carriage.line(), 61);
        assert_eq!(carriage.space(3), Motion { pages: 0, lines: 3, sensed: 1 << 9 });
        assert_eq!(carriage.skip(2).map(|motion| (motion.pages, motion.lines)), Some((1, 6)));
        let mut plain = Carriage::new(Form::new(66, &[(1, 1)]).expect("a form"));
        assert_eq!(plain.skip(5), None);
        assert_eq!(plain.line(), 1);
    }

    fn image() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(any::<u8>(), 0..200)
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 500, rng_seed: RngSeed::Fixed(0x3211), failure_persistence: None, ..ProptestConfig::default()
        })]

        /// Pages and lines by division, against the carriage line by line.
        #[test]
        fn position_is_the_number_of_lines_modulo_the_form(
            lines in 2..=MOST_LINES, spaces in prop::collection::vec(0..4usize, 0..200)
        ) {
            let mut carriage = Carriage::new(Form::new(lines, &[]).expect("a form"));
            let mut total = 0;
            for n in spaces {
                let motion = carriage.space(n);
                let (before, after) = (total, total + n);
                total = after;
                prop_assert_eq!(carriage.line(), after % lines + 1);
                prop_assert_eq!(motion.pages, after / lines - before / lines);
                prop_assert_eq!(motion.lines, if motion.pages == 0 { n } else { after % lines });
            }
        }

        /// A skip ends at the nearest line with the channel after the present one, round the end of the form.
        #[test]
        fn a_skip_finds_the_nearest_stop(
            lines in 2..100usize, stops in prop::collection::vec((1..=12u8, 0..100usize), 1..20),
            from in 0..100usize, channel in 1..=12u8
        ) {
            let stops: Vec<_> = stops.into_iter().map(|(channel, line)| (channel, line % lines + 1)).collect();
            let mut carriage = Carriage::new(Form::new(lines, &stops).expect("a form"));
            carriage.space(from);
            let start = carriage.line();
            let distance = |&&(_, line): &&(u8, usize)| (line + lines - start - 1) % lines + 1;
            let nearest = stops.iter().filter(|(stop, _)| *stop == channel).min_by_key(distance);
            let motion = carriage.skip(channel);
            prop_assert_eq!(motion.is_some(), nearest.is_some());
            if let (Some(motion), Some(nearest)) = (motion, nearest) {
                prop_assert_eq!(carriage.line(), nearest.1);
                let passes_the_end = nearest.1 <= start;
                prop_assert_eq!(motion.pages, usize::from(passes_the_end));
                prop_assert_eq!(motion.lines, if passes_the_end { nearest.1 - 1 } else { distance(&nearest) });
            }
        }

        #[test]
        fn images_come_back(bytes in image()) {
            if let Ok(form) = Form::of_image(&bytes, MOST_LINES, true) {
                prop_assert_eq!(Form::of_image(&form.image(), MOST_LINES, true), Ok(form));
            }
        }
    }
}
