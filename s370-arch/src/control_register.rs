//! Control registers: the fields that are assigned, as masks, and the initial values (GA22-7000-10, chapter 4,
//! "Control Registers").
//!
//! A mask selects its field in the 32-bit register; bit 0 of the manual is `0x8000_0000`.

/// The registers after an initial CPU reset. Positions that are not assigned are zero.
pub const INITIAL: [u32; 16] = [
    cr0::INTERVAL_TIMER | cr0::INTERRUPT_KEY | cr0::EXTERNAL_SIGNALS,
    0,
    0xFFFF_FFFF,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    cr14::CHECK_STOP | cr14::SYNCHRONOUS_LOGOUT | cr14::EXTERNAL_DAMAGE,
    512,
];

/// Control register 0: controls of several facilities, and the external-interruption subclass masks.
pub mod cr0 {
    /// Bit 0: channels may multiplex blocks; CLEAR I/O clears.
    pub const BLOCK_MULTIPLEXING: u32 = 0x8000_0000;
    /// Bit 1: SET SYSTEM MASK causes a special-operation exception.
    pub const SSM_SUPPRESSION: u32 = 0x4000_0000;
    /// Bit 2: a set clock waits for the other CPU's.
    pub const TOD_CLOCK_SYNC: u32 = 0x2000_0000;
    /// Bit 3: low-address protection of locations 0-511.
    pub const LOW_ADDRESS_PROTECTION: u32 = 0x1000_0000;
    /// Bit 4: the problem state may extract ASNs, the space control and storage keys.
    pub const EXTRACTION_AUTHORITY: u32 = 0x0800_0000;
    /// Bit 5: the secondary space may be used.
    pub const SECONDARY_SPACE: u32 = 0x0400_0000;
    /// Bit 7: storage-key-exception control: ISK, SSK and RRB are allowed although keys are those of 4K-byte blocks.
    pub const STORAGE_KEY_EXCEPTION: u32 = 0x0100_0000;
    /// Bits 8-12: translation format.
    pub const TRANSLATION_FORMAT: u32 = 0x00F8_0000;
    /// Bits 8-9: page size.
    pub const PAGE_SIZE: u32 = 0x00C0_0000;
    /// Page-size value: 2K bytes.
    pub const PAGE_SIZE_2K: u32 = 0x0040_0000;
    /// Page-size value: 4K bytes.
    pub const PAGE_SIZE_4K: u32 = 0x0080_0000;
    /// Bit 10 must be zero for translation.
    pub const FORMAT_ZERO: u32 = 0x0020_0000;
    /// Bits 11-12: segment size.
    pub const SEGMENT_SIZE: u32 = 0x0018_0000;
    /// Segment-size value: 64K bytes.
    pub const SEGMENT_SIZE_64K: u32 = 0x0000_0000;
    /// Segment-size value: 1M bytes.
    pub const SEGMENT_SIZE_1M: u32 = 0x0010_0000;
    /// Bit 16: malfunction-alert subclass mask.
    pub const MALFUNCTION_ALERT: u32 = 0x0000_8000;
    /// Bit 17: emergency-signal subclass mask.
    pub const EMERGENCY_SIGNAL: u32 = 0x0000_4000;
    /// Bit 18: external-call subclass mask.
    pub const EXTERNAL_CALL: u32 = 0x0000_2000;
    /// Bit 19: TOD-clock sync-check subclass mask.
    pub const TOD_CLOCK_SYNC_CHECK: u32 = 0x0000_1000;
    /// Bit 20: clock-comparator subclass mask.
    pub const CLOCK_COMPARATOR: u32 = 0x0000_0800;
    /// Bit 21: CPU-timer subclass mask.
    pub const CPU_TIMER: u32 = 0x0000_0400;
    /// Bit 22: service-signal subclass mask.
    pub const SERVICE_SIGNAL: u32 = 0x0000_0200;
    /// Bit 24: interval-timer subclass mask.
    pub const INTERVAL_TIMER: u32 = 0x0000_0080;
    /// Bit 25: interrupt-key subclass mask.
    pub const INTERRUPT_KEY: u32 = 0x0000_0040;
    /// Bit 26: external-signal subclass mask.
    pub const EXTERNAL_SIGNALS: u32 = 0x0000_0020;
    /// Bit 30, in a virtual machine: subclass mask of IUCV, which CP presents.
    pub const IUCV: u32 = 0x0000_0002;
    /// Bit 31, in a virtual machine: subclass mask of VMCF, which CP presents.
    pub const VMCF: u32 = 0x0000_0001;
}

/// Control register 1: the primary segment-table designation; control register 7 is the same for the secondary space.
pub mod cr1 {
    /// Bits 0-7: segment-table length in units of 64 bytes, less one.
    pub const SEGMENT_TABLE_LENGTH: u32 = 0xFF00_0000;
    /// Bits 8-25: segment-table origin, a real address on a 64-byte boundary.
    pub const SEGMENT_TABLE_ORIGIN: u32 = 0x00FF_FFC0;
    /// Bit 31: a change of the primary space to or from this one is a space-switch event.
    pub const SPACE_SWITCH_EVENT: u32 = 0x0000_0001;
}

/// Control register 2: channel masks.
pub mod cr2 {
    /// The mask bit of a channel, 0-31. Channels above 31 have none.
    #[must_use]
    pub const fn channel_mask(channel: u8) -> u32 {
        if channel < 32 { 0x8000_0000 >> channel } else { 0 }
    }
}

/// Control register 3.
pub mod cr3 {
    /// Bits 0-15: PSW-key mask; bit n allows the problem state to use key n.
    pub const PSW_KEY_MASK: u32 = 0xFFFF_0000;
    /// Bits 16-31: secondary ASN.
    pub const SECONDARY_ASN: u32 = 0x0000_FFFF;
}

/// Control register 4.
pub mod cr4 {
    /// Bits 0-15: authorization index.
    pub const AUTHORIZATION_INDEX: u32 = 0xFFFF_0000;
    /// Bits 16-31: primary ASN.
    pub const PRIMARY_ASN: u32 = 0x0000_FFFF;
}

/// Control register 5: linkage-table designation.
pub mod cr5 {
    /// Bit 0: subsystem-linkage control.
    pub const SUBSYSTEM_LINKAGE: u32 = 0x8000_0000;
    /// Bits 8-24: linkage-table origin, a real address on a 128-byte boundary.
    pub const LINKAGE_TABLE_ORIGIN: u32 = 0x00FF_FF80;
    /// Bits 25-31: linkage-table length in units of 128 bytes, less one.
    pub const LINKAGE_TABLE_LENGTH: u32 = 0x0000_007F;
}

/// Control register 6: controls of the VM/370 assists (virtual-machine assist, GA22-7074, and CP assist, GA22-7072).
pub mod cr6 {
    /// Bit 0: the virtual-machine assist is active.
    pub const VM_ASSIST: u32 = 0x8000_0000;
    /// Bit 1: the virtual machine is in its problem state, so that no privileged instruction is assisted.
    pub const VIRTUAL_PROBLEM_STATE: u32 = 0x4000_0000;
    /// Bit 2: ISK, SSK and RRB are not assisted.
    pub const NO_STORAGE_KEY_ASSIST: u32 = 0x2000_0000;
    /// Bit 3: only instructions of System/360 are assisted.
    pub const SYSTEM_360_ONLY: u32 = 0x1000_0000;
    /// Bit 4: SUPERVISOR CALL is not assisted.
    pub const NO_SVC_ASSIST: u32 = 0x0800_0000;
    /// Bit 5: the assist may validate shadow-table entries.
    ///
    /// Deviation: descriptions of the assist disagree whether one allows or forbids it; here it allows.
    pub const SHADOW_TABLE_VALIDATION: u32 = 0x0400_0000;
    /// Bit 6: the CP assist is active, and with bit 0 the expanded virtual-machine assist.
    pub const CP_ASSIST: u32 = 0x0200_0000;
    /// Bit 7: the virtual-interval-timer assist is active, if bit 0 is one.
    pub const VIRTUAL_INTERVAL_TIMER: u32 = 0x0100_0000;
    /// Bits 8-28: real address of the pointer list (MICBLOK), on a doubleword boundary.
    pub const POINTER_LIST: u32 = 0x00FF_FFF8;
}

/// Control register 8.
pub mod cr8 {
    /// Bits 16-31: monitor masks.
    pub const MONITOR_MASKS: u32 = 0x0000_FFFF;

    /// The mask bit of a monitor class, 0-15. There are no others.
    #[must_use]
    pub const fn monitor_mask(class: u8) -> u32 {
        if class < 16 { 0x0000_8000 >> class } else { 0 }
    }
}

/// Control register 9: program-event recording.
pub mod cr9 {
    /// Bit 0: successful branching.
    pub const BRANCH: u32 = 0x8000_0000;
    /// Bit 1: instruction fetching.
    pub const FETCH: u32 = 0x4000_0000;
    /// Bit 2: storage alteration.
    pub const STORE: u32 = 0x2000_0000;
    /// Bit 3: general-register alteration.
    pub const REGISTER: u32 = 0x1000_0000;
    /// Bits 0-3: all event masks.
    pub const EVENTS: u32 = 0xF000_0000;
    /// Bits 16-31: the general registers whose alteration counts, register 0 leftmost.
    pub const GENERAL_REGISTERS: u32 = 0x0000_FFFF;
}

/// Control register 10, starting address, and control register 11, ending address of program-event recording.
pub mod cr10 {
    /// Bits 8-31: the address.
    pub const ADDRESS: u32 = 0x00FF_FFFF;
}

/// Control register 14: machine-check handling, and ASN translation.
pub mod cr14 {
    /// Bit 0: check-stop control.
    pub const CHECK_STOP: u32 = 0x8000_0000;
    /// Bit 1: synchronous machine-check extended logout.
    pub const SYNCHRONOUS_LOGOUT: u32 = 0x4000_0000;
    /// Bit 2: I/O extended logout.
    pub const IO_EXTENDED_LOGOUT: u32 = 0x2000_0000;
    /// Bit 4: recovery subclass mask.
    pub const RECOVERY: u32 = 0x0800_0000;
    /// Bit 5: degradation subclass mask.
    pub const DEGRADATION: u32 = 0x0400_0000;
    /// Bit 6: external-damage subclass mask.
    pub const EXTERNAL_DAMAGE: u32 = 0x0200_0000;
    /// Bit 7: warning subclass mask.
    pub const WARNING: u32 = 0x0100_0000;
    /// Bit 8: asynchronous machine-check extended logout.
    pub const ASYNCHRONOUS_LOGOUT: u32 = 0x0080_0000;
    /// Bit 9: asynchronous fixed logout.
    pub const ASYNCHRONOUS_FIXED_LOGOUT: u32 = 0x0040_0000;
    /// Bit 12: ASN translation is allowed.
    pub const ASN_TRANSLATION: u32 = 0x0008_0000;
    /// Bits 20-31: ASN-first-table origin, the leftmost 12 bits of a real address on a 4K-byte boundary.
    pub const ASN_FIRST_TABLE_ORIGIN: u32 = 0x0000_0FFF;
}

/// Control register 15.
pub mod cr15 {
    /// Bits 8-28: machine-check-extended-logout address.
    pub const LOGOUT_ADDRESS: u32 = 0x00FF_FFF8;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initial_values_are_those_of_the_manual() {
        assert_eq!(INITIAL[0], 0x0000_00E0);
        assert_eq!(INITIAL[2], 0xFFFF_FFFF);
        assert_eq!(INITIAL[14], 0xC200_0000);
        assert_eq!(INITIAL[15], 0x0000_0200);
        assert_eq!(INITIAL.iter().filter(|&&value| value != 0).count(), 4);
    }

    #[test]
    fn translation_format_is_page_size_zero_and_segment_size() {
        assert_eq!(cr0::TRANSLATION_FORMAT, cr0::PAGE_SIZE | cr0::FORMAT_ZERO | cr0::SEGMENT_SIZE);
        assert_eq!(cr0::PAGE_SIZE & cr0::SEGMENT_SIZE, 0);
    }

    #[test]
    fn channel_and_monitor_masks_count_from_the_left() {
        assert_eq!(cr2::channel_mask(0), 0x8000_0000);
        assert_eq!(cr2::channel_mask(31), 1);
        assert_eq!(cr2::channel_mask(32), 0);
        assert_eq!(cr8::monitor_mask(0), 0x8000);
        assert_eq!(cr8::monitor_mask(15), 1);
        assert_eq!((0..=255).map(cr8::monitor_mask).fold(0, |all, mask| all | mask), cr8::MONITOR_MASKS);
    }
}
