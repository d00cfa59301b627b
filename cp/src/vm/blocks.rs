//! The control blocks of a virtual machine that lie in real storage, where microcode assists find them: VMBLOK, ECBLOK and
//! MICBLOK (VM/370 Data Areas and Control Block Logic, SY20-0884).
//!
//! While a virtual machine is being simulated, its virtual PSW and control registers are in its [`CpuState`]; whenever the
//! real processor is given to it they are here too, and stay here until it comes back.

use std::sync::Arc;

use s370_cpu::{state::CpuState, storage::Storage};

use crate::real::{NoFrame, RealStorage};

/// Offsets in VMBLOK.
pub mod vmblok {
    /// The ECBLOK, or the virtual control register 0 of a machine without extended control mode.
    pub const VMECEXT: u32 = 0x0C;
    /// Segment-table designation of CP's tables.
    pub const VMSEG: u32 = 0x10;
    /// Storage size in bytes.
    pub const VMSIZE: u32 = 0x14;
    /// The virtual PSW.
    pub const VMPSW: u32 = 0xA8;
    /// General registers 0-15.
    pub const VMGPRS: u32 = 0xB0;
    /// Floating-point registers.
    pub const VMFPRS: u32 = 0xF0;
    /// User identification, eight characters.
    pub const VMUSER: u32 = 0x110;
    /// Contents of the real control register 6.
    pub const VMMICRO: u32 = 0x17C;
    /// Bytes in the block.
    pub const SIZE: u32 = 0x200;
}

/// Offsets in ECBLOK.
pub mod ecblok {
    /// Virtual control registers 0-15.
    pub const EXTCR0: u32 = 0;
    /// Segment-table designation of the shadow tables in use.
    pub const EXTSHCR1: u32 = 0x44;
    /// Bytes in the block.
    pub const SIZE: u32 = 0x80;
}

/// Offsets in MICBLOK.
pub mod micblok {
    /// Segment-table designation of CP's tables.
    pub const MICRSEG: u32 = 0;
    /// Address of the virtual control registers.
    pub const MICCREG: u32 = 4;
    /// Flags, and address of the virtual PSW.
    pub const MICVPSW: u32 = 8;
    /// In the byte at [`MICVPSW`]: an interruption is pending for the virtual machine.
    pub const MICPEND: u8 = 0x80;
    /// Address of a work area.
    pub const MICWORK: u32 = 0xC;
    /// Real address of the virtual interval timer.
    pub const MICVTMR: u32 = 0x10;
    /// Bytes in the block.
    pub const SIZE: u32 = 0x20;
}

/// Bytes of the work area.
const WORK: u32 = 0x40;

/// Where the control blocks are.
#[derive(Debug)]
pub struct ControlBlocks {
    real: Arc<RealStorage>,
    /// Real address of VMBLOK.
    pub vmblok: u32,
    /// Real address of ECBLOK.
    pub ecblok: u32,
    /// Real address of MICBLOK.
    pub micblok: u32,
    work: u32,
}

impl ControlBlocks {
    /// The blocks of a virtual machine.
    ///
    /// # Errors
    /// Real storage is exhausted.
    pub fn new(real: &Arc<RealStorage>, user: [u8; 8], size: u32, designation: u32) -> Result<ControlBlocks, NoFrame> {
        let mut blocks = ControlBlocks { real: Arc::clone(real), vmblok: 0, ecblok: 0, micblok: 0, work: 0 };
        // What was allocated before an error is given back when this is dropped.
        blocks.vmblok = real.allocate(vmblok::SIZE)?;
        blocks.ecblok = real.allocate(ecblok::SIZE)?;
        blocks.micblok = real.allocate(micblok::SIZE)?;
        blocks.work = real.allocate(WORK)?;
        let storage = blocks.storage();
        storage.store_u32(blocks.vmblok + vmblok::VMECEXT, blocks.ecblok);
        storage.store_u32(blocks.vmblok + vmblok::VMSEG, designation);
        storage.store_u32(blocks.vmblok + vmblok::VMSIZE, size);
        storage.store(blocks.vmblok + vmblok::VMUSER, &user);
        storage.store_u32(blocks.vmblok + vmblok::VMMICRO, blocks.micblok);
        storage.store_u32(blocks.micblok + micblok::MICRSEG, designation);
        storage.store_u32(blocks.micblok + micblok::MICCREG, blocks.ecblok + ecblok::EXTCR0);
        storage.store_u32(blocks.micblok + micblok::MICVPSW, blocks.vmblok + vmblok::VMPSW);
        storage.store_u32(blocks.micblok + micblok::MICWORK, blocks.work);
        Ok(blocks)
    }

    fn storage(&self) -> &Storage {
        self.real.storage()
    }

    /// Brings the virtual PSW up to date.
    pub fn keep_psw(&self, state: &CpuState) {
        self.storage().store_u64(self.vmblok + vmblok::VMPSW, state.psw.emit(0, 0));
    }

    /// Brings the virtual control registers up to date.
    pub fn keep_control_registers(&self, state: &CpuState) {
        for (at, value) in (self.ecblok + ecblok::EXTCR0..).step_by(4).zip(state.cr) {
            self.storage().store_u32(at, value);
        }
    }

    /// Brings everything up to date: the virtual machine is not going to run for a while.
    pub fn keep(&self, state: &CpuState) {
        self.keep_psw(state);
        self.keep_control_registers(state);
        for (at, value) in (self.vmblok + vmblok::VMGPRS..).step_by(4).zip(state.gr) {
            self.storage().store_u32(at, value);
        }
        for (at, value) in (self.vmblok + vmblok::VMFPRS..).step_by(8).zip(state.fpr) {
            self.storage().store_u64(at, value);
        }
    }
}

impl Drop for ControlBlocks {
    fn drop(&mut self) {
        let sizes = [vmblok::SIZE, ecblok::SIZE, micblok::SIZE, WORK];
        for (at, size) in [self.vmblok, self.ecblok, self.micblok, self.work].into_iter().zip(sizes) {
            if at != 0 {
                self.real.release(at, size);
            }
        }
    }
}
