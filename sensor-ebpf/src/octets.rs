//! Reading a frame: every access within its end, as the verifier wants it, and each number in one load.

use core::arch::asm;

/// What is left of a frame.
#[derive(Clone, Copy)]
pub struct Octets {
    at: usize,
    end: usize,
}

/// Numbers as they are read.
pub trait Number: Copy {}
impl Number for u8 {}
impl Number for u16 {}
impl Number for u32 {}
impl Number for u64 {}

impl Octets {
    #[inline(always)]
    pub fn new(at: usize, end: usize) -> Self {
        Self { at, end }
    }

    /// The same octets, reached by an offset of which the verifier only knows that it is at most `mask`: so
    /// it need not follow what comes after once for every way that led here.
    #[inline(always)]
    pub fn forgotten(&self, data: usize, mask: usize) -> Self {
        let mut at = self.at;
        // SAFETY: does nothing. The compiler must not know that the offset is one of a few constants.
        unsafe { asm!("{0} = {0}", inout(reg) at, options(nomem, nostack, pure)) };
        Self {
            at: data + ((at - data) & mask),
            end: self.end,
        }
    }

    /// Whether there are as many octets.
    #[inline(always)]
    pub fn has(&self, octets: usize) -> bool {
        self.at + octets <= self.end
    }

    /// How many there are.
    #[inline(always)]
    pub fn left(&self) -> u32 {
        (self.end - self.at) as u32
    }

    /// Goes on by some octets that are there.
    #[inline(always)]
    pub fn skip(&mut self, octets: usize) {
        self.at += octets;
    }

    /// A number in the machine's order, at an offset that [`Self::has`] has allowed.
    #[inline(always)]
    pub fn raw<T: Number>(&self, offset: usize) -> T {
        // SAFETY: inside of the frame, or the verifier refuses the program. Volatile and not aligned: the
        // verifier knows whether the machine can load what is not aligned, and the compiler, which does not,
        // would load it octet by octet.
        unsafe { ((self.at + offset) as *const T).read_volatile() }
    }

    #[inline(always)]
    pub fn u8(&self, offset: usize) -> u8 {
        self.raw(offset)
    }

    #[inline(always)]
    pub fn u16(&self, offset: usize) -> u16 {
        u16::from_be(self.raw(offset))
    }

    #[inline(always)]
    pub fn u32(&self, offset: usize) -> u32 {
        u32::from_be(self.raw(offset))
    }
}
