-- Metrics that guardrails watch. Guardrails name them by their id, which people choose; it may be named before it is there.

CREATE TABLE metrics (
    project_id uuid   NOT NULL REFERENCES projects (id),
    id         text   NOT NULL,
    name       text   NOT NULL,
    format     bigint NOT NULL,
    document   json   NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    revision   bigint NOT NULL,
    CONSTRAINT metric_id PRIMARY KEY (project_id, id)
);
