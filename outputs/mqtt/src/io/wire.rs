//! One connection to a broker, whatever the version and whatever the library: what goes out, what comes in, and why it ended.
//!
//! This file and `loss.rs` are all that know the library.

use crate::broker::{Broker, Version};
use crate::io::loss::Loss;
use crate::session::Message;
use rumqttc::v5;
use rumqttc::v5::mqttbytes::v5::{Filter, RetainForwardRule};
use rumqttc::{QoS, TlsConfiguration, Transport};
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::Duration;

/// Messages that are handed to the library and not completed; enough to keep it busy.
pub(crate) const WINDOW: usize = 256;
/// Acknowledgements that are handed to the library and not sent.
const MOST_ACKNOWLEDGEMENTS: usize = 512;
/// Messages of quality of service 1 under way.
const IN_FLIGHT: u16 = 100;
/// What MQTT allows at most: a smaller limit of ours would let one large message cut the connection.
const MOST_PACKET_BYTES: usize = 268_435_455;
/// Larger ones a broker of version 5 keeps to itself.
const MOST_PACKET_BYTES_V5: u32 = 64 * 1024;

/// How a connection is made.
#[derive(Clone, Debug)]
pub(crate) struct Plug {
    pub(crate) broker: Arc<Broker>,
    pub(crate) tls: Option<Arc<ClientConfig>>,
    pub(crate) client_id: String,
    /// Topic and payload that the broker publishes, retained, when the connection breaks off.
    pub(crate) will: Option<(String, &'static str)>,
    /// Whether messages are acknowledged by [`Talking::acknowledge`] alone.
    pub(crate) acknowledges_itself: bool,
}

/// What happened in a connection.
#[derive(Debug)]
pub(crate) enum Happened {
    /// The broker has accepted it.
    Connected,
    /// The next message went out under this number, 0 for one that nobody acknowledges.
    Sent(u16),
    /// The broker has the message of this number.
    Acknowledged(u16),
    /// An acknowledgement of ours went out.
    AcknowledgementSent,
    /// A message came in.
    Message(Box<Incoming>),
    /// The broker refuses what we subscribe to.
    SubscriptionRefused,
    /// Our goodbye went out.
    Disconnected,
    /// Nothing that matters here.
    Other,
}

/// A message that came in.
#[derive(Debug)]
pub(crate) enum Incoming {
    V3(rumqttc::Publish),
    V5(v5::mqttbytes::v5::Publish),
}

impl Incoming {
    pub(crate) fn topic(&self) -> &[u8] {
        match self {
            Self::V3(publish) => publish.topic.as_bytes(),
            Self::V5(publish) => &publish.topic,
        }
    }

    pub(crate) fn payload(&self) -> &[u8] {
        match self {
            Self::V3(publish) => &publish.payload,
            Self::V5(publish) => &publish.payload,
        }
    }

    /// Whether the broker had kept it for us.
    pub(crate) fn retained(&self) -> bool {
        match self {
            Self::V3(publish) => publish.retain,
            Self::V5(publish) => publish.retain,
        }
    }

    /// Whether the broker waits for an acknowledgement.
    pub(crate) fn is_awaited(&self) -> bool {
        match self {
            Self::V3(publish) => publish.qos != QoS::AtMostOnce,
            Self::V5(publish) => publish.qos != v5::mqttbytes::QoS::AtMostOnce,
        }
    }

    /// What is needed to acknowledge it.
    pub(crate) fn without_payload(mut self: Box<Self>) -> Box<Self> {
        match &mut *self {
            Self::V3(publish) => publish.payload = Default::default(),
            Self::V5(publish) => publish.payload = Default::default(),
        }
        self
    }
}

/// The way out of a connection, in the library's words.
#[derive(Clone, Debug)]
pub(crate) enum Sender {
    V3(rumqttc::AsyncClient),
    V5(v5::AsyncClient),
}

impl Sender {
    /// Subscribes at quality of service 1; `and_retained`: also to what the broker keeps, where the version leaves a choice.
    fn subscribe(&self, filter: String, and_retained: bool) -> bool {
        match self {
            Self::V3(client) => client.try_subscribe(filter, QoS::AtLeastOnce).is_ok(),
            Self::V5(client) => {
                let mut filter = Filter::new(filter, v5::mqttbytes::QoS::AtLeastOnce);
                if !and_retained {
                    filter.retain_forward_rule = RetainForwardRule::Never;
                }
                client.try_subscribe_many([filter]).is_ok()
            }
        }
    }
}

/// A connection that only listens.
#[derive(Debug)]
pub(crate) struct Listening(Sender);

impl From<Sender> for Listening {
    fn from(sender: Sender) -> Self {
        Self(sender)
    }
}

impl Listening {
    /// Subscribes at quality of service 1, also to what the broker keeps.
    pub(crate) fn subscribe(&self, filter: String) -> bool {
        self.0.subscribe(filter, true)
    }
}

/// A connection that talks.
#[derive(Debug)]
pub(crate) struct Talking {
    sender: Sender,
    /// Acknowledgements the library has and did not send.
    acknowledgements: usize,
}

impl From<Sender> for Talking {
    fn from(sender: Sender) -> Self {
        Self { sender, acknowledgements: 0 }
    }
}

impl Talking {
    /// Subscribes at quality of service 1 to what comes from now on, as far as the version leaves a choice.
    pub(crate) fn subscribe(&self, filter: String) -> bool {
        self.sender.subscribe(filter, false)
    }

    /// Hands a message over; false if it can not be: the window is wider than it should be, or the topic is none.
    pub(crate) fn publish(&self, message: Message) -> bool {
        let Message { topic, payload, qos, retain } = message;
        match &self.sender {
            Sender::V3(client) => {
                let qos = if qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
                client.try_publish(topic, qos, retain, payload).is_ok()
            }
            Sender::V5(client) => {
                use v5::mqttbytes::QoS;
                let qos = if qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
                client.try_publish(topic, qos, retain, payload).is_ok()
            }
        }
    }

    /// Acknowledges a message; false if that must wait.
    pub(crate) fn acknowledge(&mut self, message: &Incoming) -> bool {
        if self.acknowledgements >= MOST_ACKNOWLEDGEMENTS {
            return false;
        }
        let is_taken = match (&self.sender, message) {
            (Sender::V3(client), Incoming::V3(publish)) => client.try_ack(publish).is_ok(),
            (Sender::V5(client), Incoming::V5(publish)) => client.try_ack(publish).is_ok(),
            // Of another connection: nobody waits for it any more.
            _ => return true,
        };
        self.acknowledgements += usize::from(is_taken);
        is_taken
    }

    /// An acknowledgement went out.
    pub(crate) fn acknowledgement_sent(&mut self) {
        self.acknowledgements = self.acknowledgements.saturating_sub(1);
    }

    /// Says goodbye, behind all that was handed over before; the will is then not published.
    pub(crate) fn disconnect(&self) -> bool {
        match &self.sender {
            Sender::V3(client) => client.try_disconnect().is_ok(),
            Sender::V5(client) => client.try_disconnect().is_ok(),
        }
    }
}

/// What comes in, and all the work: without [`Stream::next`] nothing moves.
pub(crate) enum Stream {
    V3(Box<rumqttc::EventLoop>),
    V5(Box<v5::EventLoop>),
}

impl Plug {
    /// A new connection, which is made by the first [`Stream::next`].
    pub(crate) fn open(&self) -> (Sender, Stream) {
        // Room for the window, the acknowledgements, a subscription and a goodbye.
        let room = WINDOW + MOST_ACKNOWLEDGEMENTS + 8;
        match self.broker.version {
            Version::V3_1_1 => {
                let (client, stream) = rumqttc::AsyncClient::new(self.options_v3(), room);
                (Sender::V3(client), Stream::V3(Box::new(stream)))
            }
            Version::V5 => {
                let (client, stream) = v5::AsyncClient::new(self.options_v5(), room);
                (Sender::V5(client), Stream::V5(Box::new(stream)))
            }
        }
    }

    fn transport(&self) -> Transport {
        match &self.tls {
            Some(config) => Transport::tls_with_config(TlsConfiguration::Rustls(config.clone())),
            None => Transport::tcp(),
        }
    }

    fn options_v3(&self) -> rumqttc::MqttOptions {
        let broker = &self.broker;
        let mut options = rumqttc::MqttOptions::new(&self.client_id, &broker.host, broker.port);
        options
            .set_transport(self.transport())
            .set_keep_alive(broker.keep_alive)
            .set_clean_session(true)
            .set_inflight(IN_FLIGHT)
            .set_max_packet_size(MOST_PACKET_BYTES, MOST_PACKET_BYTES)
            .set_manual_acks(self.acknowledges_itself);
        if let Some(user) = &broker.user {
            options.set_credentials(user, broker.password.as_ref().map_or("", |password| password.reveal()));
        }
        if let Some((topic, payload)) = &self.will {
            options.set_last_will(rumqttc::LastWill::new(topic, *payload, QoS::AtLeastOnce, true));
        }
        options
    }

    fn options_v5(&self) -> v5::MqttOptions {
        use v5::mqttbytes::QoS;
        use v5::mqttbytes::v5::LastWill;
        let broker = &self.broker;
        let mut options = v5::MqttOptions::new(&self.client_id, &broker.host, broker.port);
        options
            .set_transport(self.transport())
            .set_keep_alive(broker.keep_alive)
            .set_clean_start(true)
            .set_outgoing_inflight_upper_limit(IN_FLIGHT)
            .set_max_packet_size(Some(MOST_PACKET_BYTES_V5))
            .set_manual_acks(self.acknowledges_itself);
        if let Some(user) = &broker.user {
            options.set_credentials(user, broker.password.as_ref().map_or("", |password| password.reveal()));
        }
        if let Some((topic, payload)) = &self.will {
            options.set_last_will(LastWill::new(topic, *payload, QoS::AtLeastOnce, true, None));
        }
        options
    }

    /// The next thing that happens in `stream`, or why nothing will any more.
    pub(crate) async fn next(&self, stream: &mut Stream) -> Result<Happened, Loss> {
        // The library pings at every keep-alive, so that silence means that it is stuck in a socket.
        let patience = self.broker.keep_alive * 2 + Duration::from_secs(10);
        match tokio::time::timeout(patience, self.poll(stream)).await {
            Ok(happened) => happened,
            Err(_) => Err(Loss::stalled(&self.broker)),
        }
    }

    async fn poll(&self, stream: &mut Stream) -> Result<Happened, Loss> {
        use rumqttc::{Outgoing, SubscribeReasonCode as Code3};
        use v5::mqttbytes::v5::SubscribeReasonCode as Code5;
        let of_outgoing = |outgoing: Outgoing| match outgoing {
            Outgoing::Publish(packet) => Happened::Sent(packet),
            Outgoing::PubAck(_) | Outgoing::PubRec(_) => Happened::AcknowledgementSent,
            Outgoing::Disconnect => Happened::Disconnected,
            _ => Happened::Other,
        };
        Ok(match stream {
            Stream::V3(stream) => {
                let event = stream.poll().await;
                match event.map_err(|error| Loss::of_v3(&error, &self.broker, &self.client_id))? {
                    rumqttc::Event::Outgoing(outgoing) => of_outgoing(outgoing),
                    rumqttc::Event::Incoming(packet) => match packet {
                        rumqttc::Packet::ConnAck(_) => Happened::Connected,
                        rumqttc::Packet::PubAck(ack) => Happened::Acknowledged(ack.pkid),
                        rumqttc::Packet::Publish(publish) => Happened::Message(Incoming::V3(publish).into()),
                        rumqttc::Packet::SubAck(ack) if ack.return_codes.contains(&Code3::Failure) => {
                            Happened::SubscriptionRefused
                        }
                        _ => Happened::Other,
                    },
                }
            }
            Stream::V5(stream) => {
                use v5::mqttbytes::v5::Packet;
                let event = stream.poll().await;
                match event.map_err(|error| Loss::of_v5(&error, &self.broker, &self.client_id))? {
                    v5::Event::Outgoing(outgoing) => of_outgoing(outgoing),
                    v5::Event::Incoming(packet) => match packet {
                        Packet::ConnAck(_) => Happened::Connected,
                        Packet::PubAck(ack) => Happened::Acknowledged(ack.pkid),
                        Packet::Publish(publish) => Happened::Message(Incoming::V5(publish).into()),
                        Packet::SubAck(ack) => {
                            let is_taken = |code: &Code5| matches!(code, Code5::Success(_));
                            if ack.return_codes.iter().all(is_taken) {
                                Happened::Other
                            } else {
                                Happened::SubscriptionRefused
                            }
                        }
                        _ => Happened::Other,
                    },
                }
            }
        })
    }
}
