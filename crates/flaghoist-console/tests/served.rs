//! What browsers get of the console.

#![expect(clippy::unwrap_used, reason = "a test gives up by panicking")]

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

async fn ask(method: Method, path: &str, headers: &[(header::HeaderName, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let router: Router = flaghoist_console::router();
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

async fn get(path: &str) -> Answer {
    ask(Method::GET, path, &[]).await
}

/// The address of the first script that the page loads from `assets/`.
async fn script() -> String {
    let page = get("/console/").await.text();
    let (_, rest) = page.split_once("src=\"/console/assets/").unwrap();
    format!("/console/assets/{}", rest.split_once('"').unwrap().0)
}

#[test]
fn the_console_itself_is_embedded_and_not_the_page_that_says_how_to_build_it() {
    assert!(
        flaghoist_console::is_built(),
        "compile with Node.js there; FLAGHOIST_CONSOLE=require says what is missing"
    );
}

#[tokio::test]
async fn the_root_leads_to_the_console() {
    for path in ["/", "/console"] {
        let answer = get(path).await;
        assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT, "{path}");
        assert_eq!(answer.header(header::LOCATION), "/console/", "{path}");
    }
}

#[tokio::test]
async fn pages_of_the_console_get_its_index_which_is_asked_for_again_each_time() {
    let index = get("/console/").await;
    assert!(index.text().contains("<div id=\"root\">"));
    for path in ["/console/flags", "/console/flags/0191b7a0-0000-7000-8000-000000000000/environments/1"] {
        let page = get(path).await;
        assert_eq!((page.status, page.header(header::CACHE_CONTROL)), (StatusCode::OK, "no-cache"), "{path}");
        assert_eq!(page.header(header::CONTENT_TYPE), "text/html; charset=utf-8", "{path}");
        assert_eq!(page.body, index.body, "{path}");
    }
}

#[tokio::test]
async fn files_with_hashed_names_never_change_and_are_sent_as_small_as_the_client_takes_them() {
    let script = script().await;
    let whole = get(&script).await;
    assert_eq!(whole.header(header::CACHE_CONTROL), "public, max-age=31536000, immutable");
    assert_eq!(whole.header(header::CONTENT_TYPE), "text/javascript; charset=utf-8");
    assert_eq!(whole.header(header::CONTENT_ENCODING), "");
    let mut sizes = vec![whole.body.len()];
    let mut tags = vec![whole.header(header::ETAG).to_owned()];
    for (accepted, encoding) in [("gzip", "gzip"), ("gzip, deflate, br", "br")] {
        let answer = ask(Method::GET, &script, &[(header::ACCEPT_ENCODING, accepted)]).await;
        assert_eq!(answer.header(header::CONTENT_ENCODING), encoding);
        assert_eq!(answer.header(header::CONTENT_TYPE), "text/javascript; charset=utf-8");
        assert_eq!(answer.header(header::VARY), "Accept-Encoding");
        sizes.push(answer.body.len());
        tags.push(answer.header(header::ETAG).to_owned());
    }
    assert!(sizes.is_sorted_by(|larger, smaller| larger > smaller), "{sizes:?}");
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 3, "each encoding is another representation: {tags:?}");
}

#[tokio::test]
async fn who_has_a_file_is_told_so() {
    let tag = get("/console/").await.header(header::ETAG).to_owned();
    for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        let answer = ask(Method::GET, "/console/", &[(header::IF_NONE_MATCH, &known)]).await;
        assert_eq!(answer.status, StatusCode::NOT_MODIFIED, "{known}");
        assert_eq!(answer.header(header::ETAG), tag);
        assert!(answer.body.is_empty());
    }
    let answer = ask(Method::GET, "/console/", &[(header::IF_NONE_MATCH, "\"other\"")]).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn files_that_are_missing_are_said_to_be_missing() {
    let prepared = format!("{}.br", script().await);
    for path in [
        "/console/assets/none.js",
        "/console/none.css",
        "/console/../Cargo.toml",
        "/console/.sources",
        &prepared,
    ] {
        let answer = get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn pages_may_run_only_scripts_that_are_files_of_ours_and_stand_in_no_frame() {
    let page = get("/console/flags").await;
    let policy = page.header(header::CONTENT_SECURITY_POLICY);
    for part in [
        "default-src 'none'",
        "script-src 'self';",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "{part} in {policy}");
    }
    assert_eq!(page.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    // The policy forbids it, so a page that had one would not work.
    let text = page.text();
    let scripts = text.match_indices("<script").count();
    assert_eq!(
        text.match_indices("<script")
            .filter(|(at, _)| text[*at..].split('>').next().unwrap().contains("src="))
            .count(),
        scripts
    );
}

#[tokio::test]
async fn the_console_is_only_read() {
    assert_eq!(ask(Method::HEAD, "/console/flags", &[]).await.status, StatusCode::OK);
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        assert_eq!(ask(method, "/console/flags", &[]).await.status, StatusCode::METHOD_NOT_ALLOWED);
    }
}
