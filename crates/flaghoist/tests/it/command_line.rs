//! Commands that run to their end.

use crate::process::{Process, flaghoist};
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// Standard output of a command that ended well.
    pub(crate) fn good(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
        self.stdout
    }
}

/// Runs `flaghoist` with these arguments.
pub(crate) fn run(arguments: &[&str]) -> Output {
    finish(flaghoist().args(arguments), "")
}

/// Runs a command to its end. Its pipes are files, so that no size of output can block it.
pub(crate) fn finish(command: &mut Command, input: impl AsRef<[u8]>) -> Output {
    let mut files: [File; 3] = std::array::from_fn(|_| tempfile::tempfile().unwrap());
    files[0].write_all(input.as_ref()).unwrap();
    files[0].rewind().unwrap();
    let handle = |file: &File| Stdio::from(file.try_clone().unwrap());
    command.stdin(handle(&files[0])).stdout(handle(&files[1])).stderr(handle(&files[2]));
    let code = Process::spawn(command).wait(LIMIT).code();
    let [_, stdout, stderr] = files;
    Output { code, stdout: read_all(stdout), stderr: read_all(stderr) }
}

fn read_all(mut file: File) -> String {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    String::from_utf8(bytes).expect("commands write UTF-8")
}
