//! The invariants of ARCHITECTURE.md, held against `cargo metadata` and the sources.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a crate may depend on among ours.
const MAY_DEPEND_ON: [(&str, &[&str]); 9] = [
    ("flaghoist-console", &[]),
    ("flaghoist-eval", &[]),
    ("flaghoist-stats", &[]),
    ("flaghoist-model", &["flaghoist-eval"]),
    ("flaghoist-ingest", &["flaghoist-eval", "flaghoist-model", "flaghoist-stats"]),
    ("flaghoist-store", &["flaghoist-model"]),
    (
        "flaghoist-server",
        &["flaghoist-eval", "flaghoist-ingest", "flaghoist-model", "flaghoist-stats", "flaghoist-store"],
    ),
    ("flaghoist-testkit", &["flaghoist-eval", "flaghoist-model"]),
    (
        "flaghoist",
        &[
            "flaghoist-console",
            "flaghoist-eval",
            "flaghoist-ingest",
            "flaghoist-model",
            "flaghoist-server",
            "flaghoist-store",
        ],
    ),
];

/// What must not be reached from a crate, at any depth.
const MUST_NOT_REACH: [(&str, &[&str]); 6] = [
    ("flaghoist-console", &["sqlx", "reqwest"]),
    ("flaghoist-eval", &["tokio", "axum", "hyper", "sqlx", "tracing", "reqwest", "getrandom"]),
    ("flaghoist-stats", &["tokio", "axum", "hyper", "sqlx", "tracing", "reqwest", "getrandom", "rand"]),
    ("flaghoist-ingest", &["tokio", "axum", "hyper", "sqlx", "tracing", "reqwest", "rand"]),
    ("flaghoist-model", &["tokio", "axum", "hyper", "sqlx", "tracing", "reqwest", "utoipa"]),
    ("flaghoist-store", &["axum", "hyper", "utoipa", "reqwest"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Normal dependencies of every package, by package name.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let names: BTreeMap<&str, &str> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (package["id"].as_str().unwrap(), package["name"].as_str().unwrap()))
        .collect();
    let mut dependencies: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for node in metadata["resolve"]["nodes"].as_array().unwrap() {
        let of = dependencies.entry(names[node["id"].as_str().unwrap()].to_owned()).or_default();
        for dependency in node["deps"].as_array().unwrap() {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            // Only what the crate is built with on this platform; test and build dependencies are no part of it.
            if kinds.iter().any(|kind| kind["kind"].is_null()) {
                of.insert(names[dependency["pkg"].as_str().unwrap()].to_owned());
            }
        }
    }
    dependencies
}

#[test]
fn crates_depend_only_on_what_they_may() {
    let dependencies = dependencies();
    let ours: BTreeSet<&str> =
        dependencies.keys().map(String::as_str).filter(|name| name.starts_with("flaghoist")).collect();
    let listed: BTreeSet<&str> = MAY_DEPEND_ON.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        ours, listed,
        "a crate was added or removed: say here and in ARCHITECTURE.md what it may depend on"
    );
    for (name, allowed) in MAY_DEPEND_ON {
        for dependency in dependencies[name].iter().filter(|dependency| ours.contains(dependency.as_str())) {
            assert!(allowed.contains(&dependency.as_str()), "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn pure_crates_reach_no_runtime_network_or_database() {
    let dependencies = dependencies();
    for (name, forbidden) in MUST_NOT_REACH {
        let mut reached = BTreeSet::from([name.to_owned()]);
        let mut open = vec![name.to_owned()];
        while let Some(next) = open.pop() {
            for dependency in dependencies.get(&next).into_iter().flatten() {
                if reached.insert(dependency.clone()) {
                    open.push(dependency.clone());
                }
            }
        }
        for crate_name in forbidden {
            assert!(!reached.contains(*crate_name), "{name} reaches {crate_name}");
        }
    }
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn sql_stands_only_in_the_store_and_the_clock_is_read_in_one_place() {
    for name in ["flaghoist", "flaghoist-eval", "flaghoist-model", "flaghoist-server"] {
        for path in sources(&root().join("crates").join(name).join("src")) {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!text.contains("sqlx::"), "{} uses the database", path.display());
            let reads_clock = text.contains("Timestamp::now()") || text.contains("SystemTime::now()");
            let is_clock = path.ends_with("flaghoist-server/src/clock.rs");
            assert_eq!(reads_clock, is_clock, "{} and the clock", path.display());
        }
    }
}

#[test]
fn folders_and_files_have_names_that_say_what_is_in_them() {
    for path in sources(&root().join("crates")) {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        for vague in ["utils", "util", "helpers", "common", "manager", "misc"] {
            assert_ne!(stem, vague, "{}", path.display());
        }
        assert!(stem != "mod", "{}: module files are named after the module", path.display());
    }
}
