//! Aggregates to store and to evaluate, made through the model's own functions, so that they are ones it allows.

use crate::ids::SeededIds;
use flaghoist_model::access::{Actor, BuiltInRole, Dialect, PermissionSet, Principal, Proof, RoleRef};
use flaghoist_model::allocation::{
    AllocationContext, AllocationDraft, AllocationKind, GuardrailDraft, TriggerAction, WeightDraft,
};
use flaghoist_model::condition::{
    Condition, ConditionDraft, Operator, RuleDraft, TargetingRule, Test as ConditionTest,
};
use flaghoist_model::credential::{Credential, CredentialKind, SecretHash};
use flaghoist_model::environment::{Environment, EnvironmentDraft};
use flaghoist_model::flag::{DistributionChannel, Flag, FlagDraft, StalenessStatus};
use flaghoist_model::flag_environment::{FlagEnvironment, ServingPatch};
use flaghoist_model::history::{Action, Change};
use flaghoist_model::id::{ConditionId, CredentialId, HistoryId, ProjectId, RuleId, SavedFilterId, UserId};
use flaghoist_model::project::Project;
use flaghoist_model::saved_filter::{CreationType, SavedFilter};
use flaghoist_model::schedule::{ScheduleDraft, StepDraft, Strategy};
use flaghoist_model::user::{User, UserKind};
use flaghoist_model::value::ValueType;
use flaghoist_model::variant::VariantDraft;
use flaghoist_model::{Faults, MintId as _, Patch};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::collections::BTreeMap;

/// Makes the aggregates of one project.
#[derive(Debug)]
pub struct Samples {
    /// Where ids come from.
    pub ids: SeededIds,
    /// When everything is made. Move it to make something later.
    pub now: Timestamp,
    /// Whose everything is.
    pub project_id: ProjectId,
    /// Who makes it.
    pub user_id: UserId,
    /// With which application key.
    pub credential_id: CredentialId,
}

impl Samples {
    /// Samples that are the same for the same seed, made on an evening in November 2026.
    pub fn new(seed: u64) -> Self {
        let ids = SeededIds::new(seed);
        let now = "2026-11-20T18:30:00.123456Z".parse().expect("this is a moment");
        let (project_id, user_id) = (ProjectId::mint(&ids), UserId::mint(&ids));
        let credential_id = CredentialId::mint(&ids);
        Self { ids, now, project_id, user_id, credential_id }
    }

    /// Lets time pass.
    pub fn later(&mut self, by: SignedDuration) {
        self.now += by;
    }

    /// Who makes everything.
    pub fn author(&self) -> Principal {
        Principal {
            project_id: self.project_id,
            user_id: self.user_id,
            proof: Proof::ApplicationKey(self.credential_id),
            dialect: Dialect::Native,
            role: RoleRef::BuiltIn(BuiltInRole::Admin),
            permissions: PermissionSet::all(),
            is_narrowed: false,
            key_expires_at: None,
            is_installation_admin: true,
        }
    }

    /// The project.
    pub fn project(&self, key: &str) -> Project {
        let name = format!("Project {key}");
        Project {
            id: self.project_id,
            key: key.to_owned(),
            name,
            description: None,
            revision: 0,
            created_at: self.now,
            updated_at: self.now,
        }
    }

    /// An environment whose key and only query come from its name.
    pub fn environment(&self, name: &str) -> Environment {
        let draft = EnvironmentDraft {
            name: Some(name.to_owned()),
            queries: Some(vec![flaghoist_model::key::slug(name)]),
            ..EnvironmentDraft::default()
        };
        Environment::create(draft, self.project_id, self.now, &self.ids, Faults::new())
            .expect("a valid sample")
    }

    /// An environment with everything that one can have.
    pub fn production(&self) -> Environment {
        let draft = EnvironmentDraft {
            name: Some("Production".to_owned()),
            key: Some("production".to_owned()),
            description: Patch::Set("Real users.\nHandle \"with\" care \u{0} 🚩".to_owned()),
            queries: Some(vec!["production".to_owned(), "prod".to_owned(), "live".to_owned()]),
            is_production: Some(true),
            require_feature_flag_approval: Some(true),
        };
        Environment::create(draft, self.project_id, self.now, &self.ids, Faults::new())
            .expect("a valid sample")
    }

    /// A BOOLEAN flag with the variants `on` and `off`; its name is made from the key.
    pub fn flag(&self, key: &str) -> Flag {
        let variant = |key: &str, value: &str| VariantDraft {
            key: Some(key.to_owned()),
            name: Some(key.to_owned()),
            value: Some(value.to_owned()),
            ..VariantDraft::default()
        };
        let draft = FlagDraft {
            key: Some(key.to_owned()),
            name: Some(format!("Flag {key}")),
            value_type: Some(ValueType::Boolean),
            variants: Some(vec![variant("on", "true"), variant("off", "false")]),
            default_variant_key: Some("off".to_owned()),
            ..FlagDraft::default()
        };
        Flag::create(draft, &self.author(), self.now, &self.ids, Faults::new()).expect("a valid sample")
    }

    /// A JSON flag with everything that a flag can have.
    pub fn rich_flag(&self, key: &str) -> Flag {
        let variant = |key: &str, value: &str| VariantDraft {
            key: Some(key.to_owned()),
            name: Some(format!("The {key} one")),
            value: Some(value.to_owned()),
            migration_metadata: Some(
                json!({"from": "elsewhere", "n": 0.1, "z": null, "a": [1, 2.5, "\u{0}"]}),
            ),
            description: Some("For those who asked".to_owned()),
            order_index: Some(1.5),
        };
        let draft = FlagDraft {
            key: Some(key.to_owned()),
            name: Some(format!("Flag {key}")),
            description: Some("Text with 'quotes', \"more\", ünïcödé, 🚩 and \u{0}".to_owned()),
            value_type: Some(ValueType::Json),
            variants: Some(vec![
                variant("large", r#"{"size": 10, "note": "it's \"large\""}"#),
                variant("small", r#"{"size": 1.50, "note": ""}"#),
                variant("none", r"{}"),
            ]),
            default_variant_key: Some("small".to_owned()),
            distribution_channel: Some(DistributionChannel::Server),
            json_schema: Some(r#"{"type": "object", "properties": {"size": {"type": "number"}}}"#.to_owned()),
            require_approval: Some(true),
            staleness_status: Some(StalenessStatus::Permanent),
            tags: Some(vec!["team:checkout".to_owned(), "q4".to_owned()]),
            migration_metadata: Some(json!({"zeta": 1, "alpha": {"big": 9_007_199_254_740_993_i64}})),
            analytics_enabled: Some(false),
            metadata: json!({"flag_template": "ab_test"}).as_object().cloned(),
        };
        Flag::create(draft, &self.author(), self.now, &self.ids, Faults::new()).expect("a valid sample")
    }

    /// A saved filter with one rule.
    pub fn saved_filter(&self, name: &str) -> SavedFilter {
        let (created_at, updated_at) = (self.now, self.now);
        let test = ConditionTest::Inline {
            attribute: "country".to_owned(),
            operator: Operator::OneOf,
            values: vec!["DE".to_owned(), "AT".to_owned()],
        };
        let condition = Condition { id: ConditionId::mint(&self.ids), test, created_at, updated_at };
        let rule = TargetingRule {
            id: RuleId::mint(&self.ids),
            conditions: vec![condition],
            created_at,
            updated_at,
        };
        SavedFilter {
            id: SavedFilterId::mint(&self.ids),
            project_id: self.project_id,
            key: flaghoist_model::key::slug(name),
            name: name.to_owned(),
            description: Some("Who is there".to_owned()),
            creation_type: CreationType::Rules,
            rules: vec![rule],
            clauses: None,
            migration_metadata: Some(json!({"from": "elsewhere"})),
            created_at,
            updated_at,
            revision: 0,
        }
    }

    /// A request for an allocation that serves the flag's first variant to everybody.
    pub fn allocation(&self, key: &str, flag: &Flag) -> AllocationDraft {
        let weight = WeightDraft {
            variant_id: Some(flag.variants[0].id),
            value: Some(100.0),
            ..WeightDraft::default()
        };
        AllocationDraft {
            key: Some(key.to_owned()),
            name: Some(format!("Allocation {key}")),
            kind: Some(AllocationKind::FeatureGate),
            weights: vec![weight],
            ..AllocationDraft::default()
        }
    }

    /// A request for an allocation with everything that one can have. Of a flag with three variants at least.
    pub fn rich_allocation(&self, key: &str, flag: &Flag, filter: &SavedFilter) -> AllocationDraft {
        let compare = |attribute: &str, operator: Operator, values: &[&str]| ConditionDraft {
            attribute: Some(attribute.to_owned()),
            operator: Some(operator),
            values: Some(values.iter().map(|value| (*value).to_owned()).collect()),
            saved_filter_id: None,
        };
        let saved = ConditionDraft { saved_filter_id: Some(filter.id), ..ConditionDraft::default() };
        let weight = |position: usize, percent: f64| WeightDraft {
            variant_id: Some(flag.variants[position].id),
            value: Some(percent),
            ..WeightDraft::default()
        };
        let step = |ratio: f64, interval_ms: Option<i64>, is_pause: bool, group: i64| StepDraft {
            exposure_ratio: Some(ratio),
            interval_ms,
            is_pause_record: Some(is_pause),
            grouped_step_index: Some(group),
            ..StepDraft::default()
        };
        AllocationDraft {
            kind: Some(AllocationKind::Canary),
            experiment_id: Some("experiment-7".to_owned()),
            rules: vec![
                RuleDraft {
                    conditions: vec![
                        compare("email", Operator::Matches, &[r".*@example\.com$"]),
                        compare("age", Operator::Gte, &["21.5"]),
                    ],
                },
                RuleDraft {
                    conditions: vec![saved, compare("plan", Operator::NotOneOf, &["free", "trial"])],
                },
            ],
            // Shares whose decimal form takes all the digits that a double has.
            weights: vec![weight(0, 100.0 / 3.0), weight(1, 100.0 - 100.0 / 3.0)],
            schedule: Some(ScheduleDraft {
                strategy: Some(Strategy::UniformIntervals),
                autostart: Some(false),
                selection_interval_ms: Some(60_000),
                steps: Some(vec![
                    step(0.1, None, false, 0),
                    step(0.1, None, true, 0),
                    step(1.0 / 3.0, Some(5_000), false, 1),
                    step(1.0, None, false, 2),
                ]),
                control_variant_id: Some(flag.variants[2].id),
                ..ScheduleDraft::default()
            }),
            guardrails: vec![GuardrailDraft {
                metric_id: Some("checkout-errors".to_owned()),
                trigger_action: Some(TriggerAction::Abort),
            }],
            ..self.allocation(key, flag)
        }
    }

    /// What `entry` becomes when these allocations are asked for.
    pub fn allocate(
        &self,
        entry: &FlagEnvironment,
        flag: &Flag,
        filters: &[SavedFilter],
        drafts: Vec<AllocationDraft>,
    ) -> FlagEnvironment {
        let saved_filters: BTreeMap<SavedFilterId, SavedFilter> =
            filters.iter().map(|filter| (filter.id, filter.clone())).collect();
        let context = AllocationContext {
            flag,
            default_variant_id: entry.default_variant_id,
            saved_filters: &saved_filters,
            now: self.now,
            ids: &self.ids,
        };
        entry.with_allocations(drafts, &context, Faults::new()).expect("a valid sample")
    }

    /// A flag in an environment, enabled, with override and off variants and these allocations.
    pub fn serving(
        &self,
        flag: &Flag,
        environment: &Environment,
        filters: &[SavedFilter],
        drafts: Vec<AllocationDraft>,
    ) -> FlagEnvironment {
        let patch = ServingPatch {
            override_variant_id: Patch::Set(flag.variants[0].id),
            off_variant_id: Patch::Set(flag.variants[1].id),
            ..ServingPatch::default()
        };
        let entry = FlagEnvironment::initial(flag, environment.id)
            .with_enabled(true, self.now)
            .with_serving(patch, flag, self.now, Faults::new())
            .expect("a valid sample");
        self.allocate(&entry, flag, filters, drafts)
    }

    /// A user with a password.
    pub fn user(&self, email: &str) -> User {
        User {
            id: UserId::mint(&self.ids),
            email: email.to_owned(),
            name: "Ada Lovelace".to_owned(),
            kind: UserKind::Person,
            is_installation_admin: false,
            disabled_at: None,
            password_hash: Some("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned()),
            created_at: self.now,
        }
    }

    /// A key with a secret of its own.
    pub fn credential(&self, kind: CredentialKind) -> Credential {
        let mut secret_hash = [0; 32];
        secret_hash[..16].copy_from_slice(self.ids.mint().as_bytes());
        Credential {
            id: CredentialId::mint(&self.ids),
            project_id: self.project_id,
            kind,
            name: "A key".to_owned(),
            secret_hash: SecretHash(secret_hash),
            secret_end: "cafe".to_owned(),
            created_at: self.now,
            created_by: Some(self.user_id),
            expires_at: None,
            last_used_at: None,
        }
    }

    /// What the history will say about a change.
    pub fn change(&self, action: Action) -> Change {
        Change {
            id: HistoryId::mint(&self.ids),
            actor: Actor::from(&self.author()),
            dialect: Dialect::Native,
            action,
            flag_id: None,
            environment_id: None,
            before: None,
            after: None,
            reason: None,
            authority: None,
            reverts: None,
            at: self.now,
        }
    }
}
