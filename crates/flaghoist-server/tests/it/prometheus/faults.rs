//! What goes wrong, and what is told of it.

use super::fake::{Fake, matrix, series};
use super::{ask, assert_rows, error_rate, metric};
use flaghoist_model::metric::MetricKind;
use flaghoist_server::prometheus::{InvalidPrometheus, Prometheus, PrometheusError};

const ANSWER_MAX_BYTES: usize = 16 * 1_024 * 1_024;

/// The error when every question is answered like this.
async fn error_of(status: u16, body: &str) -> PrometheusError {
    let body = body.to_owned();
    let fake = Fake::start(move |_| (status, body.clone())).await;
    ask(fake.url(), &error_rate(), [10, 12], None).await.unwrap_err()
}

#[tokio::test]
async fn a_refusal_says_what_prometheus_says() {
    for (status, body, message) in [
        (
            400,
            r#"{"status":"error","errorType":"bad_data","error":"invalid parameter \"query\":\n1:8: parse error"}"#,
            r#"bad_data: invalid parameter "query": 1:8: parse error"#,
        ),
        (
            422,
            r#"{"status":"error","errorType":"execution","error":"too many samples"}"#,
            "execution: too many samples",
        ),
        (503, "<html>\n  upstream   away</html>", "<html> upstream away</html>"),
        (
            200,
            r#"{"status":"error","errorType":"timeout","error":"query timed out"}"#,
            "timeout: query timed out",
        ),
        (302, "", "redirects are not followed; give the URL it leads to"),
    ] {
        assert_eq!(
            error_of(status, body).await,
            PrometheusError::Refused { status, message: message.to_owned() }
        );
    }
}

#[tokio::test]
async fn what_is_no_answer_to_a_range_query_is_not_guessed_at() {
    let matrix_of = |series: &str| {
        format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{series}]}}}}"#)
    };
    for (body, named) in [
        ("welcome".to_owned(), "expected value"),
        (r#"{"status":"success"}"#.to_owned(), "without data"),
        (r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#.to_owned(), "vector"),
        (matrix_of(r#"{"metric":{},"values":[[600,"many"]]}"#), "\"many\" is no number"),
        (matrix_of(r#"{"metric":{},"values":[[630,"1"]]}"#), "a sample at 630 s"),
        (matrix_of(r#"{"metric":{},"values":[[540,"1"]]}"#), "a sample at 540 s"),
        (matrix_of(r#"{"metric":{},"values":[[780,"1"]]}"#), "a sample at 780 s"),
        (matrix_of(r#"{"metric":{},"values":[[660,"1"],[600,"1"]]}"#), "does not follow"),
        (matrix_of(r#"{"metric":{"job":"a"},"histograms":[[600,{"count":"1"}]]}"#), "native histograms"),
    ] {
        let error = error_of(200, &body).await;
        let PrometheusError::Unreadable { reason } = &error else { panic!("{error} for {body}") };
        assert!(reason.contains(named), "{reason}");
    }
}

#[tokio::test]
async fn a_fault_of_one_arm_is_a_fault_of_all() {
    let fake = Fake::start(|question| {
        let is_known = question.text("query").contains("off");
        if is_known { (200, matrix(&[])) } else { (500, String::new()) }
    })
    .await;
    let error = ask(fake.url(), &error_rate(), [10, 12], None).await.unwrap_err();
    assert_eq!(error, PrometheusError::Refused { status: 500, message: String::new() });
}

#[tokio::test]
async fn what_nobody_listens_to_is_unreachable_and_no_secret_is_told() {
    let url = format!("http://user:secret-password@127.0.0.1:{}/secret-path", flaghoist_testkit::free_port());
    let error = ask(&url, &error_rate(), [10, 12], None).await.unwrap_err();
    assert!(matches!(&error, PrometheusError::Unreachable { .. }), "{error:?}");
    let told = format!("{error} {error:?} {}", Prometheus::new(&url, None).unwrap().origin());
    assert!(told.contains("Connection refused") && !told.contains("secret"), "{told}");
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_asked_for_in_halves_and_given_up_for_one_minute() {
    // Five points are too many, three are not.
    let fake = Fake::start(|question| {
        let points = question.minute("start")..=question.minute("end");
        let texts: Vec<(i64, String)> = points.map(|minute| (minute, minute.to_string())).collect();
        let samples: Vec<(i64, &str)> = texts.iter().map(|(at, text)| (*at, text.as_str())).collect();
        let filling = if samples.len() > 3 { ANSWER_MAX_BYTES } else { 0 };
        (200, matrix(&[series(&[], &samples)]) + &" ".repeat(filling))
    })
    .await;
    let errors = metric(MetricKind::Threshold, r#"errors_total{variant="$variant"}"#, None);
    let measured = ask(fake.url(), &errors, [10, 14], None).await.unwrap();
    assert_rows(&measured, 10, &[[(1.0, 1.0); 2]; 4]);

    let fake = Fake::start(|_| (200, " ".repeat(ANSWER_MAX_BYTES + 1))).await;
    let error = ask(fake.url(), &errors, [10, 14], None).await.unwrap_err();
    assert_eq!(error, PrometheusError::TooLarge { limit_bytes: ANSWER_MAX_BYTES });
    assert_eq!(fake.questions().len(), 3, "four minutes, two, and one");
}

#[tokio::test]
async fn it_is_asked_below_the_path_of_its_url_and_as_who_was_given() {
    let fake = Fake::start(|_| {
        (200, r#"{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}"#.into())
    })
    .await;
    let with_user = fake.url().replace("http://", "http://us%40er:pass@");
    for (url, token) in [(format!("{}/a/b", fake.url()), Some("t0k.en")), (with_user, None)] {
        Prometheus::new(&url, token).unwrap().check().await.unwrap();
    }
    let questions = fake.questions();
    let seen: Vec<(&str, &str)> =
        questions.iter().map(|question| (question.path.as_str(), question.authorization.as_str())).collect();
    // base64 of us@er:pass
    let expected = [("/a/b/api/v1/query", "Bearer t0k.en"), ("/api/v1/query", "Basic dXNAZXI6cGFzcw==")];
    assert_eq!(seen, expected);
    assert_eq!(questions[0].text("query"), "1");
}

#[test]
fn what_can_be_no_prometheus_is_refused_without_telling_it() {
    let refused = |url: &str, token| Prometheus::new(url, token).err();
    assert!(matches!(refused("user:secret", None), Some(InvalidPrometheus::Scheme { .. })));
    assert!(matches!(refused("secret", None), Some(InvalidPrometheus::NoUrl { .. })));
    let ftp = Some(InvalidPrometheus::Scheme { scheme: "ftp".to_owned() });
    assert_eq!(refused("ftp://127.0.0.1/", None), ftp);
    for url in ["http://h/?match=secret", "http://h/#secret"] {
        assert_eq!(refused(url, None), Some(InvalidPrometheus::BeyondPath));
    }
    assert_eq!(refused("http://user@h/", Some("secret")), Some(InvalidPrometheus::TwoCredentials));
    for token in ["", "sec ret", "sec\nret", "ümlaut"] {
        assert_eq!(refused("https://h/", Some(token)), Some(InvalidPrometheus::Token));
    }
}
