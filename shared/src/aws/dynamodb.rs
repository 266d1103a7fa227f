//! DynamoDB, as the table of the limits' counts.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use aws_sdk_dynamodb::{Client, Config};
use tokio::sync::OnceCell;

use super::{Aws, Service};
use crate::limit::table::{Item, Table, Tat, Update, UpdateFuture};

const SERVICE: Service = Service {
    name: "DynamoDB",
    answer_within: Duration::from_millis(300),
    retry_pause: Duration::from_millis(25),
};

/// A client of DynamoDB.
pub struct DynamoDb {
    aws: Arc<Aws>,
    /// Built for the first mint that is counted: deployments without limits need none.
    client: OnceCell<Client>,
}

impl DynamoDb {
    /// A client for the region and the endpoint of `aws`.
    pub fn new(aws: Arc<Aws>) -> Self {
        Self {
            aws,
            client: OnceCell::new(),
        }
    }

    async fn client(&self) -> Result<&Client, String> {
        let client = || async {
            SERVICE
                .config(&self.aws)
                .await
                .map(|config| Client::from_conf(Config::new(&config)))
        };
        self.client.get_or_try_init(client).await
    }
}

impl Table for DynamoDb {
    fn update<'a>(&'a self, table: &'a str, key: &'a str, update: &'a Update) -> UpdateFuture<'a> {
        Box::pin(async move {
            let request = self
                .client()
                .await?
                .update_item()
                .table_name(table)
                .key("pk", AttributeValue::S(key.to_owned()));
            match update_expression(request, update).send().await {
                Ok(_) => Ok(None),
                Err(error) => match error.as_service_error() {
                    Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                        Ok(Some(failed.item().map(item).unwrap_or_default()))
                    }
                    _ => Err(SERVICE.clause(&error)),
                },
            }
        })
    }
}

/// Adds the update and its condition as DynamoDB expressions.
fn update_expression(request: UpdateItemFluentBuilder, update: &Update) -> UpdateItemFluentBuilder {
    let mut set = vec!["exp = :exp", "mint = :mint"];
    let mut conditions = vec!["(attribute_not_exists(mint) OR mint <> :mint)"];
    let mut request = request
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .expression_attribute_values(
            ":exp",
            AttributeValue::N(update.expires_at.as_secs().to_string()),
        )
        .expression_attribute_values(":mint", AttributeValue::S(format!("{:016x}", update.mint)))
        .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
    if let Some(tat) = update.tat {
        request = request.expression_attribute_values(":now", milliseconds(update.now));
        request = match tat {
            Tat::Idle { next } => {
                set.push("tat = :next");
                conditions.push("(attribute_not_exists(tat) OR tat <= :now)");
                request.expression_attribute_values(":next", milliseconds(next))
            }
            Tat::Queued { latest, interval } => {
                set.push("tat = tat + :interval");
                conditions.push("tat BETWEEN :now AND :latest");
                request
                    .expression_attribute_values(":latest", milliseconds(latest))
                    .expression_attribute_values(":interval", milliseconds(interval))
            }
        };
    }
    if let Some(max) = update.max {
        conditions.push("(attribute_not_exists(cnt) OR cnt < :max)");
        request = request.expression_attribute_values(":max", AttributeValue::N(max.to_string()));
    }
    request
        .update_expression(format!("SET {} ADD cnt :one", set.join(", ")))
        .condition_expression(conditions.join(" AND "))
}

fn item(attributes: &HashMap<String, AttributeValue>) -> Item {
    let number = |name| attributes.get(name).and_then(|value| value.as_n().ok());
    // A float represents milliseconds with three decimals exactly enough.
    let micros = |text: &String| {
        text.parse()
            .ok()
            .map(|milliseconds: f64| (milliseconds * 1000.0).round() as u64)
    };
    let mint = attributes.get("mint").and_then(|value| value.as_s().ok());
    Item {
        tat: number("tat").and_then(micros).map(Duration::from_micros),
        // A count that is not a number was not written by Voicemint and counts as reached.
        count: number("cnt").map_or(0, |text| text.parse().unwrap_or(u64::MAX)),
        mint: mint.and_then(|text| u64::from_str_radix(text, 16).ok()),
    }
}

/// A time in milliseconds, to the microsecond.
fn milliseconds(time: Duration) -> AttributeValue {
    let (whole, micros) = (time.as_millis(), time.subsec_micros() % 1000);
    AttributeValue::N(if micros == 0 {
        whole.to_string()
    } else {
        format!("{whole}.{micros:03}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_were_written() {
        for micros in [
            0,
            1,
            999,
            1_000,
            1_763_800_000_000_000,
            1_763_800_000_000_010,
            4_102_444_799_999_999,
        ] {
            let time = Duration::from_micros(micros);
            let attributes = HashMap::from([("tat".to_owned(), milliseconds(time))]);
            assert_eq!(
                item(&attributes),
                Item {
                    tat: Some(time),
                    ..Item::default()
                },
                "{micros}"
            );
        }
        assert_eq!(
            milliseconds(Duration::from_micros(6_000_000)),
            AttributeValue::N("6000".to_owned())
        );
        assert_eq!(
            milliseconds(Duration::from_micros(142_858)),
            AttributeValue::N("142.858".to_owned())
        );
    }
}
