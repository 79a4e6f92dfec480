//! Counters and values by minute.

use super::fake::{Fake, matrix, series};
use super::{ARMS, NAN, ask, assert_rows, error_rate, metric};
use flaghoist_model::metric::{MetricKind, MetricSource};
use flaghoist_server::prometheus::Prometheus;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::task::JoinSet;

/// A fake that knows one series for each of these queries.
async fn one_each(known: &[(&str, &[(i64, &str)])]) -> Fake {
    let known: BTreeMap<String, serde_json::Value> =
        known.iter().map(|(query, samples)| ((*query).to_owned(), series(&[], samples))).collect();
    Fake::with_series(move |query| known.get(query).cloned().into_iter().collect()).await
}

#[tokio::test]
async fn a_minute_is_what_counters_grew_between_its_ends() {
    let fake = one_each(&[
        (r#"errors_total{variant="off"}"#, &[(10, "100"), (11, "103"), (12, "103")]),
        (r#"requests_total{variant="off"}"#, &[(10, "1e+06"), (11, "1000200"), (12, "1000450.5")]),
        (r#"errors_total{variant="on"}"#, &[(10, "0"), (11, "1"), (12, "5")]),
        (r#"requests_total{variant="on"}"#, &[(10, "7"), (11, "17"), (12, "37")]),
    ])
    .await;
    let measured = ask(fake.url(), &error_rate(), [10, 12], None).await.unwrap();
    assert_rows(&measured, 10, &[[(3.0, 200.0), (1.0, 10.0)], [(0.0, 250.5), (4.0, 20.0)]]);
    assert_eq!(measured.edge, None);
    for question in fake.questions() {
        assert_eq!(question.path, "/api/v1/query_range");
        assert_eq!((question.minute("start"), question.minute("end"), question.text("step")), (10, 12, "60"));
        assert_eq!(question.text("timeout"), "10000ms");
    }
    assert_eq!(fake.questions().len(), 4);
}

#[tokio::test]
async fn resets_gaps_and_newcomers_count_for_their_series_alone() {
    let fake = Fake::with_series(|query| {
        if query.contains("on") {
            return vec![series(&[], &[])];
        }
        vec![
            // Begins again at zero in minute 11, and once more in 13.
            series(
                &[("instance", "a")],
                &[(10, "50"), (11, "60"), (12, "4"), (13, "9"), (14, "0"), (15, "2")],
            ),
            // Appears within the range: its first sample is no increase.
            series(&[("instance", "b")], &[(12, "1000"), (13, "1001"), (14, "1003"), (15, "1006")]),
            // Missing at 12, NaN at 14: no number for four minutes, and what grew meanwhile is lost.
            series(&[("instance", "c")], &[(10, "1"), (11, "101"), (13, "301"), (14, "NaN"), (15, "501")]),
            // Gone after a stale marker.
            series(&[("instance", "d")], &[(10, "0"), (11, "10000")]),
        ]
    })
    .await;
    let errors = metric(MetricKind::Threshold, r#"errors_total{variant="$variant"}"#, None);
    let measured = ask(fake.url(), &errors, [10, 15], None).await.unwrap();
    let control = [10.0 + 100.0 + 10_000.0, 4.0, 5.0 + 1.0, 0.0 + 2.0, 2.0 + 3.0];
    let rows = control.map(|num| [(num, 1.0), (NAN, 1.0)]);
    assert_rows(&measured, 10, &rows);
}

#[tokio::test]
async fn a_minute_of_which_nothing_is_known_is_no_data_and_never_zero() {
    let fake = one_each(&[
        (r#"requests_total{variant="off"}"#, &[(10, "1"), (12, "3"), (13, "NaN"), (14, "+Inf"), (15, "7")]),
        (r#"requests_total{variant="on"}"#, &[(14, "5"), (15, "5")]),
    ])
    .await;
    let measured = ask(fake.url(), &error_rate(), [10, 15], None).await.unwrap();
    let nothing = [(NAN, NAN); 2];
    assert_rows(&measured, 10, &[nothing, nothing, nothing, nothing, [(NAN, NAN), (NAN, 0.0)]]);
}

#[tokio::test]
async fn an_expression_is_the_value_at_the_end_of_the_minute() {
    let fake = Fake::with_series(|query| match query {
        r#"sum by (zone) (rate(errors_total{variant="off"}[1m]))"# => vec![
            series(&[("zone", "a")], &[(10, "9"), (11, "0.5"), (12, "0.25")]),
            series(&[("zone", "b")], &[(10, "9"), (11, "1.5"), (12, "NaN")]),
        ],
        // The same text is of counters where it stands alone.
        r#"requests_total{variant="off"}"# => vec![series(&[], &[(10, "5"), (11, "7"), (12, "11")])],
        _ => vec![],
    })
    .await;
    let rate = metric(
        MetricKind::Ratio,
        r#"sum by (zone) (rate(errors_total{variant="$variant"}[1m]))"#,
        Some(r#"requests_total{variant="$variant"}"#),
    );
    let measured = ask(fake.url(), &rate, [10, 12], None).await.unwrap();
    assert_rows(&measured, 10, &[[(2.0, 2.0), (NAN, NAN)], [(0.25, 4.0), (NAN, NAN)]]);
}

#[tokio::test]
async fn only_whole_minutes_are_asked_for() {
    let fake = one_each(&[(r#"errors_total{variant="off"}"#, &[(11, "1"), (12, "2")])]).await;
    let prometheus = Prometheus::new(fake.url(), None).unwrap();
    let errors = metric(MetricKind::Threshold, r#"errors_total{variant="$variant"}"#, None);
    let measured = prometheus.blocks(&errors, &["off"], 600_001, 779_999, None).await.unwrap();
    let [block] = &measured.blocks[..] else { panic!("{measured:?}") };
    assert_eq!((block.start_ms, &block.arms[..]), (660_000, &[(1.0, 1.0)][..]));
    let asked = fake.questions().len();
    let measured = prometheus.blocks(&errors, &["off"], 600_001, 719_999, None).await.unwrap();
    assert_eq!((measured.blocks.len(), fake.questions().len()), (0, asked));
}

#[tokio::test]
async fn long_ranges_are_asked_for_in_parts_that_share_their_ends() {
    let fake = Fake::start(|question| {
        let points = question.minute("start")..=question.minute("end");
        let samples: Vec<(i64, String)> = points.map(|minute| (minute, (3 * minute).to_string())).collect();
        let samples: Vec<(i64, &str)> = samples.iter().map(|(at, text)| (*at, text.as_str())).collect();
        (200, matrix(&[series(&[], &samples)]))
    })
    .await;
    let errors = metric(MetricKind::Threshold, r#"errors_total{variant="$variant"}"#, None);
    let prometheus = Prometheus::new(fake.url(), None).unwrap();
    let end_ms = 22_011 * 60_000;
    let measured = prometheus.blocks(&errors, &["off"], 600_000, end_ms, None).await.unwrap();
    assert_eq!(measured.blocks.len(), 22_001);
    assert!(measured.blocks.iter().all(|block| block.arms == [(3.0, 1.0)]));
    let parts: Vec<(i64, i64)> =
        fake.questions().iter().map(|question| (question.minute("start"), question.minute("end"))).collect();
    assert_eq!(parts, [(10, 11_010), (11_010, 22_010), (22_010, 22_011)]);
}

#[tokio::test]
async fn a_key_that_looks_like_promql_stays_in_its_string() {
    let fake = Fake::with_series(|_| vec![]).await;
    let prometheus = Prometheus::new(fake.url(), None).unwrap();
    let errors = metric(MetricKind::Threshold, r#"errors_total{variant="$variant"}"#, None);
    prometheus.blocks(&errors, &[r#"a"} or up{x="\"#], 0, 60_000, None).await.unwrap();
    let sent = fake.questions()[0].text("query").to_owned();
    assert_eq!(sent, r#"errors_total{variant="a\u0022} or up{x=\u0022\u005c"}"#);
}

#[tokio::test]
async fn a_metric_of_events_is_not_asked_for() {
    let fake = Fake::with_series(|_| vec![]).await;
    let mut clicks = error_rate();
    clicks.source = MetricSource::Events { event: "click".into(), filter: BTreeMap::new(), value: None };
    let measured = ask(fake.url(), &clicks, [10, 12], None).await.unwrap();
    assert_eq!((measured.blocks.len(), fake.questions().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn no_more_than_four_questions_are_under_way() {
    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let fake = Fake::start(|_| {
        let running = RUNNING.fetch_add(1, Ordering::SeqCst) + 1;
        MOST.fetch_max(running, Ordering::SeqCst);
        std::thread::sleep(std::time::Duration::from_millis(50));
        RUNNING.fetch_sub(1, Ordering::SeqCst);
        (200, matrix(&[]))
    })
    .await;
    let prometheus = Arc::new(Prometheus::new(fake.url(), None).unwrap());
    let mut askers = JoinSet::new();
    for _ in 0..6 {
        let prometheus = Arc::clone(&prometheus);
        askers.spawn(async move { prometheus.blocks(&error_rate(), &ARMS, 0, 60_000, None).await });
    }
    assert!(askers.join_all().await.iter().all(Result::is_ok));
    assert_eq!((fake.questions().len(), MOST.load(Ordering::SeqCst)), (24, 4));
}
