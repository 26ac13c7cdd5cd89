//! Numbers of 64 bits in two halves: beside smaller ones no room is left between them.

/// The upper half of a number, and the lower.
pub type Halves = [u32; 2];

/// Takes a number apart. Halves are in the order of the numbers.
pub fn halves(number: u64) -> Halves {
    #[expect(clippy::cast_possible_truncation, reason = "two halves")]
    let halves = [(number >> 32) as u32, number as u32];
    halves
}

/// Puts it together again.
pub fn whole(halves: Halves) -> u64 {
    let [high, low] = halves.map(u64::from);
    high << 32 | low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_make_the_number_and_are_in_its_order() {
        let numbers = [0, 1, u64::from(u32::MAX), 1 << 32, (7 << 32) + 3, u64::MAX];
        assert_eq!(numbers.map(|number| whole(halves(number))), numbers);
        assert!(numbers.map(halves).is_sorted());
    }
}
