//! The faces of a live twin: who is connected, what goes out, what comes in.

use super::archive::PlaceArchive;
use super::args::{ApiArgs, BrokerOptions, LiveArgs, MqttArgs, MqttVersion};
use super::desk::Addressed;
use crate::error::Error;
use crate::inputs::{ENGINE, Inputs};
use agents::Span;
use agents::face::{Answer, FieldReading, Request};
use agents::record::{Catalogue, IntervalRows};
use mqtt::mirror::Mirror;
use mqtt::{Broker, Face, Secret, Settings, StoragePower, Tls, Version};
use scenarios::{LoadModel, MqttConnections, MqttParameters, MqttStoragePower, Plan, PlannedParticipant, Role};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tracing::info;

/// How long a face may take to say good-bye.
const PATIENCE: Duration = Duration::from_secs(5);

/// The faces that a live twin has.
#[derive(Default)]
pub(crate) struct Faces {
    mqtt: Option<Face>,
    mirror: Option<Mirror>,
    api: Option<(api::Face, Arc<PlaceArchive>)>,
}

/// What connects where, checked before anything begins.
pub(crate) struct Connections {
    mqtt: Option<Broker>,
    mirror: Option<Broker>,
    settings: Settings,
    field_root: String,
    api: Option<api::Settings>,
}

impl Connections {
    /// What the options ask for.
    ///
    /// # Errors
    /// [`Error::Option`] naming the option.
    pub(super) fn of(args: &LiveArgs, plan: &Plan, place: &Path) -> Result<Self, Error> {
        let name = client_name(plan, place);
        let mqtt = args.mqtt.options().map(|options| broker(&options, &name)).transpose()?;
        let mirror = args.mirror.options().map(|options| broker(&options, &name)).transpose()?;
        let settings = settings(&plan.mqtt);
        let field_root = plan.mirror.root.clone();
        // Two addresses may be of one broker, whatever they look like.
        if mqtt.is_some() && mirror.is_some() && settings.root == field_root {
            let problem = format!(
                "would publish on topics that are the field's, {}/…: leave mqtt.root as it is, which is `twin` with \
                 --mirror, or give another with --set mqtt.root=…",
                settings.root
            );
            return Err(Error::Option { option: "--mqtt", problem });
        }
        let api = api_settings(&args.api)?;
        Ok(Self { mqtt, mirror, settings, field_root, api })
    }

    /// What the options ask for where there is no field to follow.
    ///
    /// # Errors
    /// [`Error::Option`] naming the option.
    pub(crate) fn of_telemetry(args: &MqttArgs, plan: &Plan, place: &Path) -> Result<Self, Error> {
        let name = client_name(plan, place);
        let mqtt = args.options().map(|options| broker(&options, &name)).transpose()?;
        Ok(Self { mqtt, mirror: None, settings: settings(&plan.mqtt), field_root: plan.mirror.root.clone(), api: None })
    }

    /// Connects, and listens.
    ///
    /// # Errors
    /// [`Error::Mqtt`] or [`Error::Api`].
    pub(crate) fn start(self, inputs: &Inputs, place: &Path, catalogue: &Arc<Catalogue>) -> Result<Faces, Error> {
        let face = |broker| Face::start(broker, self.settings.clone(), Arc::clone(catalogue));
        let mirror = |broker| Mirror::start(broker, &self.field_root, catalogue);
        let api = |settings| -> Result<_, Error> {
            let archive = Arc::new(PlaceArchive::new(place));
            let shared: Arc<dyn api::Archive> = Arc::clone(&archive) as _;
            let face = api::Face::start(settings, overview(inputs, place), Arc::clone(catalogue), shared)?;
            let plant = std::thread::current();
            face.wake_with(move || plant.unpark());
            info!(address = %face.address(), "api: it listens");
            Ok((face, archive))
        };
        Ok(Faces {
            mqtt: self.mqtt.map(face).transpose()?,
            mirror: self.mirror.map(mirror).transpose()?,
            api: self.api.map(api).transpose()?,
        })
    }
}

impl Faces {
    /// Gives the rows of an interval to all who publish them.
    pub(crate) fn publish(&self, rows: &IntervalRows<'_>) {
        if let Some(mqtt) = &self.mqtt {
            mqtt.publish(rows);
        }
        if let Some((api, _)) = &self.api {
            api.publish(rows);
        }
    }

    /// Takes what only the thread that runs the twin can do.
    pub(super) fn calls(&self, take: impl FnMut(api::Call)) {
        if let Some((api, _)) = &self.api {
            api.calls(take);
        }
    }

    /// Says how the twin's clock stands.
    pub(super) fn tell_clock(&self, clock: api::Clock) {
        if let Some((api, _)) = &self.api {
            api.tell_clock(clock);
        }
    }

    /// Waits so long, or until somebody calls.
    pub(super) fn wait(&self, span: Span) {
        std::thread::park_timeout(Duration::from_millis(span.0 as u64));
    }

    /// Takes what was asked since the last time, each with the name of its face.
    pub(crate) fn requests(&self, mut take: impl FnMut(&'static str, Request)) {
        if let Some(mqtt) = &self.mqtt {
            mqtt.requests(|request| take("mqtt", request));
        }
    }

    /// Answers requests, each of the face that asked.
    pub(crate) fn answer(&self, answers: Vec<Addressed>) {
        let of = |face| answers.iter().filter(move |(of, _)| *of == face).map(|(_, answer)| answer.clone());
        if let Some(mqtt) = &self.mqtt {
            let answers: Vec<Answer> = of("mqtt").collect();
            if !answers.is_empty() {
                mqtt.answer(answers);
            }
        }
        if let Some((api, _)) = &self.api {
            api.answer(of("api").collect());
        }
    }

    /// Takes what the field showed since the last time.
    pub(super) fn readings(&self, take: impl FnMut(FieldReading)) {
        if let Some(mirror) = &self.mirror {
            mirror.drain(take);
        }
    }

    /// A line for each face.
    pub(super) fn lines(&self) -> Vec<String> {
        let mqtt = self.mqtt.as_ref().map(Face::status).map(|status| {
            let mqtt::Status { text, sent, queued, dropped, .. } = status;
            format!("mqtt    {sent} sent, {queued} wait, {dropped} dropped: {text}")
        });
        let mirror = self.mirror.as_ref().map(Mirror::status).map(|status| {
            let (text, counts) = (status.text, status.counts);
            format!("mirror  {} received, {} refused: {text}", counts.received, counts.refused())
        });
        let api = self.api.as_ref().map(|(api, _)| {
            let api::Status { text, requests, streams, .. } = api.status();
            format!("api     {requests} requests, {streams} streams: {text}")
        });
        mqtt.into_iter().chain(mirror).chain(api).collect()
    }

    /// Whether a face has not yet taken what it was given: whoever is in no hurry waits for it.
    pub(super) fn are_lagging(&self) -> bool {
        self.mqtt.as_ref().is_some_and(Face::is_lagging) || self.api.as_ref().is_some_and(|(api, _)| api.is_lagging())
    }

    /// Logs what each face has done so far.
    pub(super) fn log(&self) {
        if let Some(status) = self.mqtt.as_ref().map(Face::status) {
            let mqtt::Status { text, sent, queued, dropped, stale, received, refused, unanswered, .. } = status;
            info!(sent, queued, dropped, stale, received, refused, unanswered, "mqtt: {text}");
        }
        if let Some(status) = self.mirror.as_ref().map(Mirror::status) {
            let mqtt::mirror::Counts { received, superseded, ignored, .. } = status.counts;
            info!(received, superseded, ignored, refused = status.counts.refused(), "mirror: {}", status.text);
        }
        if let Some(status) = self.api.as_ref().map(|(api, _)| api.status()) {
            let api::Status { text, requests, refused, streams, dropped } = status;
            info!(requests, refused, streams, dropped, "api: {text}");
        }
    }

    /// Says good-bye.
    pub(crate) fn stop(self) {
        drop(self.mirror);
        if let Some(mqtt) = self.mqtt {
            mqtt.stop(PATIENCE);
        }
        if let Some((api, archive)) = self.api {
            api.stop(PATIENCE);
            archive.stop();
        }
    }
}

/// What the options say of the API; none without an address.
fn api_settings(args: &ApiArgs) -> Result<Option<api::Settings>, Error> {
    let Some(listen) = args.listen else { return Ok(None) };
    let settings = api::Settings {
        listen,
        token: password("--api", args.token_file.as_deref(), "CARIFLEX_API_TOKEN")?.as_deref().map(api::Secret::new),
        tls: args.cert.clone().zip(args.key.clone()).map(|(cert_file, key_file)| api::Tls { cert_file, key_file }),
        hosts: args.hosts.clone(),
        origins: args.origins.clone(),
    };
    settings.verify().map_err(|error| match error {
        api::ApiError::Setting { key, problem } => Error::Option { option: option_of(key), problem },
        error => error.into(),
    })?;
    // Before a place is made for a twin that nobody could reach.
    settings.probe()?;
    Ok(Some(settings))
}

/// The option that gives a setting of the API.
fn option_of(setting: &str) -> &'static str {
    match setting {
        "token" => "--api-token-file",
        "hosts" => "--api-host",
        "origins" => "--api-origin",
        _ => "--api",
    }
}

/// What the API says of the twin as a whole.
fn overview(inputs: &Inputs, place: &Path) -> api::Overview {
    let plan = &inputs.plan;
    api::Overview {
        scenario: plan.name.clone(),
        version: ENGINE.into(),
        place: place.display().to_string(),
        start: plan.start,
        end: plan.end,
        tick: plan.tick,
        seed: plan.seed,
        parameters: parameters(plan),
    }
}

/// The parameters of those that have a body, by id.
fn parameters(plan: &Plan) -> BTreeMap<String, serde_json::Value> {
    let of = |planned: &PlannedParticipant| {
        let parameters = match &planned.role {
            Role::Pv(_, parameters) => serde_json::to_value(parameters),
            Role::Battery(_, parameters) => serde_json::to_value(parameters),
            Role::Evse(_, parameters) => serde_json::to_value(parameters),
            Role::Ev(_, vehicle) => serde_json::to_value(&vehicle.parameters),
            Role::Load(_, LoadModel::Household(parameters)) => serde_json::to_value(parameters),
            Role::Load(_, LoadModel::Commercial(parameters)) => serde_json::to_value(parameters),
            _ => return None,
        };
        Some((planned.id.clone(), parameters.expect("parameters are plain data")))
    };
    plan.participants.iter().filter_map(of).collect()
}

/// A secret on the first line of a file or, without one, in an environment variable.
fn password(option: &'static str, file: Option<&Path>, variable: &str) -> Result<Option<String>, Error> {
    let Some(path) = file else { return Ok(std::env::var(variable).ok()) };
    let text = fs::read_to_string(path).map_err(|error| {
        let problem = format!("can not read {}: {error}", path.display());
        Error::Option { option, problem }
    })?;
    Ok(Some(text.lines().next().unwrap_or_default().to_owned()))
}

/// A name for client ids: that of the scenario, and what tells two places apart.
fn client_name(plan: &Plan, place: &Path) -> String {
    let place = std::path::absolute(place).unwrap_or_else(|_| place.into());
    let hash = blake3::hash(place.display().to_string().as_bytes()).to_hex();
    format!("{}-{}", plan.name, &hash[..4])
}

fn settings(parameters: &MqttParameters) -> Settings {
    Settings {
        root: parameters.root.clone(),
        every: parameters.every,
        min_interval: parameters.min_interval,
        power_kw: parameters.power_kw,
        energy_kwh: parameters.energy_kwh,
        soc_percent: parameters.soc_percent,
        qos: parameters.qos as u8,
        retain: parameters.retain,
        buffer: parameters.buffer as usize,
        connections: match parameters.connections {
            MqttConnections::Gateway => mqtt::Connections::Gateway,
            MqttConnections::Device => mqtt::Connections::Device,
        },
        storage_power: match parameters.storage_power {
            MqttStoragePower::Power => StoragePower::Power,
            MqttStoragePower::Energy => StoragePower::Energy,
        },
    }
}

fn broker(options: &BrokerOptions<'_>, name: &str) -> Result<Broker, Error> {
    let wrong = |option, problem| Error::Option { option, problem };
    let address = Broker::parse(options.address).map_err(|error| wrong(options.prefix, error.to_string()))?;
    if address.tls.is_none() && (options.ca.is_some() || options.identity.is_some()) {
        let problem = "certificates are of use with mqtts:// only: change the address, or leave them out".into();
        return Err(wrong(options.prefix, problem));
    }
    let password = match (options.user, options.password_file) {
        (None, None) => None,
        _ => password(options.prefix, options.password_file, options.password_variable)?,
    };
    let tls = address.tls.as_ref().map(|_| Tls {
        ca: options.ca.map(Into::into),
        identity: options.identity.map(|(cert, key)| (cert.into(), key.into())),
    });
    let role = options.prefix.trim_start_matches('-');
    let broker = Broker {
        tls,
        user: options.user.map(Into::into),
        password: password.as_deref().map(Secret::new),
        client_id: options.client_id.map_or_else(|| format!("cariflex-{role}-{name}"), Into::into),
        version: match options.version {
            MqttVersion::V3 => Version::V3_1_1,
            MqttVersion::V5 => Version::V5,
        },
        ..address
    };
    broker.verify().map_err(|error| wrong(options.prefix, error.to_string()))?;
    Ok(broker)
}
