use crate::rng::Rng;
use crate::text::uuid;

/// A user or a service principal.
pub(crate) struct User {
    /// Email address, or UUID of a service principal.
    pub(crate) name: String,
    /// Numeric id.
    pub(crate) id: String,
}

const ROLES: [&str; 16] = [
    "data.engineer",
    "analyst",
    "ml.engineer",
    "platform",
    "reporting",
    "ops",
    "bi.developer",
    "auditor",
    "scientist",
    "support",
    "büro",
    "étude",
    "ciência",
    "аналитика",
    "データ",
    "δεδομένα",
];

pub(super) fn users(seed: u64, count: u64) -> Vec<User> {
    (0..count)
        .map(|number| {
            let mut rng = Rng::at(seed, 0x05E5, number);
            let id = (4_000_000_000_000_000 + number * 7_919_003 + rng.below(7_919_003)).to_string();
            let name = if rng.chance(0.2) {
                uuid(&mut rng)
            } else {
                let role = rng.pick(&ROLES);
                let domain = if rng.chance(0.8) { "example.com" } else { "example.org" };
                format!("{role}.{number}@{domain}")
            };
            User { name, id }
        })
        .collect()
}
