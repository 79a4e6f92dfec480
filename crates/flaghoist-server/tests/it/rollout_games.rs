//! Random games with rollouts: commands, edits, switches, time that jumps forward and back, crashes between any two
//! operations of the store, restarts, and several nodes at once. After each move the rollout stands where a small model
//! of it says (`model.rs`), and at the end every transition is there once, in order, never early, with its history entry.
//!
//! `FLAGHOIST_LONG=1` plays 100 000 games instead of a few hundred; `FLAGHOIST_GAME=<number>` plays one again.

mod model;
mod world;

use model::{Ask, Outcome, Rollout, Template};
use world::World;

/// Games when nobody asks for more.
const GAMES: u64 = 200;
/// Games of the long mode.
const LONG_GAMES: u64 = 100_000;
/// Games on one database: the more flags it has, the longer a restart takes.
const GAMES_PER_WORLD: u64 = 40;
/// Moves of a game.
const MOVES: usize = 18;

/// Numbers that look random and are the same for the same seed (Marsaglia's xorshift, 64 bits).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `sides`.
    pub(crate) fn throw(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % sides
    }
}

/// What happens next.
#[derive(Clone, Debug)]
enum Move {
    /// The hands of the clock are turned by so many milliseconds.
    Time(i64),
    /// The scheduler of a node looks.
    Tick,
    /// Somebody asks one node for something.
    Asked(Ask),
    /// Several nodes are asked, and look, at the same time.
    AtOnce(Vec<Ask>),
    /// A node dies after so many waits for its store, in the middle of this; nothing asked means its scheduler.
    Crash(Option<Ask>, usize),
}

fn draw(dice: &mut Dice) -> Move {
    match dice.throw(20) {
        0..=4 => Move::Time(i64::try_from(dice.throw(9_000)).unwrap_or_default()),
        5 => Move::Time(-i64::try_from(dice.throw(4_000)).unwrap_or_default()),
        6..=9 => Move::Tick,
        10..=14 => Move::Asked(ask(dice)),
        15..=16 => {
            let count = 1 + dice.throw(2);
            Move::AtOnce((0..count).map(|_| ask(dice)).collect())
        }
        _ => {
            let asked = (dice.throw(2) == 0).then(|| ask(dice));
            Move::Crash(asked, usize::try_from(dice.throw(60)).unwrap_or_default())
        }
    }
}

fn ask(dice: &mut Dice) -> Ask {
    match dice.throw(16) {
        0..=3 => Ask::Start,
        4..=5 => Ask::Pause,
        6..=9 => Ask::Resume,
        10 => Ask::Stop,
        11..=12 => Ask::Enable(dice.throw(3) != 0),
        13 => Ask::Override(dice.throw(3) == 0),
        14 => Ask::Archive(dice.throw(3) == 0),
        _ => Ask::Edit(Template::drawn(dice)),
    }
}

/// Plays a game, and gives how many transitions it saw.
async fn play(world: &mut World, game: u64) -> i64 {
    let mut dice = Dice::of(game);
    let template = Template::drawn(&mut dice);
    world.begin(game, &template).await;
    let mut rollout = Rollout::saved(template, world.now_ms());
    let mut told = Vec::new();
    for _ in 0..MOVES {
        let chosen = draw(&mut dice);
        told.push(format!("{chosen:?}"));
        let before = rollout.clone();
        let (may_be, answers) = match &chosen {
            Move::Time(by_ms) => {
                world.pass(*by_ms);
                continue;
            }
            Move::Tick => {
                world.tick().await;
                (vec![rollout.after_tick(world.now_ms())], Vec::new())
            }
            Move::Asked(asked) => {
                let answer = world.ask(asked).await;
                (rollout.after_one(asked, answer, world.now_ms()), vec![answer])
            }
            Move::AtOnce(asked) => {
                let answers = world.ask_at_once(asked).await;
                let pairs: Vec<(Ask, Outcome)> = asked.iter().cloned().zip(answers.clone()).collect();
                (rollout.after_all(&pairs, world.now_ms()), answers)
            }
            Move::Crash(asked, waits) => {
                world.crash(asked.as_ref(), *waits).await;
                (rollout.after_crash(asked.as_ref(), world.now_ms()), Vec::new())
            }
        };
        let seen = world.see().await;
        let found = may_be.iter().find(|may_be| may_be.looks_like(&seen));
        rollout = found.cloned().unwrap_or_else(|| {
            panic!(
                "game {game}: after {}\nbefore {before:#?}\nanswers {answers:?}\nit stands as {seen:#?}\nand may stand as {may_be:#?}",
                told.join(", ")
            )
        });
    }
    world.check_log(game, &rollout, &told).await
}

async fn play_all(
    games: impl Iterator<Item = u64>,
    mut world: impl AsyncFnMut() -> Option<World>,
) -> (u64, i64) {
    let (mut played, mut transitions) = (0, 0);
    let mut present = None;
    for game in games {
        if played % GAMES_PER_WORLD == 0 {
            present = world().await;
        }
        let Some(world) = &mut present else { break };
        transitions += play(world, game).await;
        played += 1;
    }
    (played, transitions)
}

/// The games to play: `share` of all of them, in hundredths, from a first number on.
fn games(first: u64, share: u64) -> std::ops::Range<u64> {
    if let Some(game) = std::env::var("FLAGHOIST_GAME").ok().and_then(|game| game.parse().ok()) {
        return game..game + 1;
    }
    let all = if std::env::var_os("FLAGHOIST_LONG").is_some() { LONG_GAMES } else { GAMES };
    first..first + all * share / 100
}

#[expect(clippy::print_stdout, reason = "the numbers of the games are how one plays them again")]
fn tell(name: &str, games: &std::ops::Range<u64>, (played, transitions): (u64, i64)) {
    println!("{name}: games {}..{}, {played} played, {transitions} transitions", games.start, games.end);
    assert!(transitions > i64::try_from(played).unwrap_or_default(), "the games move nothing");
}

#[tokio::test]
async fn on_sqlite_a_rollout_stands_where_the_model_says_whatever_happens() {
    let games = games(1, 80);
    tell("sqlite", &games, play_all(games.clone(), async || Some(World::on_sqlite().await)).await);
}

#[tokio::test]
async fn two_nodes_on_one_postgres_never_disagree() {
    let games = games(1_000_001, 10);
    let played = play_all(games.clone(), async || World::on_postgres(2).await).await;
    if played.0 > 0 {
        tell("two nodes", &games, played);
    }
}

#[tokio::test]
async fn three_nodes_on_one_postgres_never_disagree() {
    let games = games(2_000_001, 10);
    let played = play_all(games.clone(), async || World::on_postgres(3).await).await;
    if played.0 > 0 {
        tell("three nodes", &games, played);
    }
}
