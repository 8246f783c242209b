//! An S3 server for the time of a test.

use std::collections::HashMap;

use crate::error::Result;
use crate::server::Server;

/// A server that speaks S3 on a port of this machine, checks signatures and honours conditional writes. It ends with the
/// test.
pub struct S3Server {
    _server: Server,
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
        let server = Server::start("the S3 server", "s3_server.py", buckets)?;
        Ok(Self {
            endpoint: server.told("endpoint"),
            access_key_id: server.told("access_key_id"),
            secret_access_key: server.told("secret_access_key"),
            _server: server,
        })
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
