//! Assigned storage locations: where the machine and the program leave things for each other in the first 512 bytes
//! (GA22-7000-10, chapter 3, "Assigned Storage Locations").
//!
//! Each is a constant with its address, and a row of [`TABLE`]. Fields of DAS tracing are not among them.

/// How the address of an assigned location is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// Subject to prefixing.
    Real,
    /// Not subject to prefixing: initial program loading and store status.
    Absolute,
    /// Real for a machine-check interruption, absolute for store status.
    RealAndAbsolute,
}

/// One row of [`TABLE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// Address of the first byte.
    pub address: u32,
    /// Length in bytes.
    pub length: u32,
    /// Real or absolute.
    pub addressing: Addressing,
    /// What is there.
    pub name: &'static str,
}

/// Size of the area that prefixing exchanges with absolute 0, in bytes.
pub const PREFIX_AREA: u32 = 4096;

macro_rules! locations {
    ($($constant:ident $address:literal $length:literal $addressing:ident $name:literal)*) => {
        $(#[doc = concat!($name, ": ", $length, " bytes.")] pub const $constant: u32 = $address;)*

        /// All assigned locations, by ascending address.
        pub const TABLE: &[Location] = &[
            $(Location { address: $address, length: $length, addressing: Addressing::$addressing, name: $name },)*
        ];
    };
}

locations! {
    IPL_PSW                     0    8 Absolute         "Initial-program-loading PSW"
    RESTART_NEW_PSW             0    8 Real             "Restart new PSW"
    IPL_CCW1                    8    8 Absolute         "First initial-program-loading CCW"
    RESTART_OLD_PSW             8    8 Real             "Restart old PSW"
    IPL_CCW2                   16    8 Absolute         "Second initial-program-loading CCW"
    EXTERNAL_OLD_PSW           24    8 Real             "External old PSW"
    SVC_OLD_PSW                32    8 Real             "Supervisor-call old PSW"
    PROGRAM_OLD_PSW            40    8 Real             "Program old PSW"
    MACHINE_CHECK_OLD_PSW      48    8 Real             "Machine-check old PSW"
    IO_OLD_PSW                 56    8 Real             "Input/output old PSW"
    CSW                        64    8 Real             "Channel-status word"
    CAW                        72    4 Real             "Channel-address word"
    INTERVAL_TIMER             80    4 Real             "Interval timer"
    EXTERNAL_NEW_PSW           88    8 Real             "External new PSW"
    SVC_NEW_PSW                96    8 Real             "Supervisor-call new PSW"
    PROGRAM_NEW_PSW           104    8 Real             "Program new PSW"
    MACHINE_CHECK_NEW_PSW     112    8 Real             "Machine-check new PSW"
    IO_NEW_PSW                120    8 Real             "Input/output new PSW"
    SERVICE_SIGNAL_PARAMETER  128    4 Real             "Service-signal parameter"
    CPU_ADDRESS               132    2 Real             "CPU address of an external interruption from another CPU"
    EXTERNAL_CODE             134    2 Real             "External-interruption code, EC mode"
    SVC_IDENTIFICATION        136    4 Real             "Supervisor-call ILC (bits 13-14) and code (bits 16-31), EC mode"
    PROGRAM_IDENTIFICATION    140    4 Real             "Program-interruption ILC (bits 13-14) and code (bits 16-31), EC mode"
    TRANSLATION_EXCEPTION     144    4 Real             "Translation-exception address, or ASN in bits 16-31"
    MONITOR_CLASS             148    2 Real             "Monitor-class number, in bits 8-15"
    PER_CODE                  150    2 Real             "PER code, in bits 0-3"
    PER_ADDRESS               152    4 Real             "PER address, in bits 8-31"
    MONITOR_CODE              156    4 Real             "Monitor code, in bits 8-31"
    CHANNEL_ID                168    4 Real             "Channel identification, of STORE CHANNEL ID"
    IOEL_ADDRESS              172    4 Real             "I/O-extended-logout address"
    LIMITED_CHANNEL_LOGOUT    176    4 Real             "Limited channel logout"
    IO_ADDRESS                186    2 Real             "I/O address, EC mode"
    CPU_TIMER_SAVE_AREA       216    8 RealAndAbsolute  "CPU-timer save area"
    CLOCK_COMPARATOR_SAVE_AREA 224   8 RealAndAbsolute  "Clock-comparator save area"
    MACHINE_CHECK_CODE        232    8 Real             "Machine-check-interruption code"
    EXTERNAL_DAMAGE_CODE      244    4 Real             "External-damage code"
    FAILING_STORAGE_ADDRESS   248    4 Real             "Failing-storage address"
    REGION_CODE               252    4 Real             "Region code"
    FIXED_LOGOUT              256   96 Real             "Fixed-logout area"
    PSW_SAVE_AREA             256    8 Absolute         "Store-status PSW save area"
    PREFIX_SAVE_AREA          264    4 Absolute         "Store-status prefix save area"
    MODEL_DEPENDENT_SAVE_AREA 268    4 Absolute         "Store-status model-dependent save area"
    FLOATING_POINT_SAVE_AREA  352   32 RealAndAbsolute  "Floating-point-register save area: registers 0, 2, 4, 6"
    GENERAL_REGISTER_SAVE_AREA 384  64 RealAndAbsolute  "General-register save area"
    CONTROL_REGISTER_SAVE_AREA 448  64 RealAndAbsolute  "Control-register save area"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the two are ever used in the same view of storage.
    fn share_a_view(a: Addressing, b: Addressing) -> bool {
        a == b || a == Addressing::RealAndAbsolute || b == Addressing::RealAndAbsolute
    }

    #[test]
    fn locations_of_one_view_do_not_overlap() {
        for (i, a) in TABLE.iter().enumerate() {
            assert!(a.address + a.length <= 512, "{}", a.name);
            for b in &TABLE[i + 1..] {
                assert!(a.address <= b.address, "{} is out of order", b.name);
                if share_a_view(a.addressing, b.addressing) {
                    assert!(a.address + a.length <= b.address, "{} and {}", a.name, b.name);
                }
            }
        }
    }

    #[test]
    fn locations_are_on_integral_boundaries() {
        for location in TABLE {
            let boundary = location.length.min(8);
            assert_eq!(location.address % boundary, 0, "{}", location.name);
        }
    }

    #[test]
    fn new_psws_follow_old_psws_by_64_bytes() {
        let pairs = [
            (EXTERNAL_OLD_PSW, EXTERNAL_NEW_PSW),
            (SVC_OLD_PSW, SVC_NEW_PSW),
            (PROGRAM_OLD_PSW, PROGRAM_NEW_PSW),
            (MACHINE_CHECK_OLD_PSW, MACHINE_CHECK_NEW_PSW),
            (IO_OLD_PSW, IO_NEW_PSW),
        ];
        for (old, new) in pairs {
            assert_eq!(new, old + 64);
        }
    }
}
