//! Lays out what the crate embeds: the built console, or a page that says how to build it.
//!
//! `web/dist` is taken as it is when it was built from the sources as they are. Otherwise it is built, when Node.js is
//! there and `FLAGHOIST_CONSOLE` is not `off`. With `FLAGHOIST_CONSOLE=require` a console that cannot be built fails the
//! compilation, so that no release goes out without.

mod sources;

use sources::fingerprint;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// In `web/dist`: the fingerprint of the sources it was built from.
const STAMP: &str = ".sources";
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
    for path in sources::WATCHED {
        println!("cargo:rerun-if-changed={}", root.join(path).display());
    }
    let built = if wish == "off" { Err("FLAGHOIST_CONSOLE is off".to_owned()) } else { built_console(&root) };
    let from = built.unwrap_or_else(|reason| {
        assert!(wish != "require", "the console could not be built: {reason}");
        for line in reason.lines() {
            println!("cargo:warning=the console is left out: {line}");
        }
        manifest.join("placeholder")
    });
    lay_out(&from, &out).expect("files of the target directory can be written");
}

/// Where the console stands, built from the sources as they are; or why it could not be built.
fn built_console(root: &Path) -> Result<PathBuf, String> {
    let web = root.join("web");
    let wanted = fingerprint(root).map_err(|error| format!("its sources cannot be read: {error}"))?;
    let dist = web.join("dist");
    if fs::read_to_string(dist.join(STAMP)).is_ok_and(|stamp| stamp == wanted) {
        return Ok(dist);
    }
    install_packages(&web)?;
    npm(&web, &["run", "build"])?;
    fs::write(dist.join(STAMP), wanted).map_err(|error| error.to_string())?;
    Ok(dist)
}

/// Installs the packages of the lock file, unless exactly they are there.
fn install_packages(web: &Path) -> Result<(), String> {
    let lock = fs::read(web.join("package-lock.json")).map_err(|error| error.to_string())?;
    let mark = web.join("node_modules/package-lock.installed");
    if fs::read(&mark).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    npm(web, &["ci", "--no-audit", "--no-fund", "--loglevel=error"])?;
    fs::write(mark, lock).map_err(|error| error.to_string())
}

/// Runs npm in `web`. Gives the end of what it said if it failed.
fn npm(web: &Path, arguments: &[&str]) -> Result<(), String> {
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let output = Command::new(program).args(arguments).current_dir(web).output();
    let output = output.map_err(|error| format!("{program} cannot be run ({error}); install Node.js"))?;
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
