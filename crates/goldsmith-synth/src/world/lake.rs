use crate::rng::Rng;
use crate::text::uuid;

/// A table of the account's own lake, as lineage, quality checks and maintenance name it.
pub(crate) struct LakeTable {
    pub(crate) full_name: String,
    pub(crate) catalog: &'static str,
    pub(crate) schema: &'static str,
    pub(crate) name: String,
    pub(crate) table_id: String,
    pub(crate) catalog_id: String,
    pub(crate) schema_id: String,
    pub(crate) path: String,
}

/// A column that lake tables have.
pub(crate) struct LakeColumn {
    pub(crate) name: &'static str,
    pub(crate) data_type: &'static str,
}

const CATALOGS: [&str; 5] = ["main", "prod", "dev", "shared", "données"];
const SCHEMAS: [&str; 8] = ["raw", "bronze", "silver", "gold", "finance", "events", "features", "default"];
const NOUNS: [&str; 20] = [
    "orders",
    "order_lines",
    "customers",
    "sessions",
    "page_views",
    "invoices",
    "payments",
    "shipments",
    "inventory",
    "products",
    "devices",
    "readings",
    "tickets",
    "campaigns",
    "clicks",
    "refunds",
    "subscriptions",
    "exchange_rates",
    "größen",
    "売上",
];

pub(super) const COLUMNS: [LakeColumn; 14] = [
    LakeColumn { name: "id", data_type: "bigint" },
    LakeColumn { name: "customer_id", data_type: "bigint" },
    LakeColumn { name: "email", data_type: "string" },
    LakeColumn { name: "phone", data_type: "string" },
    LakeColumn { name: "created_at", data_type: "timestamp" },
    LakeColumn { name: "updated_at", data_type: "timestamp" },
    LakeColumn { name: "amount", data_type: "decimal(18,2)" },
    LakeColumn { name: "currency", data_type: "string" },
    LakeColumn { name: "status", data_type: "string" },
    LakeColumn { name: "country", data_type: "string" },
    LakeColumn { name: "ip_address", data_type: "string" },
    LakeColumn { name: "payload", data_type: "string" },
    LakeColumn { name: "quantity", data_type: "int" },
    LakeColumn { name: "straße", data_type: "string" },
];

impl LakeTable {
    pub(crate) const COLUMNS: &'static [LakeColumn] = &COLUMNS;
}

pub(super) fn tables(seed: u64, count: u64) -> Vec<LakeTable> {
    let ids = |salt: u64, names: usize| -> Vec<String> {
        (0..names).map(|number| uuid(&mut Rng::at(seed, salt, number as u64))).collect()
    };
    let catalog_ids = ids(0xCA7A, CATALOGS.len());
    let schema_ids = ids(0x5C4E, CATALOGS.len() * SCHEMAS.len());
    (0..count)
        .map(|number| {
            let mut rng = Rng::at(seed, 0x7AB0, number);
            let (catalog_number, schema_number) = (rng.skewed(CATALOGS.len()), rng.index(SCHEMAS.len()));
            let (catalog, schema) = (CATALOGS[catalog_number], SCHEMAS[schema_number]);
            let name = format!("{}_{number}", rng.pick(&NOUNS));
            LakeTable {
                full_name: format!("{catalog}.{schema}.{name}"),
                catalog,
                schema,
                path: format!("s3://example-lake/{catalog}/{schema}/{name}"),
                name,
                table_id: uuid(&mut rng),
                catalog_id: catalog_ids[catalog_number].clone(),
                schema_id: schema_ids[catalog_number * SCHEMAS.len() + schema_number].clone(),
            }
        })
        .collect()
}
