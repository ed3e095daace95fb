//! Memory that will be read soon, asked for ahead.
//!
//! A load that misses every cache holds up what comes after it once the processor has no more room for
//! what it has begun; a prefetch does not. So the packets that come next can be looked up in a large table
//! while those at hand are counted.
#![expect(unsafe_code, reason = "the instructions for it have no safe form")]

/// Has the cache line loaded in which a value begins. It changes nothing but how long a later load takes.
#[inline(always)]
pub fn line<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 processor has the instruction, and it reads nothing.
        unsafe { _mm_prefetch(std::ptr::from_ref(value).cast(), _MM_HINT_T0) };
    }
    #[cfg(target_arch = "aarch64")]
    {
        // SAFETY: every AArch64 processor has the instruction, and it reads nothing.
        unsafe {
            std::arch::asm!(
                "prfm pldl1keep, [{line}]",
                line = in(reg) std::ptr::from_ref(value),
                options(nostack, preserves_flags, readonly)
            );
        }
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_the_same_after_it() {
        let values: Vec<u64> = (0..100).collect();

        values.iter().for_each(line);

        assert!(values.into_iter().eq(0..100));
    }
}
