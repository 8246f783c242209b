/// What a SKU pays for; decides what usage metadata names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Product {
    AllPurpose,
    Jobs,
    ServerlessJobs,
    ServerlessNotebook,
    Sql,
    Pipeline,
    Serving,
    Storage,
    Network,
    Optimization,
}

/// A thing with a price.
pub(crate) struct Sku {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) product: Product,
    pub(crate) usage_type: &'static str,
    /// List price at scale 18; nothing for one that no price list knows.
    pub(crate) price: Option<i128>,
}

impl Sku {
    pub(crate) fn is_serverless(&self) -> bool {
        self.name.contains("SERVERLESS")
    }

    pub(crate) fn is_photon(&self) -> bool {
        self.name.contains("PHOTON")
    }
}

/// One millionth at scale 18.
const MICRO: i128 = 1_000_000_000_000;

/// The SKUs, the heavily used ones first.
pub(super) fn skus() -> Vec<Sku> {
    let compute = |name, product, micros: i128| Sku {
        name,
        unit: "DBU",
        product,
        usage_type: "COMPUTE_TIME",
        price: Some(micros * MICRO),
    };
    let other = |name, unit, usage_type, product, price| Sku { name, unit, product, usage_type, price };
    vec![
        compute("PREMIUM_JOBS_COMPUTE_(PHOTON)", Product::Jobs, 150_000),
        compute("PREMIUM_ALL_PURPOSE_COMPUTE", Product::AllPurpose, 550_000),
        compute("PREMIUM_SERVERLESS_SQL_COMPUTE_US_EAST_N_VIRGINIA", Product::Sql, 700_000),
        compute("PREMIUM_JOBS_SERVERLESS_COMPUTE_US_EAST_N_VIRGINIA", Product::ServerlessJobs, 350_000),
        compute("PREMIUM_JOBS_COMPUTE", Product::Jobs, 150_000),
        compute("PREMIUM_DLT_ADVANCED_COMPUTE_(PHOTON)", Product::Pipeline, 360_000),
        other(
            "PREMIUM_DATABRICKS_STORAGE_US_EAST_N_VIRGINIA",
            "GB",
            "STORAGE_SPACE",
            Product::Storage,
            Some(23_000 * MICRO),
        ),
        compute("PREMIUM_SERVERLESS_REAL_TIME_INFERENCE_US_EAST_N_VIRGINIA", Product::Serving, 70_000),
        compute("PREMIUM_ALL_PURPOSE_SERVERLESS_COMPUTE_US_EAST_N_VIRGINIA", Product::ServerlessNotebook, 750_000),
        other("PREMIUM_FOUNDATION_MODEL_SERVING_TOKENS", "TOKEN", "TOKEN", Product::Serving, Some(500_000_000_001)),
        compute("PREMIUM_ALL_PURPOSE_COMPUTE_(PHOTON)", Product::AllPurpose, 550_000),
        other(
            "PREMIUM_INTERNET_EGRESS_FROM_US_EAST_N_VIRGINIA",
            "GB",
            "NETWORK_BYTES",
            Product::Network,
            Some(90_000 * MICRO),
        ),
        compute("PREMIUM_SQL_PRO_COMPUTE_US_EAST_N_VIRGINIA", Product::Sql, 550_000),
        compute("PREMIUM_DLT_CORE_COMPUTE", Product::Pipeline, 200_000),
        compute("PREMIUM_SERVERLESS_SQL_COMPUTE_US_EAST", Product::Sql, 700_000),
        compute("ENTERPRISE_ALL_PURPOSE_COMPUTE", Product::AllPurpose, 650_000),
        compute("ENTERPRISE_JOBS_COMPUTE_(PHOTON)", Product::Jobs, 200_000),
        compute("ENTERPRISE_SERVERLESS_SQL_COMPUTE_US_EAST_N_VIRGINIA", Product::Sql, 700_000),
        compute("STANDARD_ALL_PURPOSE_COMPUTE", Product::AllPurpose, 400_000),
        compute("STANDARD_JOBS_COMPUTE", Product::Jobs, 100_000),
        compute("PREMIUM_SQL_COMPUTE", Product::Sql, 220_000),
        compute("PREMIUM_AUTOMATED_SERVERLESS_COMPUTE_US_EAST_N_VIRGINIA", Product::Optimization, 350_000),
        other(
            "PREMIUM_PRIVATE_CONNECTIVITY_ENDPOINT_US_EAST_N_VIRGINIA",
            "HOUR",
            "NETWORK_HOUR",
            Product::Network,
            Some(10_000 * MICRO),
        ),
        other("AGENT_EVALUATION_TOKENS", "TOKEN", "TOKEN", Product::Serving, Some(600_000_000_000)),
        other("PREMIUM_PREVIEW_COMPUTE", "DBU", "COMPUTE_TIME", Product::AllPurpose, None),
    ]
}
