//! `bootstrap.json`: the secrets of the first start, readable by their owner only.

use anyhow::{Context, Result};
use flaghoist_server::bootstrap::Bootstrap;
use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Where the file of a data directory is.
pub(crate) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("bootstrap.json")
}

/// Reads the file, if there is one.
pub(crate) fn read(data_dir: &Path) -> Result<Option<Bootstrap>> {
    let path = path(data_dir);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("could not read {}", path.display())),
    };
    let bootstrap = serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))?;
    Ok(Some(bootstrap))
}

/// Keeps the secrets of a first start. A file of another database, whose only copy of the secrets it may be, is put
/// aside first.
pub(crate) fn keep(data_dir: &Path, bootstrap: &Bootstrap) -> Result<()> {
    let path = path(data_dir);
    if path.exists() {
        let owner = read(data_dir).ok().flatten().map_or("damaged".to_owned(), |other| other.project_id);
        let aside = data_dir.join(format!("bootstrap.json.{owner}"));
        fs::rename(&path, &aside).with_context(|| format!("could not put {} aside", path.display()))?;
        tracing::warn!(aside = %aside.display(), "bootstrap.json was of another database and is put aside");
    }
    write(data_dir, bootstrap)
}

/// Writes the file as a whole: a reader sees the old content or the new.
pub(crate) fn write(data_dir: &Path, bootstrap: &Bootstrap) -> Result<()> {
    let path = path(data_dir);
    let draft = data_dir.join("bootstrap.json.new");
    let mut text = serde_json::to_string_pretty(bootstrap)?;
    text.push('\n');
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(data_dir)?;
        // An older draft may have been made with other permissions.
        let _ = fs::remove_file(&draft);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &path)?;
        fs::File::open(data_dir)?.sync_all()
    };
    write().with_context(|| format!("could not write {}", path.display()))
}
