//! The OpenAPI document: what is not said beside an operation.

use utoipa::OpenApi as _;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, OpenApi};

/// Flaghoist: feature flags and progressive delivery on your own machines.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Flaghoist",
        description = "Feature flags and progressive delivery on your own machines. Management in the dialects of \
                       Datadog Feature Flags (v2) and of Flagmint, evaluation over OFREP 0.3.0 and the protocols of \
                       the SDKs of Datadog, Eppo and Flagmint. Paths of Flagmint with `envs` also take `environments`, \
                       before the flag or after it, and the other way round.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(
        crate::datadog::ErrorBody,
        crate::native::Problem,
        crate::flagmint::FlagmintError
    )),
    servers((url = "http://127.0.0.1:3000")),
    security(("api_key" = [], "application_key" = []), ("bearer" = [])),
    tags(
        (name = "Feature flags", description = "Flags and the archive"),
        (name = "Variants", description = "The values of a flag"),
        (name = "Allocations", description = "What a flag serves in an environment"),
        (name = "Environments", description = "Isolated configurations of the same flags"),
        (name = "Serving", description = "Default, override and off variant"),
        (name = "Suggestions", description = "Changes that wait for approval"),
        (name = "History", description = "What happened, and going back"),
        (name = "Explanations", description = "What flags serve, and why"),
        (name = "Access", description = "Log-ins, members, roles, teams, restriction policies, keys and projects"),
        (name = "SDK keys", description = "Keys by which applications read an environment"),
        (name = "Webhooks", description = "Other systems that are told what happens"),
        (name = "Metrics", description = "What the guardrails of rollouts watch"),
        (name = "OFREP", description = "Evaluation by OpenFeature clients"),
        (name = "SDK", description = "Configuration for evaluation in the application's own process"),
        (name = "Saved filters", description = "Rules that several flags share"),
        (name = "Flagmint", description = "Management in the dialect of Flagmint"),
        (name = "Flagmint SDK", description = "Evaluation by the SDKs of Flagmint"),
        (name = "Operation", description = "Probes and metrics")
    )
)]
struct Base;

/// The document without operations.
pub(crate) fn base() -> OpenApi {
    let mut document = Base::openapi();
    let header = |name: &str, description: &str| {
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, description)))
    };
    let bearer = |description: &str| {
        let mut http = Http::new(HttpAuthScheme::Bearer);
        http.description = Some(description.to_owned());
        SecurityScheme::Http(http)
    };
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme("api_key", header("DD-API-KEY", "Names the project"));
    components.add_security_scheme("application_key", header("DD-APPLICATION-KEY", "Acts for a user"));
    components.add_security_scheme("bearer", bearer("An application key"));
    components.add_security_scheme("sdk_key", header("X-API-Key", "An SDK key of an environment"));
    components.add_security_scheme("sdk_key_bearer", bearer("An SDK key of an environment"));
    document
}
