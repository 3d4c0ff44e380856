//! The processes of an attacked stack: hit, and brought back.

use std::time::{Duration, Instant};

use playground::{Playground, Rule};

use super::schedule::{Blow, Target};
use crate::{Exit, HarnessError, LogLine, Service, Stack};

/// A look at a process that has not said yet where it listens.
const GLANCE: Duration = Duration::from_millis(1);

/// How a process ends that has no handler for it yet.
const SIGTERM: i32 = 15;

/// The stack under attack.
pub(super) struct Targets<'a> {
    stack: &'a mut Stack,
    playground: &'a Playground,
    frozen: Vec<(Target, Instant)>,
    leaving: Vec<Target>,
    /// What ended processes said.
    log: Vec<(String, LogLine)>,
    /// Processes that did not leave well when they were asked to.
    left_badly: Vec<String>,
    kills: usize,
    /// The names, in their logs, of processes that were hit.
    hit: Vec<String>,
}

impl<'a> Targets<'a> {
    pub(super) fn new(stack: &'a mut Stack, playground: &'a Playground) -> Self {
        let (frozen, leaving, log, left_badly) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { stack, playground, frozen, leaving, log, left_badly, kills: 0, hit: Vec::new() }
    }

    /// Does it, and returns at once.
    pub(super) fn strike(&mut self, blow: Blow) -> Result<(), HarnessError> {
        if let Blow::Kill(target) | Blow::Freeze(target, _) | Blow::Restart(target) = &blow {
            let name =
                self.service(*target).log().iter().find_map(|line| Some(line.field("worker")?.as_str()?.to_owned()));
            self.hit.extend(name);
        }
        match blow {
            Blow::Kill(target) => {
                self.kills += 1;
                self.frozen.retain(|(frozen, _)| *frozen != target);
                self.leaving.retain(|leaving| *leaving != target);
                self.start_anew(target)?;
            }
            Blow::Freeze(target, lasting) => {
                self.service(target).pause();
                self.frozen.push((target, Instant::now() + lasting));
            }
            Blow::Restart(target) if !self.leaving.contains(&target) => {
                self.service(target).terminate();
                self.leaving.push(target);
            }
            Blow::Restart(_) => {}
            Blow::Slack(method, fault, times) => self.playground.fault(Rule::on(method, fault).times(times)),
        }
        Ok(())
    }

    /// Does what has become due: thaws, starts those that have left, tells Slack where the ingresses are.
    pub(super) async fn tend(&mut self, now: Instant) -> Result<(), HarnessError> {
        let due: Vec<_> = self.frozen.extract_if(.., |(_, until)| *until <= now).collect();
        for (target, _) in due {
            self.service(target).resume();
        }
        for target in self.leaving.clone() {
            let Some(exit) = self.service(target).exit() else { continue };
            // One that is just starting has begun nothing that it could complete.
            let was_up = self.service(target).address(GLANCE).await.is_ok();
            if exit != Exit::Code(0) && (was_up || exit != Exit::Signal(SIGTERM)) {
                self.left_badly.push(format!("{} left with {exit:?}", self.service(target).name()));
            }
            self.leaving.retain(|leaving| *leaving != target);
            self.frozen.retain(|(frozen, _)| *frozen != target);
            self.start_anew(target)?;
        }
        let mut urls = Vec::new();
        for ingress in &self.stack.ingresses {
            if ingress.address(GLANCE).await.is_ok() {
                urls.push(ingress.url("/slack/events"));
            }
        }
        if !urls.is_empty() {
            self.playground.deliver_events_to(urls);
        }
        Ok(())
    }

    /// Whether every process runs that should.
    pub(super) fn is_whole(&self) -> bool {
        self.frozen.is_empty() && self.leaving.is_empty()
    }

    /// How many were killed.
    pub(super) fn kills(&self) -> usize {
        self.kills
    }

    /// Processes that did not leave with exit code 0 when they were asked to.
    pub(super) fn left_badly(&self) -> &[String] {
        &self.left_badly
    }

    /// The names, in their logs, of processes that were killed, frozen or told to leave.
    pub(super) fn hit(&self) -> &[String] {
        &self.hit
    }

    /// Every line that was logged, by ended processes too, each with its process.
    pub(super) fn lines(&self) -> Vec<(String, LogLine)> {
        let services = self.stack.ingresses.iter().chain(&self.stack.responders);
        let running =
            services.flat_map(|service| service.log().into_iter().map(|line| (service.name().to_owned(), line)));
        self.log.iter().cloned().chain(running).collect()
    }

    /// Every line that names `part`, of ended processes too, each with its process.
    pub(super) fn log_about(&self, part: &str) -> Vec<String> {
        let about = self.lines().into_iter().filter(|(_, line)| line.text().contains(part));
        let mut lines: Vec<_> = about.map(|(name, line)| (line.text().to_owned(), name)).collect();
        // Each line begins with its time.
        lines.sort();
        lines.into_iter().map(|(text, name)| format!("[{name}] {text}")).collect()
    }

    pub(super) fn stack(&self) -> &Stack {
        self.stack
    }

    fn start_anew(&mut self, target: Target) -> Result<(), HarnessError> {
        let service = self.service(target);
        service.kill();
        let (name, lines) = (service.name().to_owned(), service.log());
        self.log.extend(lines.into_iter().map(|line| (name.clone(), line)));
        match target {
            Target::Ingress(place) => self.stack.ingresses[place].restart(),
            Target::Responder(place) => self.stack.responders[place].restart(),
        }
    }

    fn service(&self, target: Target) -> &Service {
        match target {
            Target::Ingress(place) => &self.stack.ingresses[place],
            Target::Responder(place) => &self.stack.responders[place],
        }
    }
}
