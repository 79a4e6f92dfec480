//! The Rust client of the Datadog API drives operations 1 to 18 and decodes every answer.

use datadog_api_client::datadog::{Error, ResponseContent};
use datadog_api_client::datadogV2::api_feature_flags::{
    FeatureFlagsAPI, ListFeatureFlagsEnvironmentsOptionalParams, ListFeatureFlagsOptionalParams,
};
use datadog_api_client::datadogV2::model::*;
use flaghoist_clients_rust::Server;
use serde_json::{Value, json};
use std::fmt::Debug;
use uuid::Uuid;

/// What the client decoded, once status and completeness are checked.
///
/// Objects and names that the client does not understand are kept aside and marked; the marks are not public,
/// but they show when the answer is printed.
fn decoded<T: Debug, E: Debug>(status: u16, answer: Result<ResponseContent<T>, Error<E>>) -> T {
    let answer = answer.expect("the operation is done and its answer decodes");
    assert_eq!(answer.status.as_u16(), status, "{}", answer.content);
    let entity = answer.entity.expect("a decoded answer");
    let shown = format!("{entity:?}");
    assert!(!shown.contains("_unparsed: true") && !shown.contains("UnparsedObject"), "{}", answer.content);
    entity
}

/// The status of an operation that answers nothing.
fn done<T, E: Debug>(status: u16, answer: Result<ResponseContent<T>, Error<E>>) {
    let answer = answer.expect("the operation is done");
    assert_eq!((answer.status.as_u16(), answer.content.as_str()), (status, ""));
}

/// The texts with which an operation is refused.
fn refused<T: Debug, E: Debug>(status: u16, answer: Result<ResponseContent<T>, Error<E>>) -> Vec<String> {
    let Err(Error::ResponseError(error)) = answer else { panic!("expected {status}: {answer:?}") };
    assert_eq!(error.status.as_u16(), status, "{}", error.content);
    assert!(format!("{:?}", error.entity).contains("APIErrorResponse"), "{}", error.content);
    let body: Value = serde_json::from_str(&error.content).expect("JSON");
    serde_json::from_value(body["errors"].clone()).expect("an array of strings")
}

fn new_flag(key: &str, value_type: ValueType, values: &[(&str, &str)]) -> CreateFeatureFlagRequest {
    let variant =
        |(key, value): &(&str, &str)| CreateVariant::new((*key).into(), key.to_uppercase(), (*value).into());
    let variants = values.iter().map(variant).collect();
    let attributes =
        CreateFeatureFlagAttributes::new(key.into(), format!("Flag {key}"), value_type, variants);
    CreateFeatureFlagRequest::new(CreateFeatureFlagData::new(
        attributes,
        CreateFeatureFlagDataType::FEATURE_FLAGS,
    ))
}

fn text_flag(key: &str) -> CreateFeatureFlagRequest {
    new_flag(key, ValueType::STRING, &[("a", "alpha"), ("b", "beta"), ("c", "gamma")])
}

fn allocation(key: &str) -> UpsertAllocationRequest {
    UpsertAllocationRequest::new(key.into(), format!("Allocation {key}"), AllocationType::FEATURE_GATE)
}

fn data(attributes: UpsertAllocationRequest) -> AllocationDataRequest {
    AllocationDataRequest::new(attributes, AllocationDataType::ALLOCATIONS)
}

fn condition(attribute: &str, operator: ConditionOperator, values: &[&str]) -> ConditionRequest {
    let values = values.iter().map(ToString::to_string).collect();
    ConditionRequest::new().attribute(attribute.into()).operator(operator).value(values)
}

fn weight(key: &str, percent: f64) -> VariantWeightRequest {
    VariantWeightRequest::new(percent).variant_key(key.into())
}

fn no_rollout(ratio: f64) -> ExposureScheduleRequest {
    let options = RolloutOptionsRequest::new(RolloutStrategy::NO_ROLLOUT);
    ExposureScheduleRequest::new(options, vec![ExposureRolloutStepRequest::new(ratio, 0, false)])
}

async fn create_flag(api: &FeatureFlagsAPI, request: CreateFeatureFlagRequest) -> FeatureFlag {
    decoded(201, api.create_feature_flag_with_http_info(request).await).data
}

async fn entry(api: &FeatureFlagsAPI, flag: Uuid, environment: Uuid) -> FeatureFlagEnvironment {
    let flag = decoded(200, api.get_feature_flag_with_http_info(flag).await).data;
    let entries = flag.attributes.feature_flag_environments.expect("entries");
    entries
        .into_iter()
        .find(|entry| entry.environment_id == environment)
        .expect("an entry for every environment")
}

#[tokio::test]
async fn an_environment_is_created_found_shown_updated_and_deleted() {
    let server = Server::start();
    let api = server.client();
    let attributes = CreateEnvironmentAttributes::new("Load test".into(), vec!["load-1".into()]);
    let body = CreateEnvironmentData::new(attributes, CreateEnvironmentDataType::ENVIRONMENTS);
    let made = decoded(
        201,
        api.create_feature_flags_environment_with_http_info(CreateEnvironmentRequest::new(body)).await,
    );
    let id = made.data.id;

    let filters = ListFeatureFlagsEnvironmentsOptionalParams::default().dd_env("load-1".into());
    let found = decoded(200, api.list_feature_flags_environments_with_http_info(filters).await);
    assert_eq!(found.data.iter().map(|one| one.id).collect::<Vec<_>>(), [id]);
    let page = found.meta.and_then(|meta| meta.page).expect("counts");
    assert_eq!((page.total_count, page.total_filtered_count), (Some(4), Some(1)));

    let change = UpdateEnvironmentAttributes::new().name("Load test 2".into());
    let body = UpdateEnvironmentData::new(change, UpdateEnvironmentDataType::ENVIRONMENTS);
    decoded(
        200,
        api.update_feature_flags_environment_with_http_info(id, UpdateEnvironmentRequest::new(body)).await,
    );
    let shown = decoded(200, api.get_feature_flags_environment_with_http_info(id).await).data.attributes;
    assert_eq!((shown.name.as_str(), shown.key.as_deref()), ("Load test 2", Some("load-test")));
    assert_eq!(shown.queries.expect("queries"), ["load-1"]);

    done(204, api.delete_feature_flags_environment_with_http_info(id).await);
    refused(404, api.get_feature_flags_environment_with_http_info(id).await);
}

#[tokio::test]
async fn flags_of_every_value_type_are_created_and_read_back() {
    let server = Server::start();
    let api = server.client();
    let cases: [(ValueType, &[(&str, &str)]); 5] = [
        (ValueType::BOOLEAN, &[("on", "true"), ("off", "false")]),
        (ValueType::INTEGER, &[("few", "3"), ("many", "-9007199254740991")]),
        (ValueType::NUMERIC, &[("half", "0.5"), ("whole", "2")]),
        (ValueType::STRING, &[("red", "#f00"), ("empty", "")]),
        (ValueType::JSON, &[("small", "{\"size\":1}")]),
    ];
    for (value_type, values) in cases {
        let key = format!("typed-{}", value_type.to_string().to_lowercase());
        let made = create_flag(&api, new_flag(&key, value_type.clone(), values)).await;
        let shown = decoded(200, api.get_feature_flag_with_http_info(made.id).await).data;
        assert_eq!(shown, made);
        assert_eq!((shown.attributes.key, shown.attributes.value_type), (key, value_type));
        let variants = shown.attributes.variants.iter().map(|one| (one.key.as_str(), one.value.as_str()));
        assert!(variants.eq(values.iter().copied()));
    }
}

#[tokio::test]
async fn flags_are_listed_updated_archived_and_brought_back() {
    let server = Server::start();
    let api = server.client();
    let mut newest_first = Vec::new();
    for number in 0..3 {
        newest_first.insert(0, create_flag(&api, text_flag(&format!("listed-{number}"))).await.id);
    }
    let filters = ListFeatureFlagsOptionalParams::default().key("listed".into()).limit(2).offset(1);
    let listed = decoded(200, api.list_feature_flags_with_http_info(filters).await);
    assert_eq!(listed.data.iter().map(|flag| flag.id).collect::<Vec<_>>(), newest_first[1..]);
    assert_eq!(listed.meta.and_then(|meta| meta.page).and_then(|page| page.total_filtered_count), Some(3));

    let id = newest_first[0];
    let change = UpdateFeatureFlagAttributes::new().name("Renamed".into()).description("Described".into());
    let body = UpdateFeatureFlagData::new(change, UpdateFeatureFlagDataType::FEATURE_FLAGS);
    let changed =
        decoded(200, api.update_feature_flag_with_http_info(id, UpdateFeatureFlagRequest::new(body)).await);
    assert_eq!(
        (changed.data.attributes.name, changed.data.attributes.description),
        ("Renamed".into(), "Described".into())
    );

    let archived = decoded(200, api.archive_feature_flag_with_http_info(id).await).data.attributes;
    assert!(matches!(archived.archived_at, Some(Some(at)) if Some(at) == archived.updated_at));
    let only_archived = ListFeatureFlagsOptionalParams::default().is_archived(true);
    let listed = decoded(200, api.list_feature_flags_with_http_info(only_archived).await);
    assert_eq!(listed.data.iter().map(|flag| flag.id).collect::<Vec<_>>(), [id]);
    let back = decoded(200, api.unarchive_feature_flag_with_http_info(id).await).data.attributes;
    assert_eq!(back.archived_at, Some(None));
}

#[tokio::test]
async fn variants_are_added_changed_and_deleted() {
    let server = Server::start();
    let api = server.client();
    let flag = create_flag(&api, text_flag("variants")).await.id;
    let body = CreateVariant::new("d".into(), "Delta".into(), "delta".into());
    let added = decoded(201, api.create_variant_for_feature_flag_with_http_info(flag, body).await);
    assert_eq!((added.key.as_str(), added.name.as_str(), added.value.as_str()), ("d", "Delta", "delta"));
    let body = UpdateVariantRequest::new().value("δ".into());
    let changed =
        decoded(200, api.update_variant_for_feature_flag_with_http_info(flag, added.id, body).await);
    assert_eq!((changed.id, changed.name.as_str(), changed.value.as_str()), (added.id, "Delta", "δ"));
    done(204, api.delete_variant_from_feature_flag_with_http_info(flag, added.id).await);
    refused(404, api.delete_variant_from_feature_flag_with_http_info(flag, added.id).await);
}

#[tokio::test]
async fn allocations_are_appended_replaced_and_cleared() {
    let server = Server::start();
    let api = server.client();
    let environment = server.environment_id("production");
    let flag = create_flag(&api, text_flag("allocated")).await.id;

    let rollout = ExposureScheduleRequest::new(
        RolloutOptionsRequest::new(RolloutStrategy::UNIFORM_INTERVALS).selection_interval_ms(60_000),
        vec![ExposureRolloutStepRequest::new(0.1, 0, false), ExposureRolloutStepRequest::new(1.0, 1, false)],
    );
    let conditions = vec![
        condition("plan", ConditionOperator::ONE_OF, &["beta", "staff"]),
        condition("age", ConditionOperator::GTE, &["18"]),
    ];
    let everything = allocation("everything")
        .targeting_rules(vec![TargetingRuleRequest::new(conditions)])
        .variant_weights(vec![weight("a", 50.0), weight("b", 30.0), weight("c", 20.0)])
        .guardrail_metrics(vec![GuardrailMetricRequest::new("errors".into(), GuardrailTriggerAction::ABORT)])
        .exposure_schedule(rollout.control_variant_key(Some("b".into())));
    let request = CreateAllocationsRequest::new(data(everything));
    let made = decoded(
        201,
        api.create_allocations_for_feature_flag_in_environment_with_http_info(flag, environment, request)
            .await,
    );
    let shown = &made.data.attributes;
    assert_eq!((shown.order_position, shown.environment_ids.as_slice()), (0, &[environment][..]));
    let operators = shown.targeting_rules[0].conditions.iter().map(|one| one.operator.clone());
    assert!(operators.eq([Some(ConditionOperator::ONE_OF), Some(ConditionOperator::GTE)]));
    let weights: Vec<f64> = shown.variant_weights.iter().map(|weight| weight.value).collect();
    assert_eq!(weights, [50.0, 30.0, 20.0]);
    assert_eq!(shown.guardrail_metrics[0].trigger_action, GuardrailTriggerAction::ABORT);
    let schedule = shown.exposure_schedule.as_ref().expect("a schedule");
    assert_eq!(schedule.allocation_id, made.data.id);
    let intervals: Vec<_> = schedule.rollout_steps.iter().map(|step| step.interval_ms).collect();
    assert_eq!(intervals, [Some(Some(60_000)), Some(None)], "the last interval is null, not absent");

    let replacement =
        vec![data(allocation("gate").exposure_schedule(no_rollout(0.3))), data(allocation("plain"))];
    let replaced = decoded(
        200,
        api.update_allocations_for_feature_flag_in_environment_with_http_info(
            flag,
            environment,
            OverwriteAllocationsRequest::new(replacement),
        )
        .await,
    );
    let keys: Vec<&str> = replaced.data.iter().map(|one| one.attributes.key.as_str()).collect();
    assert_eq!(keys, ["gate", "plain"]);
    assert!(replaced.data[1].attributes.exposure_schedule.is_none());

    let shown =
        entry(&api, flag, environment).await.allocations.flatten().expect("an object by allocation key");
    assert_eq!(shown.keys().collect::<Vec<_>>(), ["gate", "plain"]);
    assert_eq!(shown["gate"]["id"], json!(replaced.data[0].id));

    let nothing = OverwriteAllocationsRequest::new(Vec::new());
    let cleared = api
        .update_allocations_for_feature_flag_in_environment_with_http_info(flag, environment, nothing)
        .await;
    assert!(decoded(200, cleared).data.is_empty());
    assert_eq!(entry(&api, flag, environment).await.allocations, Some(None));
}

#[tokio::test]
async fn a_flag_is_enabled_and_disabled() {
    let server = Server::start();
    let api = server.client();
    let environment = server.environment_id("production");
    let flag = create_flag(&api, text_flag("switched")).await.id;
    assert_eq!(entry(&api, flag, environment).await.status, FeatureFlagStatus::DISABLED);
    done(200, api.enable_feature_flag_environment_with_http_info(flag, environment).await);
    assert_eq!(entry(&api, flag, environment).await.status, FeatureFlagStatus::ENABLED);
    done(200, api.disable_feature_flag_environment_with_http_info(flag, environment).await);
    assert_eq!(entry(&api, flag, environment).await.status, FeatureFlagStatus::DISABLED);
}

#[tokio::test]
async fn refusals_arrive_with_status_and_texts() {
    let server = Server::start();
    let api = server.client();
    let environment = server.environment_id("production");
    let flag = create_flag(&api, text_flag("refused")).await.id;
    refused(409, api.create_feature_flag_with_http_info(text_flag("refused")).await);
    let unfit = new_flag("unfit", ValueType::INTEGER, &[("half", "0.5")]);
    let texts = refused(400, api.create_feature_flag_with_http_info(unfit).await);
    assert!(texts[0].starts_with("/data/attributes/variants/0/value"), "{texts:?}");
    let short = OverwriteAllocationsRequest::new(vec![data(
        allocation("short").variant_weights(vec![weight("a", 99.0)]),
    )]);
    let answer =
        api.update_allocations_for_feature_flag_in_environment_with_http_info(flag, environment, short).await;
    assert!(refused(400, answer)[0].contains("variant_weights"));
    let nobody = Uuid::from_u128(1);
    refused(404, api.get_feature_flag_with_http_info(nobody).await);
    refused(404, api.enable_feature_flag_environment_with_http_info(flag, nobody).await);
    let stranger = server.client_with("wrong", "wrong");
    refused(401, stranger.list_feature_flags_with_http_info(ListFeatureFlagsOptionalParams::default()).await);
}
