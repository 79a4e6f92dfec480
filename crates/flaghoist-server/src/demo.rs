//! `--demo`: a small, realistic set of flags to look at.

use crate::ApiError;
use crate::access::authentication::standing;
use crate::app::App;
use crate::commands::{self, EntryChange, FlagView, Intent};
use flaghoist_model::access::{Dialect, Principal, Proof};
use flaghoist_model::allocation::{AllocationDraft, AllocationKind, WeightDraft};
use flaghoist_model::condition::{ConditionDraft, Operator, RuleDraft};
use flaghoist_model::credential::CredentialKind;
use flaghoist_model::flag::{FlagDraft, StalenessStatus};
use flaghoist_model::flag_environment::{FlagEnvironment, ServingPatch};
use flaghoist_model::history::Action;
use flaghoist_model::schedule::{ScheduleDraft, StepDraft, Strategy};
use flaghoist_model::value::ValueType;
use flaghoist_model::variant::VariantDraft;
use flaghoist_model::{Faults, Patch, Rejection};
use flaghoist_store::FlagFilter;

/// An hour in milliseconds.
const HOUR_MS: i64 = 3_600_000;

/// A flag of the demonstration.
struct DemoFlag {
    key: &'static str,
    name: &'static str,
    description: &'static str,
    value_type: ValueType,
    variants: &'static [(&'static str, &'static str)],
    default: &'static str,
    tags: &'static [&'static str],
    staleness_status: StalenessStatus,
    allocations: fn() -> Vec<AllocationDraft>,
}

/// Adds the flags of the demonstration to a project that has none, on behalf of the owner of the application
/// key. They are enabled in every environment.
pub async fn add(app: &App, application_key: &str) -> Result<(), ApiError> {
    let mut reader = app.store.read().await?;
    let hash = crate::secret::hash(application_key);
    let Some(credential) = reader.find_credential(&hash).await? else {
        return Err(ApiError::Unauthenticated("the application key is none of ours"));
    };
    let CredentialKind::ApplicationKey { user_id, .. } = credential.kind else {
        return Err(ApiError::WrongCredential("this is no application key"));
    };
    let project_id = credential.project_id;
    let standing = standing(reader.as_mut(), user_id, Some(project_id)).await?;
    let standing =
        standing.ok_or(ApiError::Unauthenticated("the owner of the application key is no member"))?;
    let principal =
        standing.principal(user_id, Proof::ApplicationKey(credential.id), None, Dialect::Internal);
    if reader.flag_page(project_id, &FlagFilter::default(), 1, 0).await?.total_count > 0 {
        return Ok(());
    }
    drop(reader);
    for flag in FLAGS {
        add_flag(app, &principal, flag).await?;
    }
    Ok(())
}

async fn add_flag(app: &App, principal: &Principal, flag: &DemoFlag) -> Result<(), ApiError> {
    let variants = flag.variants.iter().map(|(key, value)| VariantDraft {
        key: Some((*key).to_owned()),
        name: Some(title(key)),
        value: Some((*value).to_owned()),
        ..VariantDraft::default()
    });
    let draft = FlagDraft {
        key: Some(flag.key.to_owned()),
        name: Some(flag.name.to_owned()),
        description: Some(flag.description.to_owned()),
        value_type: Some(flag.value_type),
        variants: Some(variants.collect()),
        default_variant_key: Some(flag.default.to_owned()),
        tags: Some(flag.tags.iter().map(ToString::to_string).collect()),
        staleness_status: Some(flag.staleness_status),
        ..FlagDraft::default()
    };
    let FlagView { flag: made, environments, .. } =
        commands::create_flag(app, principal, draft, "", Faults::new(), |first| {
            first.with_allocations(Vec::new(), "")
        })
        .await?;
    for (environment, _) in environments {
        let place = (made.id, environment.id);
        let serve = |change: EntryChange<'_>| serve(&change, flag, &environment.key);
        commands::change_flag_environment(
            app,
            principal,
            place,
            Intent::to(Action::AllocationsReplaced),
            serve,
        )
        .await?;
        commands::change_flag_environment(app, principal, place, Intent::to(Action::FlagEnabled), |change| {
            Ok((change.entry.with_enabled(true, change.now), ()))
        })
        .await?;
    }
    Ok(())
}

/// The allocations of the flag, with keys that are unique per environment; development serves the first variant
/// to whom no allocation is for.
fn serve(
    change: &EntryChange<'_>,
    flag: &DemoFlag,
    environment: &str,
) -> Result<(FlagEnvironment, ()), Rejection> {
    let drafts = (flag.allocations)().into_iter().map(|draft| AllocationDraft {
        key: draft.key.map(|key| format!("{}-{key}-{environment}", flag.key)),
        ..draft
    });
    let mut entry = change.entry.clone();
    if environment == "development" {
        let first = change.flag.variants.first().map(|variant| variant.id);
        let patch = ServingPatch {
            default_variant_id: first.map_or(Patch::Keep, Patch::Set),
            ..ServingPatch::default()
        };
        entry = entry.with_serving(patch, change.flag, change.now, Faults::new())?;
    }
    let context = change.allocation_context(&entry);
    Ok((entry.with_allocations(drafts.collect(), &context, Faults::under("/data"))?, ()))
}

fn title(key: &str) -> String {
    let mut characters = key.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

fn allocation(key: &str, name: &str, weights: &[(&str, f64)]) -> AllocationDraft {
    let weights = weights.iter().map(|(variant, percent)| WeightDraft {
        variant_key: Some((*variant).to_owned()),
        value: Some(*percent),
        ..WeightDraft::default()
    });
    AllocationDraft {
        key: Some(key.to_owned()),
        name: Some(name.to_owned()),
        kind: Some(AllocationKind::FeatureGate),
        weights: weights.collect(),
        ..AllocationDraft::default()
    }
}

fn only_for(
    allocation: AllocationDraft,
    attribute: &str,
    operator: Operator,
    values: &[&str],
) -> AllocationDraft {
    let condition = ConditionDraft {
        attribute: Some(attribute.to_owned()),
        operator: Some(operator),
        values: Some(values.iter().map(ToString::to_string).collect()),
        ..ConditionDraft::default()
    };
    AllocationDraft { rules: vec![RuleDraft { conditions: vec![condition] }], ..allocation }
}

fn scheduled(allocation: AllocationDraft, strategy: Strategy, ratios: &[f64]) -> AllocationDraft {
    let steps = ratios.iter().zip(0..).map(|(ratio, group)| StepDraft {
        exposure_ratio: Some(*ratio),
        is_pause_record: Some(false),
        grouped_step_index: Some(group),
        ..StepDraft::default()
    });
    let schedule = ScheduleDraft {
        strategy: Some(strategy),
        selection_interval_ms: (strategy == Strategy::UniformIntervals).then_some(HOUR_MS),
        steps: Some(steps.collect()),
        ..ScheduleDraft::default()
    };
    AllocationDraft { schedule: Some(schedule), ..allocation }
}

const ON_OFF: &[(&str, &str)] = &[("on", "true"), ("off", "false")];

const FLAGS: &[DemoFlag] = &[
    DemoFlag {
        key: "dark-mode",
        name: "Dark mode",
        description: "The dark theme, for staff and beta testers first.",
        value_type: ValueType::Boolean,
        variants: ON_OFF,
        default: "off",
        tags: &["team:web"],
        staleness_status: StalenessStatus::Active,
        allocations: || {
            let beta = allocation("beta", "Staff and beta testers", &[("on", 100.0)]);
            let fifth = allocation("fifth", "A fifth of everybody else", &[("on", 100.0)]);
            vec![
                only_for(beta, "plan", Operator::OneOf, &["beta", "staff"]),
                scheduled(fifth, Strategy::NoRollout, &[0.2]),
            ]
        },
    },
    DemoFlag {
        key: "checkout-button",
        name: "Checkout button",
        description: "Which colour sells.",
        value_type: ValueType::String,
        variants: &[("blue", "#1f6feb"), ("green", "#2da44e"), ("orange", "#fb8f44")],
        default: "blue",
        tags: &["team:shop", "experiment"],
        staleness_status: StalenessStatus::Active,
        allocations: || {
            vec![allocation("thirds", "Split", &[("blue", 34.0), ("green", 33.0), ("orange", 33.0)])]
        },
    },
    DemoFlag {
        key: "search-v2",
        name: "New search",
        description: "The new search engine, hour by hour, once somebody starts it.",
        value_type: ValueType::Boolean,
        variants: ON_OFF,
        default: "off",
        tags: &["team:search"],
        staleness_status: StalenessStatus::Active,
        allocations: || {
            let ramp = AllocationDraft {
                kind: Some(AllocationKind::Canary),
                ..allocation("ramp", "Ramp", &[("on", 100.0)])
            };
            vec![scheduled(ramp, Strategy::UniformIntervals, &[0.01, 0.1, 0.5, 1.0])]
        },
    },
    DemoFlag {
        key: "upload-limit-mb",
        name: "Upload limit",
        description: "Largest upload in megabytes, by plan.",
        value_type: ValueType::Integer,
        variants: &[("small", "25"), ("large", "500")],
        default: "small",
        tags: &["team:platform"],
        staleness_status: StalenessStatus::Permanent,
        allocations: || {
            let enterprise = allocation("enterprise", "Enterprise", &[("large", 100.0)]);
            vec![only_for(enterprise, "plan", Operator::Equals, &["enterprise"])]
        },
    },
    DemoFlag {
        key: "payments-enabled",
        name: "Payments",
        description: "Kill switch: turn it off when the payment provider is down.",
        value_type: ValueType::Boolean,
        variants: ON_OFF,
        default: "on",
        tags: &["team:shop", "kill-switch"],
        staleness_status: StalenessStatus::Permanent,
        allocations: Vec::new,
    },
    DemoFlag {
        key: "banner",
        name: "Banner",
        description: "What the banner says, as an object.",
        value_type: ValueType::Json,
        variants: &[
            ("none", r#"{"show":false}"#),
            ("sale", r#"{"show":true,"text":"Summer sale","colour":"orange"}"#),
        ],
        default: "none",
        tags: &["team:web"],
        staleness_status: StalenessStatus::Active,
        allocations: || {
            let new_app = allocation("new-app", "Applications from 2.4", &[("sale", 100.0)]);
            vec![only_for(new_app, "app_version", Operator::SemverGte, &["2.4.0"])]
        },
    },
];
