//! Where host code lives, how it is entered, and what it calls.
//!
//! This is one of the modules that may be `unsafe`. The invariants:
//!
//! - Code comes only from [`Compiler::compile`](super::compile::Compiler::compile), is a function of the signature of [`Enter`],
//!   and is entered only while the storage and the marks it was compiled for are alive: [`Arena`] belongs to the engine
//!   that holds that storage, and regions are compiled with that storage's [`Surroundings`](super::emit::Surroundings).
//! - Code touches nothing but its frame, the tables that the frame points at (which are entries of windows on that storage,
//!   borrowed while it runs), the marks (whose padding covers reads of eight bytes at the last mark), and storage at places
//!   that the tables allow, at most as far outside a block as [`window`](crate::storage::window) permits.
//! - Memory for code is mapped twice, once writable and once executable, never both; the bytes of a region are written while
//!   no code runs (`&mut Arena`), and a region's [`Place`] is given up before its bytes are reused.
//! - Functions that code calls get places that it has found in the tables, and lengths inside their blocks.

use super::{algebra::Function, compile::Trouble};
use crate::{
    fast::{bytes, float_ops as float},
    storage::window::Spot,
};

/// What is passed to a region and back.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub struct Frame {
    /// General registers.
    pub gr: [u32; 16],
    /// Floating-point registers.
    pub fpr: [u64; 4],
    /// The lazy condition code.
    pub condition: i64,
    /// What is left of the budget.
    pub left: u64,
    /// Host address of the table for fetching.
    pub fetch: usize,
    /// Host address of the table for storing.
    pub store: usize,
}

impl Frame {
    /// Where [`Frame::condition`] is.
    pub const CONDITION: i32 = std::mem::offset_of!(Frame, condition) as i32;
    /// Where [`Frame::left`] is.
    pub const LEFT: i32 = std::mem::offset_of!(Frame, left) as i32;
    /// Where [`Frame::fetch`] is.
    pub const FETCH: i32 = std::mem::offset_of!(Frame, fetch) as i32;
    /// Where [`Frame::store`] is.
    pub const STORE: i32 = std::mem::offset_of!(Frame, store) as i32;

    /// Where general register `n` is.
    pub fn general(n: u8) -> i32 {
        std::mem::offset_of!(Frame, gr) as i32 + 4 * i32::from(n)
    }

    /// Where floating-point register `2 * n` is.
    pub fn floating(n: u8) -> i32 {
        std::mem::offset_of!(Frame, fpr) as i32 + 8 * i32::from(n)
    }
}

/// A region's code: frame and number of the entry in; reason and address of the next instruction out.
type Enter = extern "C" fn(&mut Frame, u32) -> u64;

/// Where a region's code stands in the arena: offset and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    offset: usize,
    length: usize,
}

/// Code begins at multiples of this.
const ALIGNMENT: usize = 64;

/// Memory for code, of a fixed size.
#[derive(Debug)]
pub struct Arena {
    /// The same memory, for writing and for executing.
    writable: *mut u8,
    executable: *const u8,
    size: usize,
    /// Free places, in order, none next to another.
    free: Vec<Place>,
}

// SAFETY: the mappings belong to this value alone.
unsafe impl Send for Arena {}

impl Arena {
    /// An arena of `size` bytes, a multiple of the host's pages; memory is taken when it is written to.
    ///
    /// # Errors
    /// The host gives none.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    pub fn new(size: usize) -> Result<Arena, Trouble> {
        let failure = |what: &str| Trouble::Memory(format!("{what}: {}", std::io::Error::last_os_error()));
        // SAFETY: the name is a string with a zero at its end.
        let file = unsafe { libc::memfd_create(c"cambridge-code".as_ptr(), libc::MFD_CLOEXEC) };
        if file < 0 {
            return Err(failure("memfd_create"));
        }
        let map = |protection| {
            // SAFETY: a new mapping at an address of the host's choice of a file that is open.
            unsafe { libc::mmap(std::ptr::null_mut(), size, protection, libc::MAP_SHARED, file, 0) }
        };
        // SAFETY: the file is open.
        let sized = unsafe { libc::ftruncate(file, size as libc::off_t) } == 0;
        let writable = if sized { map(libc::PROT_READ | libc::PROT_WRITE) } else { libc::MAP_FAILED };
        let executable =
            if writable == libc::MAP_FAILED { libc::MAP_FAILED } else { map(libc::PROT_READ | libc::PROT_EXEC) };
        let outcome = if executable == libc::MAP_FAILED {
            let failure = failure("mmap");
            if writable != libc::MAP_FAILED {
                // SAFETY: mapped above, and used by nobody.
                unsafe { libc::munmap(writable, size) };
            }
            Err(failure)
        } else {
            let free = vec![Place { offset: 0, length: size }];
            Ok(Arena { writable: writable.cast(), executable: executable.cast_const().cast(), size, free })
        };
        // SAFETY: opened above; mappings do not need it.
        unsafe { libc::close(file) };
        outcome
    }

    /// There is no arena on this host.
    ///
    /// # Errors
    /// Always.
    #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
    pub fn new(_: usize) -> Result<Arena, Trouble> {
        Err(Trouble::Memory("only Linux on x86-64 is supported".into()))
    }

    /// Puts code into the arena; `None` if there is no room.
    pub fn add(&mut self, code: &[u8]) -> Option<Place> {
        let length = code.len().next_multiple_of(ALIGNMENT);
        let n = self.free.iter().position(|place| place.length >= length)?;
        let place = Place { offset: self.free[n].offset, length };
        self.free[n] = Place { offset: place.offset + length, length: self.free[n].length - length };
        if self.free[n].length == 0 {
            self.free.remove(n);
        }
        // SAFETY: a free place lies inside the mapping, and nothing executes it.
        unsafe { std::ptr::copy_nonoverlapping(code.as_ptr(), self.writable.add(place.offset), code.len()) };
        Some(place)
    }

    /// Gives a place back.
    pub fn remove(&mut self, place: Place) {
        let n = self.free.partition_point(|other| other.offset < place.offset);
        self.free.insert(n, place);
        self.free.dedup_by(|right, left| {
            let adjacent = left.offset + left.length == right.offset;
            if adjacent {
                left.length += right.length;
            }
            adjacent
        });
    }

    /// Bytes in use.
    pub fn used(&self) -> usize {
        self.size - self.free.iter().map(|place| place.length).sum::<usize>()
    }

    /// Executes a region from one of its entries: reason and address of the next instruction.
    #[inline]
    pub fn enter(&self, place: Place, frame: &mut Frame, entry: u32) -> u64 {
        // SAFETY: by the module's invariants there is a function of this signature at the place, for these surroundings.
        let enter: Enter = unsafe { std::mem::transmute(self.executable.add(place.offset)) };
        enter(frame, entry)
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        // SAFETY: mapped by `new`, and no code can run any more.
        unsafe {
            libc::munmap(self.writable.cast(), self.size);
            libc::munmap(self.executable.cast_mut().cast(), self.size);
        }
    }
}

/// What code calls to move bytes: destination, source, length.
pub fn copy_function() -> usize {
    extern "C" fn copy(to: usize, from: usize, length: u64) {
        // SAFETY: the module's invariant.
        let (to, from) = unsafe { (Spot::at_host(to), Spot::at_host(from)) };
        bytes::copy(to, from, length as u32);
    }
    copy as *const () as usize
}

/// What code calls to compare bytes: first, second, length; the lazy condition code.
pub fn compare_function() -> usize {
    extern "C" fn compare(a: usize, b: usize, length: u64) -> i64 {
        // SAFETY: the module's invariant.
        let (a, b) = unsafe { (Spot::at_host(a), Spot::at_host(b)) };
        bytes::compare(a, b, length as u32)
    }
    compare as *const () as usize
}

/// An image and a lazy condition code; the least number stands for an exception.
#[repr(C)]
pub struct Answer {
    image: u64,
    code: i64,
}

/// A floating-point function, as code calls it: two images and the program mask.
type Float = extern "C" fn(u64, u64, u64) -> Answer;

/// The host address of a floating-point function.
pub fn float_function(function: Function) -> usize {
    float(function) as *const () as usize
}

/// The image and the lazy condition code of a floating-point function, unless there is an exception.
#[cfg(test)]
pub fn call_float(function: Function, a: u64, b: u64, program_mask: u8) -> Option<(u64, u64)> {
    let answer = float(function)(a, b, program_mask.into());
    (answer.code != i64::MIN).then_some((answer.image, answer.code as u64))
}

fn float(function: Function) -> Float {
    macro_rules! coded {
        ($operation:path, $image:ident) => {{
            extern "C" fn call(a: u64, b: u64, mask: u64) -> Answer {
                match $operation(a as $image, b as $image, &(mask as u8)) {
                    Some((image, code)) => Answer { image: image.into(), code: code.0 },
                    None => Answer { image: 0, code: i64::MIN },
                }
            }
            call
        }};
    }
    macro_rules! quiet {
        ($operation:path, $image:ident) => {{
            extern "C" fn call(a: u64, b: u64, mask: u64) -> Answer {
                match $operation(a as $image, b as $image, &(mask as u8)) {
                    Some(image) => Answer { image: image.into(), code: 0 },
                    None => Answer { image: 0, code: i64::MIN },
                }
            }
            call
        }};
    }
    macro_rules! compared {
        ($operation:path, $image:ident) => {{
            extern "C" fn call(a: u64, b: u64, _: u64) -> Answer {
                Answer { image: 0, code: $operation(a as $image, b as $image).0 }
            }
            call
        }};
    }
    match function {
        Function::AddShort => coded!(float::add_short, u32),
        Function::AddLong => coded!(float::add_long, u64),
        Function::SubtractShort => coded!(float::subtract_short, u32),
        Function::SubtractLong => coded!(float::subtract_long, u64),
        Function::MultiplyShort => quiet!(float::multiply_short, u32),
        Function::MultiplyLong => quiet!(float::multiply_long, u64),
        Function::DivideShort => quiet!(float::divide_short, u32),
        Function::DivideLong => quiet!(float::divide_long, u64),
        Function::HalveShort => quiet!(float::halve_short, u32),
        Function::HalveLong => quiet!(float::halve_long, u64),
        Function::CompareShort => compared!(float::compare_short, u32),
        Function::CompareLong => compared!(float::compare_long, u64),
    }
}

#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back_and_joined() {
        let mut arena = Arena::new(1 << 16).unwrap();
        let code = [0xC3; 100];
        let places: Vec<Place> = std::iter::from_fn(|| arena.add(&code)).collect();
        assert_eq!(places.len(), (1 << 16) / 128);
        assert_eq!(arena.used(), 1 << 16);
        for place in places.iter().step_by(2).chain(places.iter().skip(1).step_by(2)) {
            arena.remove(*place);
        }
        assert_eq!((arena.used(), arena.free.len()), (0, 1));
        assert!(arena.add(&[0; 1 << 16]).is_some());
        assert!(arena.add(&[0]).is_none());
    }

    #[test]
    fn code_is_entered() {
        let mut arena = Arena::new(1 << 16).unwrap();
        // lea rax, [rsi + 7]; ret: what the entry's number comes to, as this host's convention passes it.
        let place = arena.add(&[0x48, 0x8D, 0x46, 0x07, 0xC3]).unwrap();
        assert_eq!(arena.enter(place, &mut Frame::default(), 35), 42);
    }
}
