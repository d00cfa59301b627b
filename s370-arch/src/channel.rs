//! What a channel fetches and stores (GA22-7000-10, chapter 13): channel-command word, channel-address word,
//! channel-status word, channel ID.

use bitflags::bitflags;
use serde::{Deserialize, Serialize};

/// Bytes that one indirect-data-address word can designate.
pub const INDIRECT_BLOCK: u32 = 2048;

bitflags! {
    /// Bits 32-39 of a CCW ("Channel-Command Word").
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    pub struct CcwFlags: u8 {
        /// Chain data.
        const CHAIN_DATA = 0x80;
        /// Chain command.
        const CHAIN_COMMAND = 0x40;
        /// Suppress-length indication.
        const SUPPRESS_LENGTH = 0x20;
        /// Skip.
        const SKIP = 0x10;
        /// Program-controlled interruption.
        const PROGRAM_CONTROLLED = 0x08;
        /// Indirect data address.
        const INDIRECT = 0x04;
        /// Bits 38 and 39 must be zero, except in a transfer in channel.
        const RESERVED = 0x03;
    }
}

bitflags! {
    /// Bits 32-39 of a CSW ("Unit Status").
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    pub struct UnitStatus: u8 {
        /// Attention.
        const ATTENTION = 0x80;
        /// Status modifier.
        const STATUS_MODIFIER = 0x40;
        /// Control-unit end.
        const CONTROL_UNIT_END = 0x20;
        /// Busy.
        const BUSY = 0x10;
        /// Channel end.
        const CHANNEL_END = 0x08;
        /// Device end.
        const DEVICE_END = 0x04;
        /// Unit check.
        const UNIT_CHECK = 0x02;
        /// Unit exception.
        const UNIT_EXCEPTION = 0x01;
    }
}

impl UnitStatus {
    /// Channel end and device end: how most commands end.
    pub const ENDED: UnitStatus = UnitStatus::CHANNEL_END.union(UnitStatus::DEVICE_END);
    /// Channel end, device end and unit check.
    pub const FAILED: UnitStatus = UnitStatus::ENDED.union(UnitStatus::UNIT_CHECK);
}

bitflags! {
    /// Bits 40-47 of a CSW ("Channel Status").
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    pub struct ChannelStatus: u8 {
        /// Program-controlled interruption.
        const PROGRAM_CONTROLLED = 0x80;
        /// Incorrect length.
        const INCORRECT_LENGTH = 0x40;
        /// Program check.
        const PROGRAM_CHECK = 0x20;
        /// Protection check.
        const PROTECTION_CHECK = 0x10;
        /// Channel-data check.
        const DATA_CHECK = 0x08;
        /// Channel-control check.
        const CONTROL_CHECK = 0x04;
        /// Interface-control check.
        const INTERFACE_CHECK = 0x02;
        /// Chaining check.
        const CHAINING_CHECK = 0x01;
    }
}

/// A channel-command word ("Channel-Command Word"). It can hold invalid ones too: the channel says what is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ccw {
    /// Command code.
    pub command: u8,
    /// Data address: 24 bits.
    pub address: u32,
    /// Flags.
    pub flags: CcwFlags,
    /// Bits 40-47, which a channel ignores.
    pub ignored: u8,
    /// Count.
    pub count: u16,
}

impl Ccw {
    /// Reads eight bytes.
    #[must_use]
    pub fn parse(bytes: [u8; 8]) -> Ccw {
        let [command, a0, a1, a2, flags, ignored, c0, c1] = bytes;
        Ccw {
            command,
            address: u32::from_be_bytes([0, a0, a1, a2]),
            flags: CcwFlags::from_bits_retain(flags),
            ignored,
            count: u16::from_be_bytes([c0, c1]),
        }
    }

    /// The eight bytes.
    #[must_use]
    pub fn emit(self) -> [u8; 8] {
        let [_, a0, a1, a2] = self.address.to_be_bytes();
        let [c0, c1] = self.count.to_be_bytes();
        [self.command, a0, a1, a2, self.flags.bits(), self.ignored, c0, c1]
    }

    /// Whether the command is transfer in channel: bits 4-7 are 1000, bits 0-3 are ignored.
    #[must_use]
    pub fn is_transfer_in_channel(self) -> bool {
        self.command & 0x0F == 0x08
    }

    /// The kind of the command; `None` if bits 4-7 are zero, which no device may see.
    #[must_use]
    pub fn kind(self) -> Option<CommandKind> {
        CommandKind::of(self.command)
    }
}

/// What a command code's low bits say ("Command Code").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandKind {
    /// Bits 6-7 are 01.
    Write,
    /// Bits 6-7 are 10.
    Read,
    /// Bits 4-7 are 1100.
    ReadBackward,
    /// Bits 6-7 are 11.
    Control,
    /// Bits 4-7 are 0100.
    Sense,
    /// Bits 4-7 are 1000.
    TransferInChannel,
}

impl CommandKind {
    /// The kind of this command code; `None` if it is invalid.
    #[must_use]
    pub fn of(command: u8) -> Option<CommandKind> {
        Some(match command & 0x0F {
            0x00 => return None,
            0x04 => CommandKind::Sense,
            0x08 => CommandKind::TransferInChannel,
            0x0C => CommandKind::ReadBackward,
            low if low & 3 == 1 => CommandKind::Write,
            low if low & 3 == 2 => CommandKind::Read,
            _ => CommandKind::Control,
        })
    }

    /// Whether data goes from the device to storage.
    #[must_use]
    pub fn is_input(self) -> bool {
        matches!(self, CommandKind::Read | CommandKind::ReadBackward | CommandKind::Sense)
    }
}

/// The channel-address word at location 72 ("Channel-Address Word").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caw {
    /// Key, 0-15.
    pub key: u8,
    /// Bits 4-7, which must be zero.
    pub reserved: u8,
    /// Address of the first CCW: 24 bits, a multiple of eight.
    pub address: u32,
}

impl Caw {
    /// Reads the word.
    #[must_use]
    pub fn parse(word: u32) -> Caw {
        Caw { key: (word >> 28) as u8, reserved: (word >> 24 & 0x0F) as u8, address: word & 0x00FF_FFFF }
    }

    /// The word.
    #[must_use]
    pub fn emit(self) -> u32 {
        u32::from(self.key) << 28 | u32::from(self.reserved & 0x0F) << 24 | self.address & 0x00FF_FFFF
    }
}

/// The channel-status word at location 64 ("Channel-Status Word").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Csw {
    /// Key of the operation, 0-15.
    pub key: u8,
    /// Logout pending (bit 5).
    pub logout: bool,
    /// Deferred condition code, 0-3 (bits 6-7).
    pub deferred: u8,
    /// An address eight higher than that of the last CCW used: 24 bits.
    pub address: u32,
    /// Unit status.
    pub unit: UnitStatus,
    /// Channel status.
    pub channel: ChannelStatus,
    /// Residual count of the last CCW used.
    pub count: u16,
}

impl Csw {
    /// Reads the doubleword.
    #[must_use]
    pub fn parse(word: u64) -> Csw {
        Csw {
            key: (word >> 60) as u8,
            logout: word >> 58 & 1 != 0,
            deferred: (word >> 56 & 3) as u8,
            address: (word >> 32) as u32 & 0x00FF_FFFF,
            unit: UnitStatus::from_bits_retain((word >> 24) as u8),
            channel: ChannelStatus::from_bits_retain((word >> 16) as u8),
            count: word as u16,
        }
    }

    /// The doubleword.
    #[must_use]
    pub fn emit(self) -> u64 {
        u64::from(self.key) << 60
            | u64::from(self.logout) << 58
            | u64::from(self.deferred & 3) << 56
            | u64::from(self.address & 0x00FF_FFFF) << 32
            | u64::from(self.status()) << 16
            | u64::from(self.count)
    }

    /// Bits 32-47: unit and channel status, all that some endings store.
    #[must_use]
    pub fn status(self) -> u16 {
        u16::from_be_bytes([self.unit.bits(), self.channel.bits()])
    }
}

/// What STORE CHANNEL ID stores at location 168 ("STORE CHANNEL ID").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChannelKind {
    /// One operation at a time.
    Selector,
    /// Many slow operations at a time.
    ByteMultiplexer,
    /// Many operations at a time, a block each.
    BlockMultiplexer,
}

impl ChannelKind {
    /// The channel ID's word, for this channel model (12 bits) and length of the longest I/O extended logout.
    #[must_use]
    pub fn id(self, model: u16, logout_length: u16) -> u32 {
        let kind: u32 = match self {
            ChannelKind::Selector => 0,
            ChannelKind::ByteMultiplexer => 1,
            ChannelKind::BlockMultiplexer => 2,
        };
        kind << 28 | u32::from(model & 0x0FFF) << 16 | u32::from(logout_length)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_ccw_by_hand() {
        let ccw = Ccw::parse([0x02, 0x00, 0x12, 0x34, 0x60, 0x00, 0x00, 0x50]);
        assert_eq!(ccw.kind(), Some(CommandKind::Read));
        assert_eq!((ccw.address, ccw.count), (0x1234, 80));
        assert_eq!(ccw.flags, CcwFlags::CHAIN_COMMAND | CcwFlags::SUPPRESS_LENGTH);
        assert!(Ccw::parse([0xF8, 0, 0, 0, 0, 0, 0, 0]).is_transfer_in_channel());
    }

    #[test]
    fn kinds_of_commands() {
        let kinds = |codes: &[u8]| codes.iter().map(|&code| CommandKind::of(code)).collect::<Vec<_>>();
        assert_eq!(kinds(&[0x00, 0xF0]), [None, None]);
        assert_eq!(kinds(&[0x01, 0x0D]), [Some(CommandKind::Write); 2]);
        assert_eq!(kinds(&[0x02, 0x06, 0x0A, 0x0E]), [Some(CommandKind::Read); 4]);
        assert_eq!(kinds(&[0x03, 0x0B, 0x0F, 0x07]), [Some(CommandKind::Control); 4]);
        assert_eq!(kinds(&[0x04, 0xE4]), [Some(CommandKind::Sense); 2]);
        assert_eq!(kinds(&[0x0C]), [Some(CommandKind::ReadBackward)]);
    }

    proptest! {
        #[test]
        fn what_is_parsed_is_emitted(ccw: [u8; 8], caw: u32, csw: u64) {
            prop_assert_eq!(Ccw::parse(ccw).emit(), ccw);
            prop_assert_eq!(Caw::parse(caw).emit(), caw);
            // Bit 4 is always stored as zero.
            prop_assert_eq!(Csw::parse(csw).emit(), csw & !(1 << 59));
        }
    }
}
