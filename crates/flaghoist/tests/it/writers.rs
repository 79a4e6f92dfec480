//! Several writers at once, on both engines.

use crate::dice::Dice;
use crate::management::{Answer, Management, only_for, serving};
use crate::server::Place;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ROUNDS: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_one_of_two_writers_at_once_wins_as_a_whole() {
    one_of_two_writers_wins(&Place::sqlite(), Dice::seeded(3)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_one_of_two_writers_at_once_wins_as_a_whole() {
    let Some(place) = Place::postgres() else { return };
    one_of_two_writers_wins(&place, Dice::seeded(4)).await;
}

async fn one_of_two_writers_wins(place: &Place, mut dice: Dice) {
    let server = place.start();
    let keys = place.bootstrap();
    let management = server.management(&keys);
    let reader = server.reader(&keys, "production");
    let production = keys.environment("production").id.as_str();
    let flag = management.create_flag("contested", &["a", "b", "c"]).await.unwrap().expect(201).id();
    let place = (flag.as_str(), production);
    management.set_enabled(place, true).await.unwrap().expect(200);
    let mut conflicts = 0;
    for round in 0..ROUNDS {
        let requests = ["left", "right"].map(|writer| allocations(&mut dice, round, writer));
        let (left, right) = tokio::join!(
            management.replace_allocations(place, &requests[0]),
            management.replace_allocations(place, &requests[1]),
        );
        let answers = [left.unwrap(), right.unwrap()];
        conflicts += answers.iter().filter(|answer| answer.status == 409).count();
        let accepted: Vec<&Vec<Value>> =
            requests.iter().zip(&answers).filter(|(_, answer)| is_accepted(answer)).map(|(r, _)| r).collect();
        assert!(!accepted.is_empty(), "both were refused: {answers:?}");
        let shown = shown_allocations(&management, &flag).await;
        let winner = accepted.into_iter().find(|request| outline(request) == shown);
        let winner = winner.unwrap_or_else(|| panic!("round {round}: {shown:#?} is none of {requests:#?}"));
        let answer = reader.evaluate("contested", &json!({"part": "0"})).await.expect(200);
        assert_eq!(answer.body["value"], winner[0]["variant_weights"][0]["variant_key"], "round {round}");
    }
    println!("{conflicts} of {} requests met a conflict", 2 * ROUNDS);
}

fn is_accepted(answer: &Answer) -> bool {
    assert!(matches!(answer.status, 200 | 409), "{answer:?}");
    answer.status == 200
}

/// A few allocations for parts of the subjects. Both writers use the same keys, so that a mixture would be possible.
fn allocations(dice: &mut Dice, round: usize, writer: &str) -> Vec<Value> {
    let parts = 1 + dice.below(6);
    let allocation = |part: usize| {
        let variant = *dice.pick(&["a", "b", "c"]);
        only_for(
            serving(&format!("part-{part}"), &format!("{writer} {round}"), variant),
            "part",
            &part.to_string(),
        )
    };
    (0..parts).map(allocation).collect()
}

/// Key, name and variant of each allocation, in order.
fn outline(request: &[Value]) -> Vec<[Value; 3]> {
    let weight = |allocation: &Value| allocation["variant_weights"][0]["variant_key"].clone();
    request
        .iter()
        .map(|allocation| [allocation["key"].clone(), allocation["name"].clone(), weight(allocation)])
        .collect()
}

async fn shown_allocations(management: &Management, flag: &str) -> Vec<[Value; 3]> {
    let answer = management.flag(flag).await.unwrap().expect(200);
    let entries = answer.body["data"]["attributes"]["feature_flag_environments"].as_array().unwrap();
    let production = entries.iter().find(|entry| entry["environment_name"] == "Production").unwrap();
    let mut allocations: Vec<&Value> = production["allocations"].as_object().unwrap().values().collect();
    allocations.sort_by_key(|allocation| allocation["order_position"].as_u64());
    let weight = |allocation: &Value| allocation["variant_weights"][0]["variant"]["key"].clone();
    allocations
        .into_iter()
        .map(|allocation| [allocation["key"].clone(), allocation["name"].clone(), weight(allocation)])
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_one_of_many_creators_of_a_key_wins() {
    one_of_many_creators_wins(&Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_one_of_many_creators_of_a_key_wins() {
    let Some(place) = Place::postgres() else { return };
    one_of_many_creators_wins(&place).await;
}

async fn one_of_many_creators_wins(place: &Place) {
    let server = place.start();
    let management = server.management(&place.bootstrap());
    for round in 0..5 {
        let key = format!("wanted-{round}");
        let creating: Vec<_> = (0..8)
            .map(|_| {
                let (management, key) = (management.clone(), key.clone());
                tokio::spawn(async move { management.create_flag(&key, &["on", "off"]).await.unwrap() })
            })
            .collect();
        let mut statuses = Vec::new();
        for creating in creating {
            statuses.push(creating.await.unwrap().status);
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    }
    let listed = management.flags("wanted-").await.unwrap().expect(200);
    let keys: BTreeSet<&str> =
        listed.resources().iter().filter_map(|flag| flag["attributes"]["key"].as_str()).collect();
    assert_eq!((keys.len(), listed.resources().len()), (5, 5));
}
