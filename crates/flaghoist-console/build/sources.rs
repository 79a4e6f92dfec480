//! What the console is built from.

use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Files and directories of the repository; a change of any of them makes what was built old.
pub(crate) const WATCHED: [&str; 7] = [
    "openapi/openapi.json",
    "web/index.html",
    "web/package-lock.json",
    "web/public",
    "web/src",
    "web/tsconfig.json",
    "web/vite.config.ts",
];

/// What is made by the build itself.
const GENERATED: &str = "web/src/api/schema.d.ts";

/// A text that differs whenever a source differs in name or content. Tests are no sources.
pub(crate) fn fingerprint(root: &Path) -> io::Result<String> {
    let mut files = Vec::new();
    for path in WATCHED {
        collect(&root.join(path), &mut files)?;
    }
    files.sort();
    let mut digest = Sha256::new();
    for file in files {
        let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().into_owned();
        if name == GENERATED || name.contains(".test.") {
            continue;
        }
        let content = fs::read(&file)?;
        digest.update(format!("{name}\n{}\n", content.len()));
        digest.update(content);
    }
    Ok(hex::encode(digest.finalize()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}
