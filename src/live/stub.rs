#![allow(missing_docs, dead_code, unused)]
use agents::face::*;
use agents::record::*;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
pub struct Broker {
    pub host: String,
    pub port: u16,
    pub tls: Option<Tls>,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub client_id: String,
    pub version: Version,
    pub keep_alive: Duration,
}
pub struct Tls {
    pub ca: Option<PathBuf>,
    pub identity: Option<(PathBuf, PathBuf)>,
}
pub struct Secret(String);
impl Secret {
    pub fn new(s: String) -> Self {
        Self(s)
    }
}
pub enum Version {
    V3_1_1,
    V5,
}
#[derive(Clone, Default)]
pub struct Settings {
    pub root: String,
}
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct MqttError;
impl Broker {
    pub fn parse(_: &str) -> Result<Self, MqttError> {
        Err(MqttError)
    }
}
pub struct Face;
pub struct Mirror;
impl Face {
    pub fn start(_: Broker, _: Settings, _: Arc<Catalogue>) -> Result<Self, MqttError> {
        Err(MqttError)
    }
    pub fn publish(&self, _: &IntervalRows<'_>) {}
    pub fn requests(&self, _: impl FnMut(Request)) {}
    pub fn answer(&self, _: Vec<Answer>) {}
    pub fn status(&self) -> String {
        String::new()
    }
    pub fn stop(self, _: Duration) {}
}
pub struct FieldReading {
    pub asset: agents::ParticipantId,
}
impl Mirror {
    pub fn start(_: Broker, _: &str, _: Arc<Catalogue>) -> Result<Self, MqttError> {
        Err(MqttError)
    }
    pub fn drain(&self, _: impl FnMut(FieldReading)) {}
    pub fn status(&self) -> String {
        String::new()
    }
    pub fn stop(self) {}
}
