//! The program-status word (GA22-7000-10, chapter 4, "Program-Status Word").
//!
//! ```text
//! BC  | channel masks 0-5, I/O, external | key | 0 M W P | interruption code | ILC CC | prog mask | address |
//!      0                               7  8-11  12    15  16             31  32  34   36       39  40   63
//! EC  | 0 R 0 0 0 T I E                  | key | 1 M W P | S 0 | CC | prog mask | 0 ...           | address |
//!      0                               7  8-11  12    15  16    18   20       23  24            39  40   63
//! ```

use serde::{Deserialize, Serialize};

/// Bits of the system mask (byte 0 of the PSW).
pub mod system_mask {
    /// EC: program-event recording (bit 1).
    pub const PER: u8 = 0x40;
    /// EC: dynamic address translation (bit 5).
    pub const TRANSLATION: u8 = 0x04;
    /// I/O interruptions: all channels in EC mode, channels 6 and up in BC mode (bit 6).
    pub const IO: u8 = 0x02;
    /// External interruptions (bit 7).
    pub const EXTERNAL: u8 = 0x01;
    /// EC: bits 0 and 2-4 must be zero.
    pub const EC_UNASSIGNED: u8 = 0xB8;
}

/// Bits of the program mask, as they stand in the low four bits of [`Psw::program_mask`].
pub mod program_mask {
    /// Fixed-point overflow.
    pub const FIXED_OVERFLOW: u8 = 8;
    /// Decimal overflow.
    pub const DECIMAL_OVERFLOW: u8 = 4;
    /// Exponent underflow.
    pub const EXPONENT_UNDERFLOW: u8 = 2;
    /// Significance.
    pub const SIGNIFICANCE: u8 = 1;
}

/// Bits 17 and 24-39 of an EC-mode PSW, which must be zero (bits 0 and 2-4 stand in the system mask).
const EC_UNASSIGNED: u64 = 0x0000_40FF_FF00_0000;
/// The instruction address.
const ADDRESS: u64 = 0x00FF_FFFF;

/// The current PSW.
///
/// In BC mode the interruption code and the instruction-length code are not part of it: they are given when it is
/// stored ([`Psw::emit`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Psw {
    /// Bits 0-7.
    pub system_mask: u8,
    /// Bits 8-11: the access key, 0-15.
    pub key: u8,
    /// Bit 12: extended-control mode.
    pub ec: bool,
    /// Bit 13: machine-check interruptions are allowed.
    pub machine_check: bool,
    /// Bit 14: wait state.
    pub wait: bool,
    /// Bit 15: problem state.
    pub problem: bool,
    /// EC bit 16: secondary-space mode.
    pub secondary: bool,
    /// Condition code, 0-3.
    pub cc: u8,
    /// Program mask, 0-15; see [`program_mask`].
    pub program_mask: u8,
    /// Instruction address, 24 bits.
    pub address: u32,
    /// Unassigned bits of an EC-mode PSW that were loaded as ones; at their places in the doubleword.
    pub unassigned: u64,
}

impl Psw {
    /// Takes a doubleword apart. Every doubleword is accepted; see [`Psw::is_format_valid`].
    #[inline]
    #[must_use]
    pub const fn parse(word: u64) -> Psw {
        let ec = word & 1 << 51 != 0;
        Psw {
            system_mask: (word >> 56) as u8,
            key: (word >> 52) as u8 & 15,
            ec,
            machine_check: word & 1 << 50 != 0,
            wait: word & 1 << 49 != 0,
            problem: word & 1 << 48 != 0,
            secondary: ec && word & 1 << 47 != 0,
            cc: (if ec { word >> 44 } else { word >> 28 }) as u8 & 3,
            program_mask: (if ec { word >> 40 } else { word >> 24 }) as u8 & 15,
            address: (word & ADDRESS) as u32,
            unassigned: if ec { word & EC_UNASSIGNED } else { 0 },
        }
    }

    /// The doubleword as an interruption stores it. `code` and `ilc` (in halfwords, 0-3) have a place in BC mode only.
    #[inline]
    #[must_use]
    pub const fn emit(self, code: u16, ilc: u8) -> u64 {
        let common = (self.system_mask as u64) << 56
            | (self.key as u64) << 52
            | (self.ec as u64) << 51
            | (self.machine_check as u64) << 50
            | (self.wait as u64) << 49
            | (self.problem as u64) << 48
            | self.address as u64;
        if self.ec {
            common
                | (self.secondary as u64) << 47
                | (self.cc as u64) << 44
                | (self.program_mask as u64) << 40
                | self.unassigned
        } else {
            common
                | (code as u64) << 32
                | (ilc as u64) << 30
                | (self.cc as u64) << 28
                | (self.program_mask as u64) << 24
        }
    }

    /// Whether the format is valid, so that no early specification exception follows its becoming current
    /// ("Exceptions Associated with the PSW"). `dual_address_space` tells whether that facility, and so bit 16, exists.
    #[must_use]
    pub const fn is_format_valid(self, dual_address_space: bool) -> bool {
        !self.ec
            || self.unassigned == 0
                && self.system_mask & system_mask::EC_UNASSIGNED == 0
                && (dual_address_space || !self.secondary)
    }

    /// Whether addresses are translated.
    #[must_use]
    pub const fn translation(self) -> bool {
        self.ec && self.system_mask & system_mask::TRANSLATION != 0
    }

    /// Whether program-event recording is on.
    #[must_use]
    pub const fn per(self) -> bool {
        self.ec && self.system_mask & system_mask::PER != 0
    }

    /// Whether external interruptions are allowed.
    #[must_use]
    pub const fn external(self) -> bool {
        self.system_mask & system_mask::EXTERNAL != 0
    }

    /// The channels (bit 31 − n for channel n of 0-31) from which I/O interruptions are allowed, given control
    /// register 2. In BC mode channels 0-5 have masks of their own and control register 2 does not apply to them.
    #[must_use]
    pub const fn io_channels(self, cr2: u32) -> u32 {
        let all = if self.system_mask & system_mask::IO != 0 { cr2 } else { 0 };
        if self.ec { all } else { (self.system_mask as u32 & 0xFC) << 24 | all & 0x03FF_FFFF }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_of_both_modes() {
        let bc = Psw::parse(0xFF05_1234_5F00_1000);
        assert_eq!((bc.cc, bc.program_mask, bc.address, bc.problem), (1, 15, 0x1000, true));
        assert_eq!(bc.emit(0x0042, 2), 0xFF05_0042_9F00_1000);
        let ec = Psw::parse(0x0709_2A00_0000_2000);
        assert!(ec.ec && ec.translation() && ec.problem && ec.external());
        assert_eq!((ec.cc, ec.program_mask), (2, 10));
    }

    #[test]
    fn ec_formats_that_are_not_valid() {
        for bit in [0, 2, 3, 4, 17, 24, 31, 32, 39] {
            let psw = Psw::parse(1 << 51 | 1 << (63 - bit));
            assert!(!psw.is_format_valid(true), "bit {bit}");
            assert_eq!(psw.emit(0, 0), 1 << 51 | 1 << (63 - bit));
        }
        assert!(Psw::parse(0x0008_8000_0000_0000).is_format_valid(true));
        assert!(!Psw::parse(0x0008_8000_0000_0000).is_format_valid(false));
    }

    #[test]
    fn channel_masks() {
        assert_eq!(Psw::parse(0x8200_0000_0000_0000).io_channels(0x0200_0000), 0x8200_0000);
        assert_eq!(Psw::parse(0x0208_0000_0000_0000).io_channels(0x8200_0000), 0x8200_0000);
        assert_eq!(Psw::parse(0xFC08_0000_0000_0000).io_channels(u32::MAX), 0);
    }

    proptest! {
        #[test]
        fn what_is_emitted_is_what_was_parsed(word: u64) {
            let psw = Psw::parse(word);
            prop_assert_eq!(Psw::parse(psw.emit(0, 0)), psw);
            let kept = if psw.ec { u64::MAX } else { !0x0000_FFFF_C000_0000 };
            prop_assert_eq!(psw.emit(0, 0) & kept, word & kept);
        }
    }
}
