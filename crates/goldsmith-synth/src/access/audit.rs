use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use crate::SynthError;
use crate::calendar::date_of;
use crate::columns::{Columns, Entries};
use crate::delivery::Pick;
use crate::rng::Rng;
use crate::source::{Numbering, Source, Table};
use crate::text::{push_hex, push_number, push_uuid, push_uuid_at};
use crate::world::World;

pub(super) const AUDIT: Source = Source {
    table: Table::Audit,
    numbering: Numbering::ByTime { tail: 0 },
    schedule: |world, number, out| out.event(world.time(Table::Audit, number)),
    build,
    ages_from: None,
};

pub(super) const USER_AGENTS: [&str; 6] = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1.15",
    "databricks-sdk-py/0.38.0 python/3.11.10 os/linux auth/pat",
    "Databricks-Runtime/15.4",
    "terraform-provider-databricks/1.58.0 terraform/1.9.8",
    "Apache-HttpClient/4.5.14 (Java/17.0.12)",
];

/// Services and actions, the frequent ones first.
const ACTIONS: [(&str, &str); 36] = [
    ("unityCatalog", "getTable"),
    ("unityCatalog", "generateTemporaryTableCredential"),
    ("accounts", "tokenLogin"),
    ("notebook", "runCommand"),
    ("jobs", "runSucceeded"),
    ("databrickssql", "commandSubmit"),
    ("databrickssql", "commandFinish"),
    ("jobs", "runTriggered"),
    ("jobs", "runNow"),
    ("clusters", "startResult"),
    ("secrets", "getSecret"),
    ("unityCatalog", "getCatalog"),
    ("unityCatalog", "listTables"),
    ("unityCatalog", "generateTemporaryVolumeCredential"),
    ("accounts", "oidcBrowserLogin"),
    ("secrets", "listSecrets"),
    ("unityCatalog", "createTable"),
    ("unityCatalog", "updatePermissions"),
    ("clusters", "create"),
    ("clusters", "delete"),
    ("jobs", "create"),
    ("jobs", "delete"),
    ("workspace", "changeWorkspaceAcl"),
    ("accounts", "aadTokenLogin"),
    ("accounts", "login"),
    ("token", "generateDbToken"),
    ("token", "revokeDbToken"),
    ("unityCatalog", "deleteTable"),
    ("secrets", "putSecret"),
    ("secrets", "deleteScope"),
    ("accounts", "changePassword"),
    ("accounts", "IpAccessDenied"),
    ("ssoConfigBackend", "update"),
    ("accounts", "grantAccountAdmin"),
    ("accounts", "mfaAuthorization"),
    ("unityCatalog", "createCredential"),
];

struct Row<'w> {
    number: u64,
    has_key: bool,
    time: i64,
    /// `None` at the account level.
    workspace: Option<usize>,
    service: &'static str,
    action: Option<&'static str>,
    principal: Option<&'w str>,
    outcome: Outcome,
    runs_as: Option<&'w str>,
    rng: Rng,
}

/// How the request ended; also in the ways that are easy to read wrongly.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Fine,
    FineWithEmptyMessage,
    Denied,
    Broken,
    MessageWithoutStatus,
    NothingKnown,
    NoResponse,
}

impl<'w> Row<'w> {
    fn new(world: &'w World, pick: &Pick) -> Self {
        let mut rng = world.rng(Table::Audit, pick.number);
        let account_level = rng.chance(0.06);
        let &(service, action) = &ACTIONS[rng.skewed(ACTIONS.len())];
        Self {
            number: pick.number,
            has_key: !world.is_keyless(Table::Audit.salt(), pick.number),
            time: world.time(Table::Audit, pick.number) / 1_000 * 1_000,
            workspace: (!account_level).then(|| world.workspace(&mut rng)),
            service,
            action: (!rng.chance(0.001)).then_some(action),
            principal: world.principal(&mut rng),
            outcome: match rng.below(1_000) {
                0..820 => Outcome::Fine,
                820..880 => Outcome::FineWithEmptyMessage,
                880..950 => Outcome::Denied,
                950..965 => Outcome::Broken,
                965..970 => Outcome::MessageWithoutStatus,
                970..980 => Outcome::NothingKnown,
                _ => Outcome::NoResponse,
            },
            runs_as: if rng.chance(0.3) { world.principal(&mut rng) } else { None },
            rng,
        }
    }

    fn add_params(&self, out: &mut Entries) -> bool {
        let mut rng = self.rng.clone();
        match rng.below(20) {
            0 => return false,
            1..3 => return true,
            _ => {}
        }
        let mut buffer = String::with_capacity(48);
        if self.service == "unityCatalog" {
            out.add("full_name_arg", "main.gold.größen");
        }
        push_hex(&mut buffer, rng.bits(), 12);
        out.add("id", &buffer);
        if rng.chance(0.4) {
            buffer.clear();
            push_number(&mut buffer, rng.below(100_000));
            out.add("size", &buffer);
        }
        if rng.chance(0.05) {
            out.add_null("comment");
        }
        true
    }
}

fn build(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let rows: Vec<Row<'_>> = picks.iter().map(|pick| Row::new(world, pick)).collect();
    let mut c = Columns::new(&rows, fields);
    c.some("account_id", |_| &world.account_id);
    c.some("workspace_id", |row| row.workspace.map_or("0", |at| world.workspaces[at].id.as_str()));
    c.some("version", |_| "2.0");
    c.time("event_time", |row| row.time);
    c.date("event_date", |row| date_of(row.time));
    c.write("source_ip_address", |row, buffer| {
        let bits = row.rng.clone().bits();
        // Addresses that are set aside for documentation.
        buffer.push_str(if bits & 1 == 0 { "192.0.2." } else { "198.51.100." });
        push_number(buffer, bits >> 8 & 255);
        bits & 0x3F00 != 0
    });
    c.some("user_agent", |row| USER_AGENTS[row.rng.clone().skewed(USER_AGENTS.len())]);
    c.write("session_id", |row, buffer| {
        push_hex(buffer, (row.time as u64 / 3_600_000_000) ^ (row.number / 64), 16);
        row.number % 4 != 1
    });
    c.structure(
        "user_identity",
        |row| row.number % 500 != 77,
        |c| {
            c.text("email", |row| row.principal);
            c.text("subject_name", |row| row.principal.filter(|_| row.number % 3 == 1));
        },
    );
    c.some("service_name", |row| row.service);
    c.text("action_name", |row| row.action);
    c.write("request_id", |row, buffer| {
        push_uuid(buffer, &mut row.rng.clone());
        true
    });
    c.tags("request_params", |row, out| row.add_params(out));
    c.structure(
        "response",
        |row| row.outcome != Outcome::NoResponse,
        |c| {
            c.int("status_code", |row| match row.outcome {
                Outcome::Fine | Outcome::FineWithEmptyMessage => Some(200),
                Outcome::Denied => Some([400, 401, 403, 404][row.number as usize % 4]),
                Outcome::Broken => Some(500),
                _ => None,
            });
            c.text("error_message", |row| match row.outcome {
                Outcome::FineWithEmptyMessage => Some(""),
                Outcome::Denied => Some("PERMISSION_DENIED: the principal has no privilege on the object"),
                Outcome::Broken => Some("INTERNAL_ERROR"),
                Outcome::MessageWithoutStatus => Some("TIMEOUT: größere Anfrage abgebrochen"),
                _ => None,
            });
            c.text("result", |row| (row.number % 8 == 3).then_some("{\"ok\": true}"));
        },
    );
    c.some("audit_level", |row| if row.workspace.is_some() { "WORKSPACE_LEVEL" } else { "ACCOUNT_LEVEL" });
    c.write("event_id", |row, buffer| {
        push_uuid_at(buffer, world.config.seed, Table::Audit.salt() ^ 0x1D, row.number);
        row.has_key
    });
    c.structure(
        "identity_metadata",
        |row| row.runs_as.is_some(),
        |c| {
            c.text("run_by", |row| row.principal);
            c.text("run_as", |row| row.runs_as);
            c.text("acting_resource", |row| (row.number % 16 == 5).then_some("jobs/nightly"));
        },
    );
    c.finish()
}
