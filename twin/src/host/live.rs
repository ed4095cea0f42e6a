//! The live host: every core in an actor of its own, supervised, restarted from its last committed copy.
//!
//! An actor is disposable. Each step returns a copy of the core, which is committed when the round is over; an actor
//! that dies is replaced by one that is handed the committed core and the same inbox. A core that panics twice at one step
//! is reported to the kernel, which puts the participant out.

use super::{Effects, Host, Round};
use crate::bodies::Embodied;
use crate::build::Visitor;
use crate::cores::{AnyCore, Beginning};
use crate::snapshot::{Snapshot, SnapshotError};
use crate::world::World;
use agents::command::CommandBook;
use agents::{Kind, Mail, Now, Outbox, ParticipantId, Wake};
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};
use scenarios::Plan;
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A core that panics this often at one step is put out.
const PANICS_TO_QUARANTINE: u32 = 2;
/// An actor killed this often at one step is killed by something that will not stop.
const MOST_RESTARTS: u32 = 100;

/// Steps each core in a ractor actor; at most one step is under way per participant.
pub struct LiveHost {
    // Declared first, dropped first: actors end before what they report to.
    runtime: Runtime,
    supervisor: ActorRef<()>,
    reports: UnboundedReceiver<Report>,
    sender: UnboundedSender<Report>,
    kinds: Vec<Kind>,
    crews: Vec<Option<Box<dyn Crew>>>,
    /// Whose actor it is; entries leave when the actor is known to be dead.
    actors: BTreeMap<ActorId, ParticipantId>,
    restarts: u64,
    saboteur: Option<Saboteur>,
}

/// Decides whether the actor of a participant is struck in a round; the round's number and the time are given.
type Saboteur = Box<dyn FnMut(Now, u32, ParticipantId) -> Option<Blow> + Send>;

/// What a saboteur does to an actor, for drills and tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// Kills the actor as the step is sent to it.
    Kill,
    /// The core panics in the middle of the step, once.
    Panic,
    /// The core panics at every attempt of this step.
    PanicAlways,
}

/// Why a live host can not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum LiveHostError {
    /// The runtime could not be built.
    #[error("can not start the runtime: {0}")]
    Runtime(#[from] std::io::Error),
    /// An actor could not be started.
    #[error("can not start the actor of a participant: {0}")]
    Spawn(#[from] SpawnErr),
    /// The snapshot it was to begin with does not fit.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// An actor was killed again and again.
    #[error("the actor of participant {0:?} was killed {MOST_RESTARTS} times at one step")]
    KilledForever(ParticipantId),
    /// All actors are gone.
    #[error("the supervisor is gone")]
    NoReports,
}

/// What reaches the host from its actors.
enum Report {
    /// A step is done; its outcome lies in the participant's tray.
    Stepped { id: ParticipantId, incarnation: u32 },
    /// An actor is dead.
    Died { actor: ActorId, by_panic: bool },
}

impl LiveHost {
    /// Starts an actor for every core of the plan, on a runtime of `threads` threads (1: the calling thread itself).
    ///
    /// # Errors
    /// [`LiveHostError::Runtime`] or [`LiveHostError::Spawn`].
    pub fn new(plan: &Plan, threads: usize) -> Result<Self, LiveHostError> {
        Self::start_all(plan, Beginning::Plan(plan), threads)
    }

    /// Starts an actor for every core of `snapshot`, as [`Self::new`] does for those of the plan.
    ///
    /// # Errors
    /// [`LiveHostError::Snapshot`] if other participants take part in the plan, or it does not run on after the snapshot;
    /// [`LiveHostError::Runtime`] or [`LiveHostError::Spawn`].
    pub fn restore(plan: &Plan, snapshot: &Snapshot, threads: usize) -> Result<Self, LiveHostError> {
        snapshot.check(plan)?;
        Self::start_all(plan, Beginning::Snapshot(snapshot), threads)
    }

    fn start_all(plan: &Plan, beginning: Beginning<'_>, threads: usize) -> Result<Self, LiveHostError> {
        let runtime = match threads {
            0 | 1 => Builder::new_current_thread().build()?,
            threads => Builder::new_multi_thread().worker_threads(threads).build()?,
        };
        let (sender, reports) = unbounded_channel();
        let (supervisor, _) = runtime.block_on(Actor::spawn(None, Supervisor, sender.clone()))?;
        let kinds = plan.participants.iter().map(|participant| participant.role.kind()).collect();
        let crews = Kind::ALL.map(|_| None).into();
        let (actors, restarts, saboteur) = (BTreeMap::new(), 0, None);
        let mut host = Self { runtime, supervisor, reports, sender, kinds, crews, actors, restarts, saboteur };
        let mut enlist = Enlist { host: &mut host, outcome: Ok(()) };
        beginning.visit(&mut enlist);
        enlist.outcome?;
        Ok(host)
    }

    /// Lets `saboteur` strike actors from now on.
    pub fn sabotage(&mut self, saboteur: impl FnMut(Now, u32, ParticipantId) -> Option<Blow> + Send + 'static) {
        self.saboteur = Some(Box::new(saboteur));
    }

    /// How often an actor was replaced.
    pub fn restarts(&self) -> u64 {
        self.restarts
    }

    fn crew(&mut self, id: ParticipantId) -> &mut dyn Crew {
        let crew = self.crews[self.kinds[id.index()] as usize].as_mut();
        crew.expect("a crew was enlisted for every kind of the plan").as_mut()
    }

    /// Sends one step; starts a new actor first where there is none alive.
    fn dispatch(&mut self, id: ParticipantId, step: Errand<'_>, attempt: u32) -> Result<(), LiveHostError> {
        let blow = match &mut self.saboteur {
            Some(saboteur) if attempt == 0 => saboteur(step.round.now, step.round.number, id),
            _ => step.blow.filter(|blow| *blow == Blow::PanicAlways),
        };
        if !self.crew(id).is_alive(id) {
            self.start(id)?;
        }
        self.crew(id).send(id, Errand { blow, ..step });
        Ok(())
    }

    fn start(&mut self, id: ParticipantId) -> Result<(), LiveHostError> {
        let (supervisor, sender) = (self.supervisor.get_cell(), self.sender.clone());
        let crew = self.crews[self.kinds[id.index()] as usize].as_mut();
        let crew = crew.expect("a crew was enlisted for every kind of the plan");
        let actor = self.runtime.block_on(crew.start(id, supervisor, sender))?;
        self.actors.insert(actor, id);
        Ok(())
    }

    /// Waits until every step of the round is done, replacing actors that die.
    fn await_all(&mut self, world: &World, round: &Round<'_>) -> Result<Vec<ParticipantId>, LiveHostError> {
        let mut awaited: BTreeMap<ParticipantId, &[Mail]> = round.due().collect();
        let mut misfortunes: BTreeMap<ParticipantId, (u32, u32)> = BTreeMap::new();
        let mut failed = BTreeSet::new();
        while !awaited.is_empty() {
            let report = self.runtime.block_on(self.reports.recv()).ok_or(LiveHostError::NoReports)?;
            let (actor, by_panic) = match report {
                Report::Stepped { id, incarnation } => {
                    if self.crew(id).is_incarnation(id, incarnation) {
                        awaited.remove(&id);
                    }
                    continue;
                }
                Report::Died { actor, by_panic } => (actor, by_panic),
            };
            let Some(id) = self.bury(actor) else { continue };
            let Some(inbox) = awaited.get(&id).copied() else { continue };
            let (panics, restarts) = misfortunes.entry(id).or_default();
            *panics += u32::from(by_panic);
            *restarts += 1;
            if *panics >= PANICS_TO_QUARANTINE {
                awaited.remove(&id);
                failed.insert(id);
            } else if *restarts >= MOST_RESTARTS {
                return Err(LiveHostError::KilledForever(id));
            } else {
                let blow = self.crew(id).last_blow(id);
                let attempt = *restarts;
                self.dispatch(id, Errand { world, round, inbox, blow }, attempt)?;
            }
        }
        Ok(failed.into_iter().collect())
    }

    /// Notes that an actor is dead; returns whose it was, unless it had already been replaced.
    fn bury(&mut self, actor: ActorId) -> Option<ParticipantId> {
        let id = self.actors.remove(&actor)?;
        self.restarts += 1;
        self.crew(id).bury(id);
        Some(id)
    }
}

impl Host for LiveHost {
    type Error = LiveHostError;

    fn round(&mut self, world: &mut World, round: &Round<'_>, effects: &mut Effects) -> Result<(), LiveHostError> {
        for (id, inbox) in round.due() {
            self.dispatch(id, Errand { world, round, inbox, blow: None }, 0)?;
        }
        effects.failed = self.await_all(world, round)?;
        for (id, _) in round.due() {
            if !effects.failed.contains(&id) {
                self.crew(id).commit(id, world, effects);
            }
        }
        Ok(())
    }

    fn command_book<'a>(&'a self, _: &'a World, id: ParticipantId) -> Option<&'a CommandBook> {
        self.crews[self.kinds[id.index()] as usize].as_ref()?.command_book(id)
    }

    fn core(&self, _: &World, id: ParticipantId) -> AnyCore {
        let crew = self.crews[self.kinds[id.index()] as usize].as_ref();
        crew.expect("a crew was enlisted for every kind of the plan").committed(id)
    }
}

struct Enlist<'a> {
    host: &'a mut LiveHost,
    outcome: Result<(), LiveHostError>,
}

impl Visitor for Enlist<'_> {
    fn visit<C: Embodied>(&mut self, id: ParticipantId, core: &C) {
        if self.outcome.is_err() {
            return;
        }
        let crew = self.host.crews[C::KIND as usize].get_or_insert_with(|| Box::new(CrewOf::<C>::default()));
        crew.enlist(id, core);
        self.outcome = self.host.start(id);
    }
}

/// What an actor is sent out to do.
#[derive(Clone, Copy)]
struct Errand<'a> {
    world: &'a World,
    round: &'a Round<'a>,
    inbox: &'a [Mail],
    blow: Option<Blow>,
}

type Starting<'a> = std::pin::Pin<Box<dyn Future<Output = Result<ActorId, SpawnErr>> + 'a>>;

/// The members of one kind, their type known only to the implementation.
trait Crew {
    fn enlist(&mut self, id: ParticipantId, core: &dyn std::any::Any);
    fn start(&mut self, id: ParticipantId, supervisor: ActorCell, reports: UnboundedSender<Report>) -> Starting<'_>;
    fn is_alive(&self, id: ParticipantId) -> bool;
    fn is_incarnation(&self, id: ParticipantId, incarnation: u32) -> bool;
    fn last_blow(&self, id: ParticipantId) -> Option<Blow>;
    fn bury(&mut self, id: ParticipantId);
    fn send(&mut self, id: ParticipantId, errand: Errand<'_>);
    fn commit(&mut self, id: ParticipantId, world: &mut World, effects: &mut Effects);
    fn command_book(&self, id: ParticipantId) -> Option<&CommandBook>;
    fn committed(&self, id: ParticipantId) -> AnyCore;
}

struct CrewOf<C: Embodied> {
    members: BTreeMap<ParticipantId, Member<C>>,
}

impl<C: Embodied> Default for CrewOf<C> {
    fn default() -> Self {
        Self { members: BTreeMap::new() }
    }
}

struct Member<C: Embodied> {
    committed: C,
    actor: Option<ActorRef<Task<C>>>,
    incarnation: u32,
    last_blow: Option<Blow>,
    tray: Tray<C>,
}

/// Where an actor leaves the outcome of its step.
type Tray<C> = Arc<Mutex<Option<Outcome<C>>>>;

struct Outcome<C: Embodied> {
    core: C,
    intent: C::Intent,
    wake: Wake,
    outbox: Outbox,
}

/// One step, as an actor gets it.
struct Task<C: Embodied> {
    now: Now,
    sense: C::Sense,
    inbox: Vec<Mail>,
    blow: Option<Blow>,
}

impl<C: Embodied> CrewOf<C> {
    fn member(&self, id: ParticipantId) -> &Member<C> {
        self.members.get(&id).expect("members are enlisted before anything else")
    }

    fn member_mut(&mut self, id: ParticipantId) -> &mut Member<C> {
        self.members.get_mut(&id).expect("members are enlisted before anything else")
    }
}

impl<C: Embodied> Crew for CrewOf<C> {
    fn enlist(&mut self, id: ParticipantId, core: &dyn std::any::Any) {
        let committed = core.downcast_ref::<C>().expect("a crew is chosen by the core's own kind").clone();
        let tray = Arc::default();
        self.members.insert(id, Member { committed, actor: None, incarnation: 0, last_blow: None, tray });
    }

    fn start(&mut self, id: ParticipantId, supervisor: ActorCell, reports: UnboundedSender<Report>) -> Starting<'_> {
        let member = self.member_mut(id);
        member.incarnation += 1;
        let state = ShellState {
            id,
            incarnation: member.incarnation,
            core: member.committed.clone(),
            tray: Arc::clone(&member.tray),
            reports,
        };
        Box::pin(async move {
            let (actor, _) = Actor::spawn_linked(None, Shell(PhantomData), state, supervisor).await?;
            let actor_id = actor.get_id();
            member.actor = Some(actor);
            Ok(actor_id)
        })
    }

    fn is_alive(&self, id: ParticipantId) -> bool {
        self.member(id).actor.is_some()
    }

    fn is_incarnation(&self, id: ParticipantId, incarnation: u32) -> bool {
        self.member(id).incarnation == incarnation
    }

    fn last_blow(&self, id: ParticipantId) -> Option<Blow> {
        self.member(id).last_blow
    }

    fn bury(&mut self, id: ParticipantId) {
        self.member_mut(id).actor = None;
    }

    fn send(&mut self, id: ParticipantId, errand: Errand<'_>) {
        let mut sense = C::Sense::default();
        errand.world.sense::<C>(id, &mut sense);
        let member = self.member_mut(id);
        member.last_blow = errand.blow;
        let actor = member.actor.as_ref().expect("an actor is started before it is sent anything");
        if errand.blow == Some(Blow::Kill) {
            actor.kill();
        }
        let task = Task { now: errand.round.now, sense, inbox: errand.inbox.to_vec(), blow: errand.blow };
        // An actor that is already dead takes nothing; the report of its death brings the step back.
        drop(actor.cast(task));
    }

    fn commit(&mut self, id: ParticipantId, world: &mut World, effects: &mut Effects) {
        let member = self.member_mut(id);
        let outcome = member.tray.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Outcome { core, intent, wake, mut outbox } = outcome.expect("a step that was reported left its outcome");
        member.committed = core;
        world.obey::<C>(id, intent);
        effects.wakes.push((id, wake));
        effects.outbox.mail.append(&mut outbox.mail);
        effects.outbox.records.append(&mut outbox.records);
    }

    fn command_book(&self, id: ParticipantId) -> Option<&CommandBook> {
        self.member(id).committed.command_book()
    }

    fn committed(&self, id: ParticipantId) -> AnyCore {
        self.member(id).committed.clone().into()
    }
}

/// The actor around a core.
struct Shell<C>(PhantomData<fn() -> C>);

struct ShellState<C: Embodied> {
    id: ParticipantId,
    incarnation: u32,
    core: C,
    tray: Tray<C>,
    reports: UnboundedSender<Report>,
}

impl<C: Embodied> Actor for Shell<C> {
    type Msg = Task<C>;
    type State = ShellState<C>;
    type Arguments = ShellState<C>;

    async fn pre_start(&self, _: ActorRef<Task<C>>, state: ShellState<C>) -> Result<ShellState<C>, ActorProcessingErr> {
        Ok(state)
    }

    async fn handle(
        &self,
        _: ActorRef<Task<C>>,
        task: Task<C>,
        state: &mut ShellState<C>,
    ) -> Result<(), ActorProcessingErr> {
        let mut outbox = Outbox::of(state.id);
        let intent = state.core.step(task.now, &task.sense, &task.inbox, &mut outbox);
        if matches!(task.blow, Some(Blow::Panic | Blow::PanicAlways)) {
            panic!("struck by a saboteur in the middle of a step");
        }
        let (core, wake) = (state.core.clone(), state.core.next_wake(task.now));
        let outcome = Outcome { core, intent, wake, outbox };
        *state.tray.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        // The host is gone only when it is being dropped.
        drop(state.reports.send(Report::Stepped { id: state.id, incarnation: state.incarnation }));
        Ok(())
    }
}

/// Tells the host which actors died.
struct Supervisor;

impl Actor for Supervisor {
    type Msg = ();
    type State = UnboundedSender<Report>;
    type Arguments = UnboundedSender<Report>;

    async fn pre_start(
        &self,
        _: ActorRef<()>,
        reports: UnboundedSender<Report>,
    ) -> Result<UnboundedSender<Report>, ActorProcessingErr> {
        Ok(reports)
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<()>,
        event: SupervisionEvent,
        reports: &mut UnboundedSender<Report>,
    ) -> Result<(), ActorProcessingErr> {
        let (actor, by_panic) = match event {
            SupervisionEvent::ActorTerminated(actor, ..) => (actor, false),
            SupervisionEvent::ActorFailed(actor, _) => (actor, true),
            _ => return Ok(()),
        };
        drop(reports.send(Report::Died { actor: actor.get_id(), by_panic }));
        Ok(())
    }
}
