-- Metrics that guardrails watch. Guardrails name them by their id, which people choose; it may be named before it is there.

CREATE TABLE metrics (
    project_id BLOB    NOT NULL REFERENCES projects (id),
    id         TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    format     INTEGER NOT NULL,
    document   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    CONSTRAINT metric_id PRIMARY KEY (project_id, id)
) STRICT, WITHOUT ROWID;
