//! An S3 server for the time of a test.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::error::{Result, TestkitError};

/// A server that speaks S3 on a port of this machine, checks signatures and honours conditional writes. It ends with the
/// test.
pub struct S3Server {
    process: Child,
    /// Its address.
    pub endpoint: String,
    /// Name of the key of its one user.
    pub access_key_id: String,
    /// The secret of that key.
    pub secret_access_key: String,
}

impl S3Server {
    /// Starts a server with empty buckets. The Python that `GOLDSMITH_PYTHON` names has to have the packages of
    /// `tests/interop/requirements.txt`.
    ///
    /// # Errors
    /// The server does not start.
    pub fn start(buckets: &[&str]) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop/s3_server.py");
        let python = std::env::var("GOLDSMITH_PYTHON").unwrap_or_else(|_| "python3".into());
        let mut process = Command::new(python)
            .arg(script)
            .args(buckets)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let told: Value = serde_json::from_str(&line).unwrap_or_default();
        let text = |name: &str| told[name].as_str().map(str::to_owned);
        if let (Some(endpoint), Some(access_key_id), Some(secret_access_key)) =
            (text("endpoint"), text("access_key_id"), text("secret_access_key"))
        {
            return Ok(Self { process, endpoint, access_key_id, secret_access_key });
        }
        let mut reason = String::new();
        if let Some(mut errors) = process.stderr.take() {
            errors.read_to_string(&mut reason)?;
        }
        Err(TestkitError::Server { what: "the S3 server", reason })
    }

    /// The storage options that reach it.
    pub fn options(&self) -> HashMap<String, String> {
        self.variables().into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
    }

    /// The environment variables that reach it.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", self.access_key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY", self.secret_access_key.clone()),
        ]
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        // It ends by itself when nobody holds its input any more; a test that is over need not wait for that.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
