//! The columns of the open-data sets and what they are.

/// Where measured power came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
#[expect(missing_docs, reason = "the names are the sources")]
pub enum Source {
    Engines,
    Turbines,
    /// Engines and turbines together, in the history.
    Thermal,
    BagasseCoal,
    Pv,
    Wind,
    Hydro,
    MicroHydro,
    Bioenergy,
    Geothermal,
    Storage,
    Imports,
}

impl Source {
    /// How many there are.
    pub const COUNT: usize = 12;

    /// Whether it may take power.
    pub(super) fn may_take(self) -> bool {
        matches!(self, Self::Storage | Self::Imports)
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Time,
    Territory,
    Power(Source),
    Total,
    Cost,
    /// Shares and groups of the columns that are read, and the status of a row.
    Derived,
}

/// The column of this name, if it is one of either set.
pub(super) fn column(name: &str) -> Option<Column> {
    Some(match name {
        "date_heure" | "date" => Column::Time,
        "territoire" => Column::Territory,
        "statut" => Column::Derived,
        "production_totale_mw" | "total" => Column::Total,
        "cout_moyen_de_production_eur_mwh" => Column::Cost,
        "thermique_mw" => Column::Power(Source::Thermal),
        "moteurs_diesels" => Column::Power(Source::Engines),
        "turbines_combustion" => Column::Power(Source::Turbines),
        "bagasse_charbon_mw" => Column::Power(Source::BagasseCoal),
        "photovoltaique_mw" | "photovoltaique" => Column::Power(Source::Pv),
        "eolien_mw" | "eolien" => Column::Power(Source::Wind),
        "hydraulique_mw" | "hydraulique" => Column::Power(Source::Hydro),
        "micro_hydraulique_mw" => Column::Power(Source::MicroHydro),
        "bioenergies_mw" | "bioenergies" => Column::Power(Source::Bioenergy),
        "geothermie_mw" => Column::Power(Source::Geothermal),
        "stockage_mw" | "stockage" | "solde_stockage" => Column::Power(Source::Storage),
        "importations_mw" => Column::Power(Source::Imports),
        name if name.starts_with("part_") || name.starts_with("filiere_") => Column::Derived,
        _ => return None,
    })
}
