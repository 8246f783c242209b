//! Exact multiplication of money.
//!
//! A product of two DECIMAL(38,18) can have 76 digits, twice as many as a decimal of Spark can hold, and Spark would cut
//! it to six places. So each operand is split into limbs of twelve digits of its unscaled value, `value = (high * 10^24 + middle *
//! 10^12 + low) / 10^18`, whose products fit, and the sum is rounded half away from zero to twelve places, as
//! `multiply_money` of the engine does.

use arrow::datatypes::DataType;
use datafusion::logical_expr::Expr;

use super::Translator;
use crate::error::Result;

const LIMBS: [&str; 3] = ["low", "middle", "high"];

impl Translator<'_> {
    /// `multiply_money`. The limbs become helper columns.
    pub(super) fn multiply_money(&mut self, arguments: &[Expr]) -> Result<String> {
        let [left, right] = arguments else {
            return self.refuse("`multiply_money` of other than two values", "give two");
        };
        let (a, b) = (self.limbs(left, "a")?, self.limbs(right, "b")?);
        let product = |i: usize, j: usize| format!("{} * {}", a.limbs[i], b.limbs[j]);
        let name = |part: &str| format!("_{}_{part}", self.expression.name);
        // What lies below the last place kept, rounded: floor((low + middle * 10^12 + 5 * 10^23) / 10^24), without the parts
        // that cannot reach a whole.
        let rest = format!(
            "({} + {} + ({}) div 1000000000000BD + 500000000000BD) div 1000000000000BD",
            product(0, 1),
            product(1, 0),
            product(0, 0),
        );
        let small = format!(
            "cast({} + {} + {} as decimal(38,0)) + cast({rest} as decimal(38,0))",
            product(0, 2),
            product(1, 1),
            product(2, 0)
        );
        // With more than 14 digits the product of the high limbs alone is beyond what DECIMAL(38,12) can hold.
        let large = format!(
            "case when {high} < 100000000000000BD then cast(cast({high} as decimal(15,0)) * 1000000000000BD as decimal(38,0)) + cast({} + {} as decimal(38,0)) end",
            product(1, 2),
            product(2, 1),
            high = product(2, 2),
        );
        let (small_name, large_name) = (name("small"), name("large"));
        // The digits are put together as text, because the sum of two decimals with 38 digits would lose the last one.
        let sign = format!("case when ({} < 0) <> ({} < 0) then '-' else '' end", a.value, b.value);
        let whole = format!("{large_name} + cast({small_name} div 1000000000000BD as decimal(38,0))");
        let places = format!("lpad(cast(cast({small_name} % 1000000000000BD as decimal(12,0)) as string), 12, '0')");
        let sql = format!(
            "case when {whole} < 100000000000000000000000000BD then cast(concat({sign}, cast(cast({whole} as decimal(26,0)) as string), '.', {places}) as decimal(38,12)) end"
        );
        self.helpers.push((small_name, small));
        self.helpers.push((large_name, large));
        Ok(sql)
    }

    /// The limbs of an operand's absolute value, as helper columns.
    fn limbs(&mut self, operand: &Expr, side: &str) -> Result<Limbs> {
        let given = self.type_of(operand)?;
        let fits = match given {
            DataType::Decimal128(precision, scale) => {
                (0..=18).contains(&scale) && i16::from(precision) - i16::from(scale) <= 20
            }
            DataType::Null => true,
            _ => false,
        };
        if !fits {
            return self.refuse(
                format!("`multiply_money` of {given}"),
                "DECIMAL(38,18) and what goes into it can be multiplied",
            );
        }
        let value = format!("cast({} as decimal(38,18))", self.sql(operand)?);
        let size = format!("abs({value})");
        // Remainders keep all places; each is brought to an integer by a factor that leaves room for all of its digits.
        let below = |divisor: &str| format!("{size} % {divisor}");
        let low =
            format!("cast(cast({} as decimal(18,18)) * 1000000000000000000BD as decimal(12,0))", below("0.000001BD"));
        let middle = format!(
            "cast((cast({} as decimal(25,18)) - cast({} as decimal(18,18))) * 1000000BD as decimal(12,0))",
            below("1000000BD"),
            below("0.000001BD"),
        );
        let high = format!("cast(floor({size}) div 1000000BD as decimal(14,0))");
        let names = LIMBS.map(|limb| format!("_{}_{side}_{limb}", self.expression.name));
        self.helpers.extend(names.iter().cloned().zip([low, middle, high]));
        Ok(Limbs { value, limbs: names })
    }
}

struct Limbs {
    value: String,
    limbs: [String; 3],
}
