use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use crate::SynthError;
use crate::columns::Columns;
use crate::delivery::{Deliveries, Kind, Pick};
use crate::source::{Numbering, Source, Table};
use crate::world::{CLOSED, Price, REVISED, World};

pub(super) const ACCOUNT_PRICES: Source = Source {
    table: Table::AccountPrices,
    numbering: Numbering::Free,
    schedule: |world, number, out| schedule(&world.account_prices[number as usize], out),
    build: |world, picks, fields| build(world, &world.account_prices, picks, fields),
    ages_from: None,
};

pub(super) const LIST_PRICES: Source = Source {
    table: Table::ListPrices,
    numbering: Numbering::Free,
    schedule: |world, number, out| schedule(&world.list_prices[number as usize], out),
    build: |world, picks, fields| build(world, &world.list_prices, picks, fields),
    ages_from: None,
};

/// Delivers an interval when it is published, and again when its end or another price becomes known.
fn schedule(price: &Price, out: &mut Deliveries<'_>) {
    let state = |batch: usize| {
        let closed = price.closed_in.is_some_and(|closed| closed <= batch);
        let revised = price.revised_in.is_some_and(|revised| revised <= batch);
        u32::from(closed) * CLOSED + u32::from(revised) * REVISED
    };
    let mut batches = [Some(price.published_in), price.closed_in, price.revised_in];
    batches.sort_unstable();
    let mut before = None;
    for batch in batches.into_iter().flatten().filter(|&batch| batch >= price.published_in) {
        if before != Some(batch) {
            let kind = if before.is_none() { Kind::New } else { Kind::Version };
            out.ordered(batch, state(batch), kind);
            before = Some(batch);
        }
    }
}

struct Row<'w> {
    price: &'w Price,
    state: u32,
}

fn build(world: &World, prices: &[Price], picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let row = |pick: &Pick| Row { price: &prices[pick.number as usize], state: pick.part };
    let rows: Vec<Row<'_>> = picks.iter().map(row).collect();
    let mut c = Columns::new(&rows, fields);
    c.some("account_id", |_| &world.account_id);
    c.time("price_start_time", |row| row.price.start);
    c.time("price_end_time", |row| row.price.end.filter(|_| row.state & CLOSED != 0));
    c.some("sku_name", |row| row.price.sku_name);
    c.some("cloud", |row| row.price.cloud);
    c.some("currency_code", |row| row.price.currency);
    c.some("usage_unit", |row| row.price.unit);
    let has_promotions = fields.find("pricing").is_some_and(
        |(_, field)| matches!(field.data_type(), arrow::datatypes::DataType::Struct(inner) if inner.len() > 1),
    );
    c.structure(
        "pricing",
        |_| true,
        |c| {
            c.decimal("default", |row| row.revised(row.price.default));
            if has_promotions {
                c.structure(
                    "promotional",
                    |row| row.price.promotional.is_some(),
                    |c| {
                        c.decimal("default", |row| row.price.promotional.map(|price| row.revised(price)));
                    },
                );
                c.structure(
                    "effective_list",
                    |row| row.price.effective_list.is_some(),
                    |c| {
                        c.decimal("default", |row| row.price.effective_list.map(|price| row.revised(price)));
                    },
                );
            }
        },
    );
    c.finish()
}

impl Row<'_> {
    /// A price as it stands: a correction makes it one per cent higher.
    fn revised(&self, price: i128) -> i128 {
        if self.state & REVISED != 0 { price * 101 / 100 } else { price }
    }
}
