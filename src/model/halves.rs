//! Numbers of 64 bits in two halves: next to smaller numbers, they then need no padding.

/// The upper half of a number, and the lower.
pub type Halves = [u32; 2];

/// Splits a number. Halves sort like the numbers.
pub fn halves(number: u64) -> Halves {
    #[expect(clippy::cast_possible_truncation, reason = "two halves")]
    let halves = [(number >> 32) as u32, number as u32];
    halves
}

/// Joins the halves again.
pub fn whole(halves: Halves) -> u64 {
    let [high, low] = halves.map(u64::from);
    high << 32 | low
}

/// A number in two halves, and a value for it.
pub type Keyed = [u32; 3];

/// The entries of a number in a sorted list.
pub fn keyed_by(sorted: &[Keyed], number: u64) -> &[Keyed] {
    let number = halves(number);
    let from = sorted.partition_point(|[high, low, _]| [*high, *low] < number);
    let length = sorted[from..].iter().take_while(|[high, low, _]| [*high, *low] == number).count();
    &sorted[from..from + length]
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

    #[test]
    fn what_belongs_to_a_number_is_found_among_many() {
        let keyed = |number, of| {
            let [high, low] = halves(number);
            [high, low, of]
        };
        let sorted = [keyed(7, 1), keyed(7, 4), keyed(7 << 32, 3), keyed(u64::MAX, 2)];
        assert_eq!(keyed_by(&sorted, 7), &sorted[..2]);
        assert_eq!(keyed_by(&sorted, 7 << 32), &sorted[2..3]);
        assert_eq!(keyed_by(&sorted, u64::MAX), &sorted[3..]);
        assert!([0, 8].iter().all(|number| keyed_by(&sorted, *number).is_empty()));
    }
}
