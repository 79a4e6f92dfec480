//! Quantiles from the buckets of histograms.

use super::fake::{Fake, series};
use super::{NAN, ask, assert_rows, metric};
use flaghoist_model::metric::{MetricDefinition, MetricKind};
use flaghoist_server::prometheus::PrometheusError;
use serde_json::Value;

/// The 90 % quantile of latencies.
fn latency() -> MetricDefinition {
    metric(MetricKind::Quantile, r#"seconds_bucket{variant="$variant"}"#, None)
}

/// The buckets of a histogram from minute 10 on: by edge, what they hold minute after minute.
fn histogram(instance: &str, buckets: &[(&str, &[u32])]) -> Vec<Value> {
    buckets
        .iter()
        .map(|(edge, counts)| {
            let texts: Vec<String> = counts.iter().map(u32::to_string).collect();
            let samples: Vec<(i64, &str)> = (10..).zip(texts.iter().map(String::as_str)).collect();
            series(&[("instance", instance), ("le", edge)], &samples)
        })
        .collect()
}

/// The control reaches 800 observations in its second minute, when 640, 720 and 792 of 800 lie at or below the edges.
async fn fake() -> Fake {
    Fake::with_series(|query| match query {
        r#"seconds_bucket{variant="off"}"# => [
            histogram(
                "a",
                &[
                    ("0.1", &[50, 350, 590, 900]),
                    ("0.25", &[60, 430, 680, 1_010]),
                    ("1", &[60, 455, 752, 1_100]),
                    ("+Inf", &[60, 459, 759, 1_109]),
                ],
            ),
            histogram(
                "b",
                &[
                    ("0.1", &[0, 50, 100, 200]),
                    ("0.25", &[0, 50, 100, 220]),
                    ("1", &[0, 50, 100, 240]),
                    ("+Inf", &[0, 50, 101, 251]),
                ],
            ),
        ]
        .concat(),
        r#"seconds_bucket{variant="on"}"# => histogram(
            "c",
            &[
                ("0.1", &[5, 5, 5, 5]),
                ("0.250", &[6, 7, 8, 16]),
                ("1.0", &[6, 8, 10, 20]),
                ("+Inf", &[6, 9, 12, 25]),
            ],
        ),
        _ => vec![],
    })
    .await
}

#[tokio::test]
async fn the_edge_is_the_first_that_the_quantile_of_the_control_lies_below() {
    let fake = fake().await;
    let measured = ask(fake.url(), &latency(), [10, 13], None).await.unwrap();
    // 0.9 of 800 are 720, and 620 + 100 lie at or below a quarter of a second.
    assert_eq!(measured.edge, Some(0.25));
    let deciding = [(NAN, NAN); 2];
    // Control: 350 + 150 observations, 330 + 120 of them at or below the edge.
    assert_rows(&measured, 10, &[deciding, deciding, [(50.0, 500.0), (5.0, 13.0)]]);
}

#[tokio::test]
async fn an_edge_that_was_chosen_stays_whatever_comes_later() {
    let fake = fake().await;
    let measured = ask(fake.url(), &latency(), [10, 13], Some(1.0)).await.unwrap();
    assert_eq!(measured.edge, Some(1.0));
    let rows = [[(4.0, 449.0), (1.0, 3.0)], [(4.0, 351.0), (1.0, 3.0)], [(12.0, 500.0), (3.0, 13.0)]];
    assert_rows(&measured, 10, &rows);
    assert_eq!(fake.questions().len(), 2, "nothing has to be chosen");
}

#[tokio::test]
async fn until_the_control_has_enough_observations_there_is_no_edge_and_no_block() {
    let fake = Fake::with_series(|query| {
        let total = if query.contains("off") { 799 } else { 8_000 };
        histogram("a", &[("0.1", &[0, total]), ("+Inf", &[0, total])])
    })
    .await;
    let measured = ask(fake.url(), &latency(), [10, 11], None).await.unwrap();
    assert_eq!((measured.edge, measured.blocks.len()), (None, 0));
}

#[tokio::test]
async fn a_quantile_beyond_the_last_edge_is_compared_at_the_last() {
    let fake = Fake::with_series(|_| histogram("a", &[("0.1", &[0, 500]), ("+Inf", &[0, 1_000])])).await;
    let measured = ask(fake.url(), &latency(), [10, 11], None).await.unwrap();
    assert_eq!(measured.edge, Some(0.1));
}

#[tokio::test]
async fn all_buckets_of_a_histogram_begin_again_together() {
    // The second minute begins after a restart. The lowest bucket seems to have grown by 2, but 7 were counted.
    let fake = Fake::with_series(|_| histogram("a", &[("0.1", &[0, 5, 7]), ("+Inf", &[0, 10, 8])])).await;
    let measured = ask(fake.url(), &latency(), [10, 12], Some(0.1)).await.unwrap();
    assert_rows(&measured, 10, &[[(5.0, 10.0); 2], [(1.0, 8.0); 2]]);
}

#[tokio::test]
async fn a_histogram_without_the_edge_is_left_out() {
    let fake = Fake::with_series(|_| {
        let with = histogram("a", &[("0.1", &[0, 5]), ("+Inf", &[0, 10])]);
        let without = histogram("b", &[("0.2", &[0, 50]), ("+Inf", &[0, 100])]);
        [with, without].concat()
    })
    .await;
    assert_rows(&ask(fake.url(), &latency(), [10, 11], Some(0.1)).await.unwrap(), 10, &[[(5.0, 10.0); 2]]);
    assert_rows(&ask(fake.url(), &latency(), [10, 11], Some(0.3)).await.unwrap(), 10, &[[(NAN, NAN); 2]]);
}

#[tokio::test]
async fn an_expression_over_buckets_is_taken_at_the_end_of_the_minute() {
    let fake = Fake::with_series(|_| {
        vec![series(&[("le", "0.1")], &[(10, "99"), (11, "3")]), series(&[("le", "+Inf")], &[(11, "4.5")])]
    })
    .await;
    let query = r#"sum by (le) (increase(seconds_bucket{variant="$variant"}[1m]))"#;
    let expression = metric(MetricKind::Quantile, query, None);
    let measured = ask(fake.url(), &expression, [10, 11], Some(0.1)).await.unwrap();
    assert_rows(&measured, 10, &[[(1.5, 4.5); 2]]);
}

#[tokio::test]
async fn series_that_are_no_buckets_are_refused() {
    for label in ["quantile", "le"] {
        let fake = Fake::with_series(move |_| vec![series(&[(label, "high")], &[(10, "1")])]).await;
        let error = ask(fake.url(), &latency(), [10, 11], None).await.unwrap_err();
        let PrometheusError::Unreadable { reason } = error else { panic!("{error}") };
        assert!(reason.contains("_bucket series of a classic histogram"), "{reason}");
    }
}
