//! Decompression of the DEFLATE format (RFC 1951) in a zlib wrapper (RFC 1950), for the tracks of compressed volumes.

/// Reads bits, least significant first.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    bit: u32,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u32> {
        let bit = u32::from(*self.data.get(self.at)?) >> self.bit & 1;
        self.bit += 1;
        if self.bit == 8 {
            self.bit = 0;
            self.at += 1;
        }
        Some(bit)
    }

    fn number(&mut self, bits: u32) -> Option<usize> {
        let mut value = 0;
        for n in 0..bits {
            value |= (self.bit()? as usize) << n;
        }
        Some(value)
    }
}

/// A prefix code: how many codes each length has, and the symbols in the order of their codes.
struct Code {
    counts: [usize; 16],
    symbols: Vec<usize>,
}

impl Code {
    fn new(lengths: &[usize]) -> Code {
        let mut counts = [0; 16];
        for &length in lengths.iter().filter(|&&length| length > 0) {
            counts[length] += 1;
        }
        let used = lengths.iter().enumerate().filter(|(_, length)| **length > 0);
        let mut symbols: Vec<(usize, usize)> = used.map(|(symbol, &length)| (length, symbol)).collect();
        symbols.sort_unstable();
        Code { counts, symbols: symbols.into_iter().map(|(_, symbol)| symbol).collect() }
    }

    fn symbol(&self, bits: &mut Bits<'_>) -> Option<usize> {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for &count in &self.counts[1..] {
            code |= bits.bit()? as usize;
            if code < first + count {
                return self.symbols.get(index + code - first).copied();
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }
}

const LENGTHS: [(usize, u32); 29] = {
    let mut table = [(0, 0); 29];
    let mut n = 0;
    let mut base = 3;
    while n < 28 {
        let extra = if n < 8 { 0 } else { n as u32 / 4 - 1 };
        table[n] = (base, extra);
        base += 1 << extra;
        n += 1;
    }
    table[28] = (258, 0);
    table
};

const DISTANCES: [(usize, u32); 30] = {
    let mut table = [(0, 0); 30];
    let mut n = 0;
    let mut base = 1;
    while n < 30 {
        let extra = if n < 4 { 0 } else { n as u32 / 2 - 1 };
        table[n] = (base, extra);
        base += 1 << extra;
        n += 1;
    }
    table
};

/// The two codes of a block whose codes are in the data.
fn dynamic(bits: &mut Bits<'_>) -> Option<(Code, Code)> {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let literals = bits.number(5)? + 257;
    let distances = bits.number(5)? + 1;
    let count = bits.number(4)? + 4;
    let mut lengths = [0; 19];
    for &place in &ORDER[..count] {
        lengths[place] = bits.number(3)?;
    }
    let code = Code::new(&lengths);
    let mut lengths = Vec::new();
    while lengths.len() < literals + distances {
        let (value, times) = match code.symbol(bits)? {
            16 => (*lengths.last()?, 3 + bits.number(2)?),
            17 => (0, 3 + bits.number(3)?),
            18 => (0, 11 + bits.number(7)?),
            length => (length, 1),
        };
        lengths.resize(lengths.len() + times, value);
    }
    Some((Code::new(&lengths[..literals]), Code::new(&lengths[literals..literals + distances])))
}

fn fixed() -> (Code, Code) {
    let length = |n| match n {
        0..144 | 280.. => 8,
        144..256 => 9,
        _ => 7,
    };
    (Code::new(&(0..288).map(length).collect::<Vec<_>>()), Code::new(&[5; 30]))
}

/// The data in a zlib stream, or `None` if it is damaged.
pub fn inflate(stream: &[u8]) -> Option<Vec<u8>> {
    let mut bits = Bits { data: stream.get(2..)?, at: 0, bit: 0 };
    let mut out = Vec::new();
    loop {
        let last = bits.bit()? == 1;
        let (literals, distances) = match bits.number(2)? {
            0 => {
                bits.at += usize::from(bits.bit > 0);
                bits.bit = 0;
                let length = bits.number(16)?;
                bits.number(16)?;
                out.extend_from_slice(bits.data.get(bits.at..bits.at + length)?);
                bits.at += length;
                if last {
                    return Some(out);
                }
                continue;
            }
            1 => fixed(),
            2 => dynamic(&mut bits)?,
            _ => return None,
        };
        loop {
            let symbol = literals.symbol(&mut bits)?;
            match symbol {
                0..256 => out.push(symbol as u8),
                256 => break,
                _ => {
                    let &(base, extra) = LENGTHS.get(symbol - 257)?;
                    let length = base + bits.number(extra)?;
                    let &(base, extra) = DISTANCES.get(distances.symbol(&mut bits)?)?;
                    let distance = base + bits.number(extra)?;
                    let start = out.len().checked_sub(distance)?;
                    for n in 0..length {
                        out.push(out[start + n]);
                    }
                }
            }
        }
        if last {
            return Some(out);
        }
    }
}
