//! An Azure blob storage server for the time of a test.

use std::collections::HashMap;

use crate::error::Result;
use crate::server::Server;

/// A server that speaks the REST interface of Azure blob storage on a port of this machine, checks signatures and honours
/// conditional writes. It ends with the test.
pub struct AzureServer {
    _server: Server,
    /// Its address.
    pub endpoint: String,
    /// Name of its one account.
    pub account: String,
    /// The key of that account.
    pub key: String,
}

impl AzureServer {
    /// Starts a server with empty containers. `GOLDSMITH_AZURITE` names the directory into which `tests/interop/azurite/package.json` is
    /// installed; of the Python that `GOLDSMITH_PYTHON` names it needs the packages of `tests/interop/requirements.txt`.
    ///
    /// # Errors
    /// The server does not start.
    pub fn start(containers: &[&str]) -> Result<Self> {
        let installed = std::env::var("GOLDSMITH_AZURITE").unwrap_or_default();
        let arguments: Vec<&str> = std::iter::once(installed.as_str()).chain(containers.iter().copied()).collect();
        let server = Server::start("the Azure server", "azure_server.py", &arguments)?;
        Ok(Self {
            endpoint: server.told("endpoint"),
            account: server.told("account"),
            key: server.told("key"),
            _server: server,
        })
    }

    /// The storage options that reach it.
    pub fn options(&self) -> HashMap<String, String> {
        [
            ("azure_storage_endpoint", self.endpoint.clone()),
            ("allow_http", "true".to_owned()),
            ("azure_storage_account_name", self.account.clone()),
            ("azure_storage_account_key", self.key.clone()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}
