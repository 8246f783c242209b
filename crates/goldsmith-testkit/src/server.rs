//! Servers of object stores for the time of a test.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::error::{Result, TestkitError};

/// A server that a script of `tests/interop` runs. It ends with the test.
pub(crate) struct Server {
    process: Child,
    told: Value,
}

impl Server {
    /// Starts the script, and waits for the line in which it tells how it is reached. The Python that `GOLDSMITH_PYTHON` names has to
    /// have the packages of `tests/interop/requirements.txt`.
    pub(crate) fn start(what: &'static str, script: &str, arguments: &[&str]) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop").join(script);
        let python = std::env::var("GOLDSMITH_PYTHON").unwrap_or_else(|_| "python3".into());
        let mut process = Command::new(python)
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        if let Ok(told) = serde_json::from_str(&line) {
            return Ok(Self { process, told });
        }
        let mut reason = String::new();
        if let Some(mut errors) = process.stderr.take() {
            errors.read_to_string(&mut reason)?;
        }
        Err(TestkitError::Server { what, reason })
    }

    /// What the server told of itself under a name; empty when it told nothing.
    pub(crate) fn told(&self, name: &str) -> String {
        self.told[name].as_str().unwrap_or_default().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends by itself when nobody holds its input any more; a test that is over need not wait for that.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
