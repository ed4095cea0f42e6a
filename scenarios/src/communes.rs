//! The 34 communes of Martinique; provenance in `data/README.md`.

use std::sync::LazyLock;

/// A commune.
#[derive(Clone, Debug, PartialEq)]
pub struct Commune {
    /// INSEE code.
    pub code: String,
    /// Name with its accents, for instance `Le Lamentin`.
    pub name: String,
    /// Municipal population.
    pub population: u32,
    /// Latitude of its centre in degrees, north positive.
    pub lat_deg: f64,
    /// Longitude of its centre in degrees, east positive.
    pub lon_deg: f64,
}

static COMMUNES: LazyLock<Vec<Commune>> = LazyLock::new(|| {
    let parse = |line: &str| {
        let mut fields = line.split(',');
        let mut next = || fields.next().expect("communes.csv has five columns");
        Commune {
            code: next().into(),
            name: next().into(),
            population: next().parse().expect("communes.csv has whole populations"),
            lat_deg: next().parse().expect("communes.csv has decimal latitudes"),
            lon_deg: next().parse().expect("communes.csv has decimal longitudes"),
        }
    };
    include_str!("../data/communes.csv").lines().skip(1).map(parse).collect()
});

/// All communes, in the order of their codes.
pub fn communes() -> &'static [Commune] {
    &COMMUNES
}

impl Commune {
    /// The index into [`communes`] of the commune of this name or code.
    ///
    /// # Errors
    /// A sentence with the nearest names.
    pub fn find(name: &str) -> Result<usize, String> {
        let found = communes().iter().position(|commune| commune.name == name || commune.code == name);
        found.ok_or_else(|| {
            let near: Vec<_> = communes().iter().map(|c| c.name.as_str()).filter(|n| resembles(n, name)).collect();
            let hint = if near.is_empty() {
                "use a name or INSEE code of scenarios/data/communes.csv".into()
            } else {
                format!("did you mean {}?", near.join(" or "))
            };
            format!("names no commune of Martinique, {name:?}: {hint}")
        })
    }
}

/// Whether two names agree once case, accents, articles and hyphens are gone.
fn resembles(name: &str, wanted: &str) -> bool {
    fn bare(name: &str) -> String {
        let name = name.to_lowercase().replace('œ', "oe");
        let name = name.strip_prefix("le ").or(name.strip_prefix("les ")).or(name.strip_prefix("la ")).unwrap_or(&name);
        let plain = |c| match c {
            'é' | 'è' | 'ê' => 'e',
            'î' => 'i',
            'ç' => 'c',
            c => c,
        };
        name.chars().map(plain).filter(|c| c.is_alphanumeric()).collect()
    }
    let (name, wanted) = (bare(name), bare(wanted));
    !wanted.is_empty() && (name.contains(&wanted) || wanted.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_34_communes_with_360_630_people() {
        assert_eq!(communes().len(), 34);
        assert_eq!(communes().iter().map(|commune| commune.population).sum::<u32>(), 360_630);
    }

    #[test]
    fn a_misspelt_commune_is_met_with_its_neighbours() {
        let error = Commune::find("lamentin").expect_err("article missing");
        assert!(error.contains("Le Lamentin"), "{error}");
    }
}
