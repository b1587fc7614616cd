//! Arithmetic of GF(2⁸) modulo x⁸+x⁴+x³+x²+1 (0x11d), generator 2, and the tables of the kernels.
//!
//! Addition is XOR. Everything is computed by the compiler.

/// The reduction x⁸ → x⁴+x³+x²+1.
const REDUCTION: u8 = 0x1d;

/// `EXP[i]` is 2ⁱ; doubled in length so that the sum of two logarithms needs no reduction.
static EXP: [u8; 510] = exp_table();
/// `LOG[2ⁱ]` is i, for 0 ≤ i < 255; `LOG[0]` means nothing.
static LOG: [u8; 256] = log_table();

/// For each coefficient c the 8×8 bit matrix of "multiply by c" as `GF2P8AFFINEQB` wants it: the
/// row of output bit i is byte 7−i, and bit j of that row is bit i of c·2ʲ.
pub(crate) static AFFINE: [u64; 256] = affine_table();
/// For each coefficient c the products c·n (16 bytes) and c·16n (16 bytes) for 0 ≤ n < 16.
pub(crate) static NIBBLES: [[u8; 32]; 256] = nibble_table();

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

/// a·b from the definition, for the tables and for tests.
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

const fn affine_table() -> [u64; 256] {
    let mut table = [0; 256];
    let mut c = 0;
    while c < 256 {
        let mut bit = 0;
        while bit < 64 {
            let (row, column) = (bit / 8, bit % 8);
            if mul(c as u8, 1 << column) >> row & 1 != 0 {
                table[c] |= 1 << ((7 - row) * 8 + column);
            }
            bit += 1;
        }
        c += 1;
    }
    table
}

const fn nibble_table() -> [[u8; 32]; 256] {
    let mut table = [[0; 32]; 256];
    let mut c = 0;
    while c < 256 {
        let mut n = 0;
        while n < 16 {
            table[c][n] = mul(c as u8, n as u8);
            table[c][16 + n] = mul(c as u8, (n << 4) as u8);
            n += 1;
        }
        c += 1;
    }
    table
}

#[cfg(test)]
mod tests;
