//! Arithmetic of GF(2⁸) modulo x⁸+x⁴+x³+x²+1 (0x11d), generator 2.
//!
//! Addition is XOR. The tables are computed by the compiler.

/// The reduction x⁸ → x⁴+x³+x²+1.
const REDUCTION: u8 = 0x1d;

/// `EXP[i]` is 2ⁱ; doubled in length so that the sum of two logarithms needs no reduction.
static EXP: [u8; 510] = exp_table();
/// `LOG[2ⁱ]` is i, for 0 ≤ i < 255; `LOG[0]` means nothing.
static LOG: [u8; 256] = log_table();

/// The order of the multiplicative group: exponents count modulo this.
pub(crate) const ORDER: u32 = 255;

/// The logarithm of `a` to base 2. `a` must not be 0.
pub(crate) fn log(a: u8) -> u32 {
    debug_assert!(a != 0, "zero has no logarithm");
    u32::from(LOG[usize::from(a)])
}

/// 2 to the power of `exponent` modulo [`ORDER`].
pub(crate) fn exp(exponent: u32) -> u8 {
    EXP[(exponent % ORDER) as usize]
}

/// 2·a.
pub(crate) const fn double(a: u8) -> u8 {
    (a << 1) ^ if a & 0x80 == 0 { 0 } else { REDUCTION }
}

/// a·b from the definition, for tables and for tests.
#[cfg(any(target_arch = "x86_64", test))]
pub(crate) const fn mul(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b != 0 {
        if b & 1 != 0 {
            product ^= a;
        }
        a = double(a);
        b >>= 1;
    }
    product
}

const fn exp_table() -> [u8; 510] {
    let mut table = [0; 510];
    let mut power = 1;
    let mut i = 0;
    while i < 255 {
        table[i] = power;
        table[i + 255] = power;
        power = double(power);
        i += 1;
    }
    table
}

const fn log_table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut power = 1;
    let mut i = 0;
    while i < 255 {
        table[power as usize] = i;
        power = double(power);
        i += 1;
    }
    table
}

#[cfg(test)]
mod tests;
