//! Lays out what the crate embeds: the built console, or a page that says how to build it.
//!
//! `web/dist` is taken as it is when it was built from the sources as they are. Otherwise it is built, when Node.js is
//! there and `FLAGHOIST_CONSOLE` is not `off`. With `FLAGHOIST_CONSOLE=require` a console that cannot be built fails the
//! compilation, so that no release goes out without.

#![expect(clippy::print_stdout, reason = "Cargo reads it")]
#![expect(clippy::expect_used, reason = "without these nothing can be compiled")]

mod sources;

use sources::Sources;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, io};

/// In `web/dist`: the fingerprint of the sources it was built from.
const STAMP: &str = ".sources";
/// In `web`: held by the build that is running. Builds with other profiles or target directories share `web`.
const LOCK: &str = ".build-lock";
/// How much of what npm said about a failure is told.
const SAID_MAX_LINES: usize = 40;

fn main() {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("Cargo says where the crate is"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo says where results go")).join("console");
    let root = manifest.join("../..");
    let wish = env::var("FLAGHOIST_CONSOLE").unwrap_or_default();
    println!("cargo:rerun-if-env-changed=FLAGHOIST_CONSOLE");
    println!("cargo:rerun-if-changed=build");
    println!("cargo:rerun-if-changed=placeholder");
    let laid_out =
        if wish == "off" { Err("FLAGHOIST_CONSOLE is off".to_owned()) } else { lay_out_console(&root, &out) };
    let Err(reason) = laid_out else { return };
    assert!(wish != "require", "the console could not be built: {reason}");
    for line in reason.lines() {
        println!("cargo:warning=the console is left out: {line}");
    }
    if wish != "off" {
        // Nothing has this name, so Cargo asks again each time: Node.js or the network may be there by then.
        println!("cargo:rerun-if-changed={}", manifest.join("try-again").display());
    }
    lay_out(&manifest.join("placeholder"), &out).expect("files of the target directory can be written");
}

/// Lays the console out, built from the sources as they are; or says why that could not be.
fn lay_out_console(root: &Path, out: &Path) -> Result<(), String> {
    let web = root.join("web");
    let told = |error: io::Error| error.to_string();
    let lock = File::create(web.join(LOCK)).map_err(told)?;
    lock.lock().map_err(told)?;
    let sources = Sources::of(root).map_err(|error| format!("its sources cannot be read: {error}"))?;
    for path in sources.watched() {
        println!("cargo:rerun-if-changed={}", path.display());
    }
    let dist = web.join("dist");
    let stamp = sources.fingerprint();
    if fs::read_to_string(dist.join(STAMP)).is_ok_and(|built_from| built_from == stamp) {
        return lay_out(&dist, out).map_err(told);
    }
    install_packages(&web)?;
    npm(&web, &["run", "build"])?;
    fs::write(dist.join(STAMP), stamp).map_err(told)?;
    lay_out(&dist, out).map_err(told)
}

/// Installs the packages of the lock file, unless npm says that they are there already.
fn install_packages(web: &Path) -> Result<(), String> {
    if npm(web, &["ls", "--all", "--include=dev", "--silent"]).is_ok() {
        return Ok(());
    }
    npm(web, &["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"])
}

/// Runs npm in `web`. Gives the end of what it said if it failed.
fn npm(web: &Path, arguments: &[&str]) -> Result<(), String> {
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let output = Command::new(program).args(arguments).current_dir(web).output();
    let output =
        output.map_err(|error| format!("{program} cannot be run ({error}); install Node.js 20.19"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    let lines: Vec<&str> = said.lines().collect();
    let end = &lines[lines.len().saturating_sub(SAID_MAX_LINES)..];
    Err(format!("npm {} failed:\n{}", arguments.join(" "), end.join("\n")))
}

/// Copies everything but hidden files, which are for the build only, in place of what was there.
fn lay_out(from: &Path, to: &Path) -> io::Result<()> {
    match fs::remove_dir_all(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir_all(to)?,
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            lay_out(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
