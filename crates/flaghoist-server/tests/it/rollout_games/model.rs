//! What a rollout is, told otherwise than by the server: not when it moves next, but how long the clock of its step has
//! run. Times are milliseconds.

use super::Dice;
use serde_json::{Value, json};

/// A step of a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    ratio: f64,
    interval_ms: Option<i64>,
    is_pause: bool,
}

/// What somebody may want a schedule to be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Template {
    steps: Vec<Step>,
    autostart: bool,
}

impl Template {
    pub(super) fn drawn(dice: &mut Dice) -> Self {
        let step =
            |ratio: f64, interval_ms: Option<i64>, is_pause: bool| Step { ratio, interval_ms, is_pause };
        let seconds = |seconds: i64| Some(seconds * 1_000);
        let steps = match dice.throw(5) {
            0 => vec![step(0.1, seconds(2), false), step(0.5, seconds(3), false), step(1.0, None, false)],
            1 => vec![
                step(0.05, seconds(1), false),
                step(0.05, None, true),
                step(0.2, seconds(1), false),
                step(0.2, seconds(4), true),
                step(0.8, None, false),
            ],
            2 => vec![
                step(0.3, None, false),
                step(0.3, seconds(2), false),
                step(0.6, seconds(1), false),
                step(1.0, None, false),
            ],
            3 => vec![step(1.0, None, false)],
            _ => vec![
                step(0.01, seconds(1), false),
                step(0.02, seconds(1), false),
                step(0.04, seconds(1), false),
                step(0.08, seconds(1), false),
                step(0.08, seconds(1), true),
            ],
        };
        Self { steps, autostart: dice.throw(4) == 0 }
    }

    /// The allocation that has it.
    pub(super) fn allocation(&self, key: &str) -> Value {
        let steps: Vec<Value> = self
            .steps
            .iter()
            .map(|step| {
                json!({"exposure_ratio": step.ratio, "interval_ms": step.interval_ms,
                    "is_pause_record": step.is_pause, "grouped_step_index": 0})
            })
            .collect();
        let options = json!({"strategy": "UNIFORM_INTERVALS", "autostart": self.autostart});
        json!({"type": "allocations", "attributes": {"key": key, "name": key, "type": "CANARY",
            "variant_weights": [{"variant_key": "on", "value": 100}],
            "exposure_schedule": {"rollout_options": options, "rollout_steps": steps}}})
    }
}

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ask {
    Start,
    Pause,
    Resume,
    Stop,
    Enable(bool),
    Override(bool),
    Archive(bool),
    Edit(Template),
}

/// The status of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome(pub(super) u16);

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    NotStarted,
    Running,
    /// With the reason.
    Paused(&'static str),
    Completed,
    Aborted,
}

/// What the server shows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) status: String,
    pub(super) pause_reason: Option<String>,
    pub(super) run: i64,
    pub(super) position: Option<usize>,
    pub(super) ratio: f64,
    pub(super) entered_ms: Option<i64>,
    pub(super) next_ms: Option<i64>,
    pub(super) sequence: i64,
    /// Whether the flag is enabled, overridden and archived.
    pub(super) switches: (bool, bool, bool),
    /// Whether the schedule says that it starts by itself, and each step: share, interval and whether it is a pause.
    pub(super) content: (bool, Vec<(f64, Option<i64>, bool)>),
}

/// A rollout and the switches of its flag.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rollout {
    template: Template,
    stand: Stand,
    run: i64,
    position: usize,
    entered_ms: i64,
    /// How long the clock of the step had run when it was stopped last.
    ran_ms: i64,
    /// Since when it runs; none when it stands still.
    since_ms: Option<i64>,
    /// Whether it starts as soon as its flag serves.
    eager: bool,
    was_stopped: bool,
    sequence: i64,
    enabled: bool,
    overridden: bool,
    archived: bool,
}

impl Rollout {
    /// One that was just saved on an enabled flag.
    pub(super) fn saved(template: Template, now_ms: i64) -> Self {
        let rollout = Self {
            eager: template.autostart,
            template,
            stand: Stand::NotStarted,
            run: 0,
            position: 0,
            entered_ms: 0,
            ran_ms: 0,
            since_ms: None,
            was_stopped: false,
            sequence: 0,
            enabled: true,
            overridden: false,
            archived: false,
        };
        rollout.switched(now_ms).started()
    }

    fn serves(&self) -> bool {
        self.enabled && !self.overridden && !self.archived
    }

    fn step(&self) -> &Step {
        &self.template.steps[self.position]
    }

    fn has_entered(&self) -> bool {
        matches!(self.stand, Stand::Running | Stand::Paused(_) | Stand::Completed)
    }

    fn not_before(&self, now_ms: i64) -> i64 {
        if self.has_entered() { now_ms.max(self.entered_ms) } else { now_ms }
    }

    /// How long the clock of the step has run, within its interval.
    fn ran_at(&self, at_ms: i64) -> i64 {
        let running = self.since_ms.map_or(0, |since_ms| at_ms - since_ms);
        (self.ran_ms + running).clamp(0, self.step().interval_ms.unwrap_or(i64::MAX))
    }

    fn stop_clock(&mut self, at_ms: i64) {
        if self.since_ms.is_some() {
            self.ran_ms = self.ran_at(at_ms);
            self.since_ms = None;
        }
    }

    fn enter(&mut self, position: usize, at_ms: i64) {
        self.position = position;
        self.entered_ms = at_ms;
        self.ran_ms = 0;
        let is_last = position + 1 == self.template.steps.len();
        let (is_pause, interval_ms) = (self.step().is_pause, self.step().interval_ms);
        self.stand = match (is_pause, is_last, interval_ms) {
            (false, true, _) => Stand::Completed,
            (true, ..) | (false, false, None) => Stand::Paused("gate"),
            (false, false, Some(_)) => Stand::Running,
        };
        let ticks = interval_ms.is_some() && self.stand != Stand::Completed;
        self.since_ms = ticks.then_some(at_ms);
    }

    fn leave(&mut self, at_ms: i64) {
        if self.position + 1 < self.template.steps.len() {
            return self.enter(self.position + 1, at_ms);
        }
        (self.stand, self.since_ms, self.ran_ms, self.entered_ms) = (Stand::Completed, None, 0, at_ms);
    }

    fn begin(&mut self, at_ms: i64) {
        self.run += 1;
        self.sequence += 1;
        (self.eager, self.was_stopped, self.since_ms) = (false, false, None);
        self.enter(0, at_ms);
    }

    /// The one move that time makes, if it has come.
    fn advanced(&self, now_ms: i64) -> Option<Self> {
        let mut after = self.clone();
        if let (Stand::NotStarted, Some(since_ms)) = (self.stand, self.since_ms) {
            return (since_ms <= now_ms).then(|| after.started());
        }
        let due_ms = self.due_ms()?;
        (due_ms <= now_ms).then(|| {
            after.leave(due_ms);
            after.sequence += 1;
            after
        })
    }

    fn due_ms(&self) -> Option<i64> {
        Some(self.since_ms? + self.step().interval_ms? - self.ran_ms)
    }

    pub(super) fn after_tick(&self, now_ms: i64) -> Self {
        let mut after = self.clone();
        while let Some(next) = after.advanced(now_ms) {
            after = next;
        }
        after
    }

    /// What the flag's switches mean for it.
    fn switched(mut self, now_ms: i64) -> Self {
        let at_ms = self.not_before(now_ms);
        match (self.serves(), self.stand) {
            (false, Stand::Running) => {
                self.stop_clock(at_ms);
                self.stand = Stand::Paused("inactive");
                self.sequence += 1;
            }
            (true, Stand::Paused("inactive")) => {
                self.stand = Stand::Running;
                self.since_ms = Some(at_ms);
                self.sequence += 1;
            }
            (false, Stand::Paused("gate")) => self.stop_clock(at_ms),
            (true, Stand::Paused("gate")) if self.since_ms.is_none() && self.step().interval_ms.is_some() => {
                self.since_ms = Some(at_ms);
            }
            (true, Stand::NotStarted) if self.eager && self.since_ms.is_none() => self.since_ms = Some(at_ms),
            (false, Stand::NotStarted) => self.since_ms = None,
            _ => {}
        }
        self
    }

    /// The same after a change of what the flag serves, which starts at once what is to start.
    fn started(mut self) -> Self {
        if let (Stand::NotStarted, Some(since_ms)) = (self.stand, self.since_ms) {
            self.begin(since_ms);
        }
        self
    }

    /// What becomes of it when somebody is answered so; nothing when that is not how they are answered.
    fn asked(&self, ask: &Ask, outcome: Outcome, now_ms: i64) -> Option<Self> {
        let (after, status) = self.answered(ask, now_ms);
        (status == outcome.0).then_some(after)
    }

    fn answered(&self, ask: &Ask, now_ms: i64) -> (Self, u16) {
        let mut after = self.clone();
        let at_ms = self.not_before(now_ms);
        let may = match ask {
            Ask::Start => matches!(self.stand, Stand::NotStarted | Stand::Aborted),
            Ask::Pause => self.stand == Stand::Running,
            Ask::Resume => matches!(self.stand, Stand::Paused(_)),
            Ask::Stop => matches!(self.stand, Stand::Running | Stand::Paused(_)),
            Ask::Edit(template) => {
                let is_on = matches!(self.stand, Stand::Running | Stand::Paused(_) | Stand::Completed);
                *template == self.template || !is_on
            }
            Ask::Enable(_) | Ask::Override(_) | Ask::Archive(_) => true,
        };
        if !may {
            return (after, 409);
        }
        if matches!(ask, Ask::Start | Ask::Resume) && !self.serves() {
            return (after, 400);
        }
        match ask {
            Ask::Start => after.begin(at_ms),
            Ask::Pause => {
                after.stop_clock(at_ms);
                (after.stand, after.sequence) = (Stand::Paused("user"), after.sequence + 1);
            }
            Ask::Resume => {
                after.sequence += 1;
                if after.stand == Stand::Paused("gate") {
                    after.leave(at_ms);
                } else {
                    (after.stand, after.since_ms) = (Stand::Running, Some(at_ms));
                }
            }
            Ask::Stop => {
                (after.stand, after.since_ms, after.was_stopped) = (Stand::Aborted, None, true);
                after.sequence += 1;
            }
            Ask::Enable(enabled) => after.enabled = *enabled,
            Ask::Override(overridden) => after.overridden = *overridden,
            Ask::Archive(archived) => after.archived = *archived,
            Ask::Edit(template) if *template != self.template => {
                after.template = template.clone();
                (after.stand, after.since_ms) = (Stand::NotStarted, None);
                after.eager = template.autostart && !self.was_stopped;
            }
            Ask::Edit(_) => {}
        }
        let after = after.switched(now_ms);
        (if matches!(ask, Ask::Archive(_)) { after } else { after.started() }, 200)
    }

    pub(super) fn after_one(&self, ask: &Ask, outcome: Outcome, now_ms: i64) -> Vec<Self> {
        self.asked(ask, outcome, now_ms).into_iter().collect()
    }

    /// How it may stand after these were asked and schedulers looked, in any order.
    pub(super) fn after_all(&self, asked: &[(Ask, Outcome)], now_ms: i64) -> Vec<Self> {
        if asked.is_empty() {
            return self.so_far(now_ms);
        }
        let mut may_be = Vec::new();
        for present in self.so_far(now_ms) {
            for (position, (ask, outcome)) in asked.iter().enumerate() {
                let mut others = asked.to_vec();
                others.remove(position);
                if let Some(after) = present.asked(ask, *outcome, now_ms) {
                    may_be.extend(after.after_all(&others, now_ms));
                }
            }
        }
        may_be
    }

    /// How it may stand after something that may or may not have been done.
    pub(super) fn after_crash(&self, asked: Option<&Ask>, now_ms: i64) -> Vec<Self> {
        match asked {
            None => self.so_far(now_ms),
            Some(ask) => vec![self.clone(), self.answered(ask, now_ms).0],
        }
    }

    /// It, and how it stands after each move that is due.
    fn so_far(&self, now_ms: i64) -> Vec<Self> {
        std::iter::successors(Some(self.clone()), |present| present.advanced(now_ms)).collect()
    }

    fn ratio(&self) -> f64 {
        if !self.has_entered() {
            return 0.0;
        }
        let so_far = self.template.steps[..=self.position].iter().rev();
        so_far.filter(|step| !step.is_pause).map(|step| step.ratio).next().unwrap_or(0.0)
    }

    pub(super) fn looks_like(&self, seen: &Seen) -> bool {
        let (status, reason) = match self.stand {
            Stand::NotStarted => ("NOT_STARTED", None),
            Stand::Running => ("RUNNING", None),
            Stand::Paused(reason) => ("PAUSED", Some(reason)),
            Stand::Completed => ("COMPLETED", None),
            Stand::Aborted => ("ABORTED", None),
        };
        let next_ms = if self.has_entered() { self.due_ms() } else { self.since_ms };
        let at = |value: i64| self.has_entered().then_some(value);
        let steps = self.template.steps.iter().map(|step| (step.ratio, step.interval_ms, step.is_pause));
        seen.switches == (self.enabled, self.overridden, self.archived)
            && seen.content == (self.template.autostart, steps.collect())
            && status == seen.status
            && reason == seen.pause_reason.as_deref()
            && self.run == seen.run
            && self.has_entered().then_some(self.position) == seen.position
            && (self.ratio() - seen.ratio).abs() < 1e-9
            && at(self.entered_ms) == seen.entered_ms
            && next_ms == seen.next_ms
            && self.sequence == seen.sequence
    }

    /// The bucket that ends what readers get of it; none when they get nothing of it.
    pub(super) fn shard_end(&self) -> Option<u64> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a ratio is 0 to 1")]
        let end = (self.ratio() * 10_000.0).round() as u64;
        (self.serves() && end > 0).then_some(end)
    }

    /// How many transitions it made.
    pub(super) fn transitions(&self) -> i64 {
        self.sequence
    }
}
