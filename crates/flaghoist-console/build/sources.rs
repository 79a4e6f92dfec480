//! What the console is built from.

use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Files and directories of the repository; a change of any of them makes what was built old.
const ROOTS: [&str; 8] = [
    "openapi/openapi.json",
    "web/index.html",
    "web/package.json",
    "web/package-lock.json",
    "web/public",
    "web/src",
    "web/tsconfig.json",
    "web/vite.config.ts",
];

/// What is made by the build itself.
const GENERATED: &str = "web/src/api/schema.d.ts";

/// The files of the console, without its tests and without what is generated from the others.
pub(crate) struct Sources {
    root: PathBuf,
    files: Vec<PathBuf>,
}

impl Sources {
    /// The sources in the repository at `root`.
    pub(crate) fn of(root: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        for path in ROOTS {
            collect(&root.join(path), &mut files)?;
        }
        files.retain(|file| {
            let name = file.to_string_lossy();
            !name.contains(".test.") && !file.ends_with(GENERATED)
        });
        files.sort();
        Ok(Self { root: root.to_owned(), files })
    }

    /// What Cargo is to watch: each file. A directory would be newer after every build, for what is generated in it; and
    /// whoever adds a file changes one that imports it.
    pub(crate) fn watched(&self) -> &[PathBuf] {
        &self.files
    }

    /// A text that differs whenever a source differs in name or content.
    pub(crate) fn fingerprint(&self) -> String {
        let mut digest = Sha256::new();
        for file in &self.files {
            let name = file.strip_prefix(&self.root).unwrap_or(file).to_string_lossy();
            let content = fs::read(file).unwrap_or_default();
            digest.update(format!("{name}\n{}\n", content.len()));
            digest.update(content);
        }
        hex::encode(digest.finalize())
    }
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
