//! Closed sets of names, as the document shows them: those of the model.

use flaghoist_model::metric::{Direction, Lane, MetricKind, SourceType, ThresholdOperator};
use std::borrow::Cow;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

macro_rules! documented {
    ($($name:ident is $component:literal of $set:ty: $description:literal),+ $(,)?) => {$(
        #[doc = $description]
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let names = <$set>::ALL.iter().map(|member| member.as_str());
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some($description))
                    .enum_values(Some(names))
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($component)
            }
        }
    )+};
}

documented! {
    MetricKindName is "MetricKind" of MetricKind: "What is made of what a source selects.",
    DirectionName is "MetricDirection" of Direction: "Which way is harm.",
    SourceTypeName is "MetricSourceType" of SourceType: "Where numbers come from.",
    ThresholdOperatorName is "MetricThresholdOperator" of ThresholdOperator: "On which side of the value a block fails.",
    LaneName is "MetricLane" of Lane: "How a metric is tested.",
}

/// The names of a set, for messages.
pub(super) fn known<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> String {
    all.iter().map(|member| name(*member)).collect::<Vec<_>>().join(", ")
}
