//! How messages are written down: required fields, a semicolon, optional fields.

/// What is only received: unknown properties are refused, `null` is no absence, `customData` is passed over.
macro_rules! received {
    ($($(#[$meta:meta])* $name:ident {
        $($(#[$rm:meta])* $required:ident: $required_type:ty),*;
        $($(#[$om:meta])* $optional:ident: $optional_type:ty),*
    })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name {
            $($(#[$rm])* pub $required: $required_type,)*
            $($(#[$om])* #[serde(default, deserialize_with = "crate::v201::primitive::present")]
            pub $optional: Option<$optional_type>,)*
            #[serde(default)]
            pub custom_data: Option<crate::v201::CustomData>,
        }
    )*};
}

/// What is only sent: what is absent is left out.
macro_rules! sent {
    ($($(#[$meta:meta])* $name:ident {
        $($(#[$rm:meta])* $required:ident: $required_type:ty),*;
        $($(#[$om:meta])* $optional:ident: $optional_type:ty),*
    })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $($(#[$rm])* pub $required: $required_type,)*
            $($(#[$om])* #[serde(default, skip_serializing_if = "Option::is_none")]
            pub $optional: Option<$optional_type>,)*
        }
    )*};
}

/// What goes both ways, `customData` included.
macro_rules! shared {
    ($($(#[$meta:meta])* $name:ident {
        $($(#[$rm:meta])* $required:ident: $required_type:ty),*;
        $($(#[$om:meta])* $optional:ident: $optional_type:ty),*
    })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name {
            $($(#[$rm])* pub $required: $required_type,)*
            $($(#[$om])* #[serde(
                default,
                deserialize_with = "crate::v201::primitive::present",
                skip_serializing_if = "Option::is_none"
            )]
            pub $optional: Option<$optional_type>,)*
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub custom_data: Option<crate::v201::CustomData>,
        }
    )*};
}

/// Enumerations, with the text of each value.
macro_rules! enums {
    ($($(#[$meta:meta])* $name:ident { $($value:ident = $text:literal),* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($value),* }

        impl $name {
            /// All values, in the order of the schema.
            pub const ALL: &[Self] = &[$(Self::$value),*];

            /// As it is written.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$value => $text),* }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                let found = Self::ALL.iter().find(|value| value.as_str() == text);
                found.copied().ok_or_else(|| serde::de::Error::unknown_variant(&text, &[$($text),*]))
            }
        }
    )*};
}

pub(super) use {enums, received, sent, shared};
