//! A list of names, of whatever a key says: sites, communes, rules.

use crate::document::{Drawn, Node, Value};
use crate::parameters::{Parameter, Setting};
use serde::Serialize;

/// Names, in the order in which they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Names(pub(crate) Vec<String>);

impl Setting for Names {
    fn placeholder() -> Self {
        Self::default()
    }

    fn read(node: &Node, of: &Parameter, _: Option<Drawn<'_>>) -> Result<Self, String> {
        let how = || format!("write a list of {}, such as [\"one\", \"another\"]", of.unit);
        let Value::List(nodes) = &node.value else { return Err(format!("is {}: {}", node.value.kind(), how())) };
        let name = |node: &Node| match &node.value {
            Value::Text(text) => Ok(text.clone()),
            other => Err(format!("holds {}: {}", other.kind(), how())),
        };
        nodes.iter().map(name).collect::<Result<_, _>>().map(Self)
    }

    fn written(&self) -> String {
        format!("{:?}", self.0)
    }
}
