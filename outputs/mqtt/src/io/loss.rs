//! Why a connection was lost or refused, in words for whoever runs the twin.

use crate::broker::{Broker, Version};
use rumqttc::v5;
use rumqttc::v5::mqttbytes::v5::{ConnectReturnCode as Code5, DisconnectReasonCode};
use rumqttc::{ConnectReturnCode as Code3, StateError};
use std::error::Error;

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loss(pub(crate) String);

/// What both versions of the protocol can refuse.
enum Refusal {
    Credentials,
    ClientId,
    Version,
    Busy,
    Other(String),
}

impl Loss {
    pub(crate) fn of_v3(error: &rumqttc::ConnectionError, broker: &Broker, client_id: &str) -> Self {
        use rumqttc::ConnectionError as E;
        match error {
            E::ConnectionRefused(code) => refused(
                match code {
                    Code3::BadUserNamePassword | Code3::NotAuthorized => Refusal::Credentials,
                    Code3::BadClientId => Refusal::ClientId,
                    Code3::RefusedProtocolVersion => Refusal::Version,
                    Code3::ServiceUnavailable => Refusal::Busy,
                    Code3::Success => Refusal::Other("it says that all is well".into()),
                },
                broker,
                client_id,
            ),
            E::NetworkTimeout | E::FlushTimeout | E::MqttState(StateError::AwaitPingResp) => silent(broker),
            E::MqttState(StateError::ConnectionAborted) => closed(broker, client_id),
            other => io(other, broker),
        }
    }

    pub(crate) fn of_v5(error: &v5::ConnectionError, broker: &Broker, client_id: &str) -> Self {
        use v5::ConnectionError as E;
        match error {
            E::ConnectionRefused(code) | E::MqttState(v5::StateError::ConnFail { reason: code }) => refused(
                match code {
                    Code5::BadUserNamePassword
                    | Code5::NotAuthorized
                    | Code5::BadAuthenticationMethod
                    | Code5::Banned => Refusal::Credentials,
                    Code5::BadClientId | Code5::ClientIdentifierNotValid => Refusal::ClientId,
                    Code5::RefusedProtocolVersion | Code5::UnsupportedProtocolVersion => Refusal::Version,
                    Code5::ServiceUnavailable | Code5::ServerUnavailable | Code5::ServerBusy => Refusal::Busy,
                    other => Refusal::Other(format!("{other:?}")),
                },
                broker,
                client_id,
            ),
            E::MqttState(v5::StateError::ServerDisconnect { reason_code, .. }) => match reason_code {
                DisconnectReasonCode::SessionTakenOver => Self(format!(
                    "another client with the id `{client_id}` has taken over at {}: give each client its own id",
                    broker.address()
                )),
                DisconnectReasonCode::ServerShuttingDown => Self(format!("broker {} shuts down", broker.address())),
                other => Self(format!("broker {} ends the connection: {other:?}", broker.address())),
            },
            E::Timeout(_) | E::MqttState(v5::StateError::AwaitPingResp) => silent(broker),
            E::MqttState(v5::StateError::ConnectionAborted) => closed(broker, client_id),
            other => io(other, broker),
        }
    }

    /// The device behind it has a fault of its link.
    pub(crate) fn of_fault() -> Self {
        Self("its link is down, by a fault of the device".into())
    }

    /// Nothing came for longer than the library itself would wait.
    pub(crate) fn stalled(broker: &Broker) -> Self {
        silent(broker)
    }
}

fn refused(refusal: Refusal, broker: &Broker, client_id: &str) -> Loss {
    let at = broker.address();
    Loss(match (refusal, &broker.user) {
        (Refusal::Credentials, Some(user)) => {
            format!("broker {at} refuses the credentials of user `{user}`: check user and password")
        }
        (Refusal::Credentials, None) => format!("broker {at} refuses us without credentials: give user and password"),
        (Refusal::ClientId, _) => format!("broker {at} refuses the client id `{client_id}`: choose another"),
        (Refusal::Version, _) => {
            let other = if broker.version == Version::V5 { "3.1.1" } else { "5" };
            format!("broker {at} does not speak this version of MQTT: try {other}")
        }
        (Refusal::Busy, _) => format!("broker {at} is busy"),
        (Refusal::Other(why), _) => format!("broker {at} refuses the connection: {why}"),
    })
}

fn silent(broker: &Broker) -> Loss {
    Loss(format!("broker {} does not answer", broker.address()))
}

fn closed(broker: &Broker, client_id: &str) -> Loss {
    let at = broker.address();
    Loss(format!(
        "broker {at} closed the connection; if it does again and again, another client uses the id `{client_id}`"
    ))
}

/// What the network or TLS says, with all its causes.
fn io(error: &(dyn Error + 'static), broker: &Broker) -> Loss {
    let at = broker.address();
    let causes = causes(error);
    let hint = if causes.contains("UnknownIssuer") || causes.contains("unknown issuer") {
        ": its certificate is signed by nobody who is trusted here; give the file of its CA"
    } else if causes.contains("NotValidForName") || causes.contains("not valid for name") {
        ": its certificate is not for this host; use the name that stands in the certificate"
    } else if causes.contains("CertificateRequired") || causes.contains("HandshakeFailure") {
        ": it asks for a certificate of ours; give certificate and key"
    } else if causes.contains("refused") {
        ": nobody listens there"
    } else if causes.contains("lookup") {
        ": its name is not known"
    } else {
        ""
    };
    Loss(format!("no connection with broker {at}{hint} ({causes})"))
}

fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_broker_refuses_is_said_with_the_remedy() {
        let broker = Broker { user: Some("meter".into()), ..Broker::parse("mqtt://broker").expect("it is right") };
        let said = |code| Loss::of_v3(&rumqttc::ConnectionError::ConnectionRefused(code), &broker, "twin").0;
        assert!(said(Code3::BadUserNamePassword).contains("refuses the credentials of user `meter`"));
        assert!(said(Code3::NotAuthorized).contains("refuses the credentials of user `meter`"));
        assert!(said(Code3::BadClientId).contains("client id `twin`"));
        assert!(said(Code3::RefusedProtocolVersion).contains("try 5"));
        let said = |code| Loss::of_v5(&v5::ConnectionError::ConnectionRefused(code), &broker, "twin").0;
        assert!(said(Code5::NotAuthorized).contains("refuses the credentials of user `meter`"));
        assert!(said(Code5::QuotaExceeded).contains("QuotaExceeded"));
        let taken = v5::StateError::ServerDisconnect {
            reason_code: DisconnectReasonCode::SessionTakenOver,
            reason_string: None,
        };
        assert!(Loss::of_v5(&taken.into(), &broker, "twin").0.contains("another client with the id `twin`"));
    }
}
