//! The sweep host: cores are components beside their bodies, stepped in place, one after the other.

use super::{Effects, Host, Round};
use crate::bodies::Embodied;
use crate::build::Visitor;
use crate::cores::{AnyCore, Beginning};
use crate::snapshot::{Snapshot, SnapshotError};
use crate::world::World;
use agents::command::CommandBook;
use agents::{Kind, Mail, ParticipantId};
use bevy_ecs::component::Component;
use bevy_ecs::query::QueryState;
use scenarios::Plan;
use std::convert::Infallible;

/// A core as a component, with room for what it senses.
#[derive(Component)]
struct Hosted<C: Embodied> {
    core: C,
    sense: C::Sense,
}

/// Steps the cores of one world on the calling thread.
pub struct SweepHost {
    kinds: Vec<Kind>,
    steppers: Vec<Option<Box<dyn Step>>>,
}

impl SweepHost {
    /// Puts the plan's cores into its world.
    pub fn new(plan: &Plan, world: &mut World) -> Self {
        Self::settle(plan, Beginning::Plan(plan), world)
    }

    /// Puts the cores of `snapshot` into `world`, which was restored from it.
    ///
    /// # Errors
    /// [`SnapshotError`] if other participants take part in the plan, or it does not run on after the snapshot.
    pub fn restore(plan: &Plan, snapshot: &Snapshot, world: &mut World) -> Result<Self, SnapshotError> {
        snapshot.check(plan)?;
        Ok(Self::settle(plan, Beginning::Snapshot(snapshot), world))
    }

    fn settle(plan: &Plan, beginning: Beginning<'_>, world: &mut World) -> Self {
        let kinds = plan.participants.iter().map(|participant| participant.role.kind()).collect();
        let mut host = Self { kinds, steppers: Kind::ALL.map(|_| None).into() };
        beginning.visit(&mut Settle { host: &mut host, world });
        host
    }

    fn stepper(&self, id: ParticipantId) -> &dyn Step {
        let stepper = self.steppers[self.kinds[id.index()] as usize].as_ref();
        stepper.expect("a stepper was made for every kind of the plan").as_ref()
    }
}

struct Settle<'a> {
    host: &'a mut SweepHost,
    world: &'a mut World,
}

impl Visitor for Settle<'_> {
    fn visit<C: Embodied>(&mut self, id: ParticipantId, core: &C) {
        let bodies = &mut self.world.bodies;
        let hosted = Hosted { core: core.clone(), sense: C::Sense::default() };
        bodies.entity_mut(self.world.entities[id.index()]).insert(hosted);
        let stepper = &mut self.host.steppers[C::KIND as usize];
        if stepper.is_none() {
            *stepper = Some(Box::new(Stepper::<C> { query: bodies.query() }));
        }
    }
}

/// Steps cores of one type, known only to the implementation.
trait Step {
    fn step(&mut self, world: &mut World, round: &Round<'_>, id: ParticipantId, inbox: &[Mail], effects: &mut Effects);
    fn command_book<'a>(&self, world: &'a World, id: ParticipantId) -> Option<&'a CommandBook>;
    fn core(&self, world: &World, id: ParticipantId) -> AnyCore;
}

struct Stepper<C: Embodied> {
    query: QueryState<(&'static mut Hosted<C>, &'static mut C::Body)>,
}

impl<C: Embodied> Step for Stepper<C> {
    fn step(&mut self, world: &mut World, round: &Round<'_>, id: ParticipantId, inbox: &[Mail], effects: &mut Effects) {
        let entity = world.entities[id.index()];
        let found = self.query.get_mut(&mut world.bodies, entity);
        let (mut hosted, mut body) = found.expect("every participant has its core and its body");
        let Hosted { core, sense } = &mut *hosted;
        C::sense(&body, &world.meters, sense);
        if let Some(shown) = world.faults.shown(id) {
            C::be_shown(sense, shown);
        }
        effects.outbox.begin(id);
        let intent = core.step(round.now, sense, inbox, &mut effects.outbox);
        C::obey(&mut body, intent);
        effects.wakes.push((id, core.next_wake(round.now)));
    }

    fn command_book<'a>(&self, world: &'a World, id: ParticipantId) -> Option<&'a CommandBook> {
        let hosted = world.bodies.get::<Hosted<C>>(world.entities[id.index()]);
        hosted.expect("every participant has its core").core.command_book()
    }

    fn core(&self, world: &World, id: ParticipantId) -> AnyCore {
        let hosted = world.bodies.get::<Hosted<C>>(world.entities[id.index()]);
        hosted.expect("every participant has its core").core.clone().into()
    }
}

impl Host for SweepHost {
    type Error = Infallible;

    fn round(&mut self, world: &mut World, round: &Round<'_>, effects: &mut Effects) -> Result<(), Infallible> {
        for (id, inbox) in round.due() {
            let stepper = self.steppers[self.kinds[id.index()] as usize].as_mut();
            stepper.expect("a stepper was made for every kind of the plan").step(world, round, id, inbox, effects);
        }
        Ok(())
    }

    fn command_book<'a>(&'a self, world: &'a World, id: ParticipantId) -> Option<&'a CommandBook> {
        self.steppers[self.kinds[id.index()] as usize].as_ref()?.command_book(world, id)
    }

    fn core(&self, world: &World, id: ParticipantId) -> AnyCore {
        self.stepper(id).core(world, id)
    }
}
