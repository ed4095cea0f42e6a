//! Designs in the unit cube: a Latin hypercube, and Sobol's sequence; bit for bit those of `scipy.stats.qmc`.

use super::generator::Generator;

/// Bits of a coordinate of Sobol's sequence, as SciPy has it.
const BITS: usize = 30;

/// Direction numbers of dimensions 2 and up.
const DIRECTIONS: &str = include_str!("../../data/sobol_directions.txt");

/// A Latin hypercube: `n` points of `dimensions` coordinates in (0, 1], of which each coordinate takes every one of `n`
/// equal strata once (McKay, Beckman and Conover 1979). Scrambled, a point lies anywhere in its strata, otherwise in
/// their middle.
pub(super) fn latin_hypercube(n: usize, dimensions: usize, seed: u64, scramble: bool) -> Vec<Vec<f64>> {
    let mut generator = Generator::new(seed);
    let mut place = |_| if scramble { generator.uniform() } else { 0.5 };
    let places: Vec<Vec<f64>> = (0..n).map(|_| (0..dimensions).map(&mut place).collect()).collect();
    let strata: Vec<Vec<usize>> = (0..dimensions)
        .map(|_| {
            let mut strata: Vec<usize> = (1..=n).collect();
            generator.shuffle(&mut strata);
            strata
        })
        .collect();
    let point = |(index, places): (usize, &Vec<f64>)| {
        places.iter().zip(&strata).map(|(place, strata)| (strata[index] as f64 - place) / n as f64).collect()
    };
    places.iter().enumerate().map(point).collect()
}

/// How many dimensions there are direction numbers for.
pub(super) fn most_dimensions() -> usize {
    1 + initial_numbers().count()
}

/// Sobol's sequence from its first point: `n` points of `dimensions` coordinates in [0, 1). Scrambled by a random linear
/// matrix and a digital shift (Matoušek 1998), otherwise beginning with 0.
///
/// `n` must not exceed 2³⁰, nor `dimensions` [`most_dimensions`].
pub(super) fn sobol(n: usize, dimensions: usize, seed: u64, scramble: bool) -> Vec<Vec<f64>> {
    let mut directions: Vec<[u32; BITS]> =
        std::iter::once(first_directions()).chain(initial_numbers().map(directions)).take(dimensions).collect();
    assert_eq!(directions.len(), dimensions, "there are direction numbers for every dimension");
    let mut point = vec![0; dimensions];
    if scramble {
        let mut generator = Generator::new(seed);
        for shift in &mut point {
            *shift = (0..BITS).fold(0, |shift, bit| shift | generator.bit() << bit);
        }
        for directions in &mut directions {
            let matrix = lower_triangular(&mut generator);
            *directions = directions.map(|direction| multiply(&matrix, direction));
        }
    }
    let scaled = |point: &[u32]| point.iter().map(|bits| f64::from(*bits) / f64::from(1_u32 << BITS)).collect();
    let mut points = vec![scaled(&point)];
    // In the order of Gray's code, in which neighbours differ by one direction (Antonov and Saleev 1979).
    points.extend((1..n).map(|index| {
        let changed = index.trailing_zeros() as usize;
        point.iter_mut().zip(&directions).for_each(|(bits, directions)| *bits ^= directions[changed]);
        scaled(&point)
    }));
    points
}

/// A random lower triangular matrix with ones on its diagonal, row by row; the first column is the highest bit.
fn lower_triangular(generator: &mut Generator) -> [u32; BITS] {
    std::array::from_fn(|row| {
        let drawn = (0..BITS).fold(0, |bits, _| bits << 1 | generator.bit());
        let below_the_diagonal = !((1 << (BITS - row)) - 1);
        drawn & below_the_diagonal | 1 << (BITS - 1 - row)
    })
}

/// The product with a column of bits, modulo 2.
fn multiply(matrix: &[u32; BITS], column: u32) -> u32 {
    matrix.iter().fold(0, |bits, row| bits << 1 | (row & column).count_ones() & 1)
}

fn first_directions() -> [u32; BITS] {
    std::array::from_fn(|bit| 1 << (BITS - 1 - bit))
}

/// Degree, inner coefficients of the polynomial and initial numbers of each dimension from the second on.
fn initial_numbers() -> impl Iterator<Item = (usize, u32, Vec<u32>)> {
    DIRECTIONS.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let mut numbers = line.split(' ').skip(1).map(|word| word.parse::<u32>().expect("the table holds numbers"));
        let mut next = || numbers.next().expect("a line names degree and coefficients");
        let (degree, coefficients) = (next() as usize, next());
        (degree, coefficients, numbers.collect())
    })
}

/// All direction numbers of a dimension by its recurrence (Bratley and Fox 1988).
fn directions((degree, coefficients, initial): (usize, u32, Vec<u32>)) -> [u32; BITS] {
    let mut found = [0; BITS];
    for bit in 0..BITS {
        found[bit] = match initial.get(bit) {
            Some(number) => number << (BITS - 1 - bit),
            None => {
                let inner = (1..degree).filter(|back| coefficients >> (degree - 1 - back) & 1 == 1);
                let last = found[bit - degree] ^ found[bit - degree] >> degree;
                inner.fold(last, |sum, back| sum ^ found[bit - back])
            }
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn design(case: &Value) -> Vec<Vec<f64>> {
        let number = |key: &str| case[key].as_u64().expect("a whole number");
        let make = if case["method"] == "lhs" { latin_hypercube } else { sobol };
        make(number("n") as usize, number("d") as usize, number("seed"), case["scramble"] == true)
    }

    #[test]
    fn designs_are_those_of_scipy_bit_for_bit() {
        let text = include_str!("../../../tests/golden/sampling/designs.json");
        let golden: Value = serde_json::from_str(text).expect("it is JSON");
        let cases = |key: &str| golden[key].as_array().expect("a list").clone();
        assert!(cases("whole").len() + cases("corners").len() >= 14);
        for case in cases("whole") {
            assert_eq!(serde_json::json!(design(&case)), case["points"], "{case}");
        }
        for case in cases("corners") {
            let points = design(&case);
            let ends = [points.first(), points.last()].map(|point| serde_json::json!(point.expect("there are points")));
            assert_eq!(ends, [case["first"].clone(), case["last"].clone()], "{case}");
            let bits = points.iter().flatten().zip(1_u64..);
            let sum = bits.fold(0_u64, |sum, (value, weight)| sum.wrapping_add(value.to_bits().wrapping_mul(weight)));
            assert_eq!(sum.to_string(), case["check"].as_str().expect("a text"), "{case}");
        }
    }

    #[test]
    fn a_latin_hypercube_takes_every_stratum_of_every_coordinate_once() {
        for scramble in [true, false] {
            let points = latin_hypercube(37, 5, 11, scramble);
            for dimension in 0..5 {
                let mut strata: Vec<_> = points.iter().map(|point| (point[dimension] * 37.0).ceil() as usize).collect();
                strata.sort_unstable();
                assert!(strata.into_iter().eq(1..=37), "{dimension}");
            }
        }
    }

    #[test]
    fn more_points_of_sobols_sequence_leave_those_that_were_there() {
        for scramble in [true, false] {
            assert_eq!(sobol(64, 7, 5, scramble)[..32], sobol(32, 7, 5, scramble));
        }
    }

    #[test]
    fn every_coordinate_of_a_power_of_two_of_sobols_points_takes_every_stratum_once() {
        let dimensions = most_dimensions();
        assert!(dimensions >= 64);
        for scramble in [true, false] {
            let points = sobol(64, dimensions, 3, scramble);
            for dimension in 0..dimensions {
                let mut strata: Vec<_> = points.iter().map(|point| (point[dimension] * 64.0) as usize).collect();
                strata.sort_unstable();
                assert!(strata.into_iter().eq(0..64), "{dimension}");
            }
        }
    }
}
