//! What is on a track: home address, records, end mark.

/// Bytes of the home address.
pub const HOME_ADDRESS: usize = 5;
/// Bytes of a record's count area.
pub const COUNT: usize = 8;
/// What follows the last record.
pub const END: [u8; 8] = [0xFF; 8];

/// A record of a track's image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Where its count area begins.
    pub offset: usize,
    /// Cylinder, as its count says.
    pub cylinder: u16,
    /// Head, as its count says.
    pub head: u16,
    /// Its number.
    pub number: u8,
    /// Its key; empty if it has none.
    pub key: &'a [u8],
    /// Its data; empty for an end of file.
    pub data: &'a [u8],
}

/// The records of a track's image, from R0 on. Ends with the end mark, or before a record that the image has not room for.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    image: &'a [u8],
    at: usize,
}

/// The records of a track's image.
#[must_use]
pub const fn records(image: &[u8]) -> Records<'_> {
    Records { image, at: HOME_ADDRESS }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let count: [u8; COUNT] = self.image.get(self.at..self.at + COUNT)?.try_into().ok()?;
        if count == END {
            return None;
        }
        let [cylinder_high, cylinder_low, head_high, head_low, number, key_length, data_high, data_low] = count;
        let key_at = self.at + COUNT;
        let data_at = key_at + usize::from(key_length);
        let end = data_at + usize::from(u16::from_be_bytes([data_high, data_low]));
        let record = Record {
            offset: self.at,
            cylinder: u16::from_be_bytes([cylinder_high, cylinder_low]),
            head: u16::from_be_bytes([head_high, head_low]),
            number,
            key: self.image.get(key_at..data_at)?,
            data: self.image.get(data_at..end)?,
        };
        self.at = end;
        Some(record)
    }
}

/// Bytes of a track's image up to and with the end mark; `None` if it has none where one should be.
#[must_use]
pub fn used(image: &[u8]) -> Option<usize> {
    let mut records = records(image);
    records.by_ref().for_each(drop);
    let end = records.at + END.len();
    (image.get(records.at..end)? == END).then_some(end)
}

/// The home address of a track, with a flag byte of zero.
#[must_use]
pub const fn home_address(cylinder: u16, head: u16) -> [u8; HOME_ADDRESS] {
    let ([high, low], [head_high, head_low]) = (cylinder.to_be_bytes(), head.to_be_bytes());
    [0, high, low, head_high, head_low]
}

/// Appends a record.
pub fn push(image: &mut Vec<u8>, (cylinder, head, number): (u16, u16, u8), key: &[u8], data: &[u8]) {
    image.extend(&home_address(cylinder, head)[1..]);
    image.extend([number, key.len() as u8]);
    image.extend((data.len() as u16).to_be_bytes());
    image.extend(key);
    image.extend(data);
}

/// The ways in which a track that a compressed image does not hold may look.
pub const NULL_FORMATS: u8 = 3;

/// Replaces `image` by a track that a compressed image does not hold: home address, R0, and
///
/// - in format 0 an end of file as R1,
/// - in format 1 nothing,
/// - in format 2 twelve records of 4096 zeros.
///
/// `None` if there is no such format.
#[must_use]
pub fn null(format: u8, cylinder: u16, head: u16, image: &mut Vec<u8>) -> Option<()> {
    image.clear();
    image.extend(home_address(cylinder, head));
    push(image, (cylinder, head, 0), &[], &[0; 8]);
    match format {
        0 => push(image, (cylinder, head, 1), &[], &[]),
        1 => {}
        2 => (1..=12).for_each(|number| push(image, (cylinder, head, number), &[], &[0; 4096])),
        _ => return None,
    }
    image.extend(END);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut image = Vec::new();
        assert_eq!(null(1, 0x0102, 3, &mut image), Some(()));
        image.truncate(image.len() - END.len());
        push(&mut image, (0x0102, 3, 1), b"KEY", b"DATA");
        push(&mut image, (0x0102, 3, 2), b"", b"");
        image.extend(END);
        image
    }

    #[test]
    fn records_are_found_one_after_another() {
        let image = sample();
        let found: Vec<_> =
            records(&image).map(|record| (record.offset, record.number, record.key, record.data)).collect();
        let expected: [(usize, u8, &[u8], &[u8]); 3] =
            [(5, 0, b"", &[0; 8]), (21, 1, b"KEY", b"DATA"), (36, 2, b"", b"")];
        assert_eq!(found, expected);
        assert!(records(&image).all(|record| (record.cylinder, record.head) == (0x0102, 3)));
        assert_eq!(used(&image), Some(image.len()));
    }

    #[test]
    fn what_follows_the_end_mark_does_not_count() {
        let mut image = sample();
        let length = image.len();
        image.resize(length + 100, 0xAB);
        assert_eq!(used(&image), Some(length));
    }

    #[test]
    fn a_track_without_an_end_has_no_length() {
        let image = sample();
        for length in 0..image.len() {
            assert_eq!(used(&image[..length]), None, "{length}");
        }
        let mut image = image;
        let last = image.len() - END.len() - COUNT;
        image[last + 6] = 0x7F;
        assert_eq!(used(&image), None);
        assert_eq!(records(&image).count(), 2);
    }

    #[test]
    fn tracks_that_are_not_there_have_three_forms() {
        let mut image = Vec::new();
        let mut lengths = |format| {
            null(format, 5, 7, &mut image)?;
            assert_eq!(image[..5], [0, 0, 5, 0, 7]);
            assert_eq!(used(&image), Some(image.len()));
            Some(records(&image).map(|record| record.data.len()).collect::<Vec<_>>())
        };
        assert_eq!(lengths(0), Some(vec![8, 0]));
        assert_eq!(lengths(1), Some(vec![8]));
        assert_eq!(lengths(2), Some([&[8_usize][..], &[4096; 12]].concat()));
        assert_eq!(lengths(3), None);
    }
}
