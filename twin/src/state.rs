//! What has come about in a body, apart from what it is given by the plan and from what it works out anew in every
//! interval.
//!
//! Only the former is saved: a body is built anew from the plan, and its state is laid over it.

/// Makes a `State` of some fields of a body, with `state` and `lay` to take it and to lay it over a body made anew.
///
/// `parts` have states of their own. The other fields are named after `given`: whoever adds one to the body has to say
/// whether it comes about.
macro_rules! state {
    (
        $(#[$doc:meta])*
        $state:ident of $body:ident {
            $($field:ident: $type:ty,)*
        } $(parts { $($part:ident: $part_state:ty),* })? given { $($given:ident),* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $state {
            $($field: $type,)*
            $($(pub(crate) $part: $part_state,)*)?
        }

        impl $body {
            /// What has come about in it.
            pub(crate) fn state(&self) -> $state {
                let Self { $($field,)* $($($part,)*)? $($given: _,)* } = self;
                $state { $($field: $field.clone(),)* $($($part: $part.state(),)*)? }
            }

            /// Lays over it what has come about.
            pub(crate) fn lay(&mut self, state: &$state) {
                $(self.$field.clone_from(&state.$field);)*
                $($(self.$part.lay(&state.$part);)*)?
            }
        }
    };
}

pub(crate) use state;
