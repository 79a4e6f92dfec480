CREATE TABLE allocations (
    id             BLOB NOT NULL PRIMARY KEY,
    project_id     BLOB NOT NULL,
    key            TEXT NOT NULL,
    flag_id        BLOB NOT NULL,
    environment_id BLOB NOT NULL,
    CONSTRAINT allocation_key UNIQUE (project_id, key),
    CONSTRAINT allocation_place
        FOREIGN KEY (flag_id, environment_id) REFERENCES flag_environments (flag_id, environment_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX allocations_by_place ON allocations (flag_id, environment_id);

CREATE TABLE context_attributes (
    id         BLOB    NOT NULL PRIMARY KEY,
    project_id BLOB    NOT NULL REFERENCES projects (id),
    key        TEXT    NOT NULL,
    format     INTEGER NOT NULL,
    document   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    CONSTRAINT context_attribute_key UNIQUE (project_id, key)
) STRICT;

CREATE TABLE credentials (
    id             BLOB    NOT NULL PRIMARY KEY,
    project_id     BLOB    NOT NULL REFERENCES projects (id),
    name           TEXT    NOT NULL,
    -- SHA-256 of the secret.
    secret_hash    BLOB    NOT NULL,
    -- For people; the document says the same in full.
    kind           TEXT    NOT NULL,
    -- Of application keys.
    user_id        BLOB    REFERENCES users (id),
    -- Of SDK keys.
    environment_id BLOB,
    format         INTEGER NOT NULL,
    document       TEXT    NOT NULL,
    created_at     INTEGER NOT NULL, secret_end TEXT NOT NULL DEFAULT '', created_by BLOB, expires_at INTEGER, last_used_at INTEGER,
    CONSTRAINT credential_secret UNIQUE (secret_hash),
    CONSTRAINT credential_environment
        FOREIGN KEY (project_id, environment_id) REFERENCES environments (project_id, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX credentials_by_environment ON credentials (project_id, environment_id);

CREATE INDEX credentials_by_project ON credentials (project_id, created_at, id);

CREATE INDEX credentials_by_user ON credentials (user_id);

CREATE TABLE environment_queries (
    project_id     BLOB NOT NULL,
    query          TEXT NOT NULL,
    environment_id BLOB NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    CONSTRAINT environment_query PRIMARY KEY (project_id, query)
) STRICT, WITHOUT ROWID;

CREATE INDEX environment_queries_by_environment ON environment_queries (environment_id);

CREATE TABLE environments (
    id               BLOB    NOT NULL PRIMARY KEY,
    project_id       BLOB    NOT NULL REFERENCES projects (id),
    key              TEXT    NOT NULL,
    name             TEXT    NOT NULL,
    format           INTEGER NOT NULL,
    document         TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    revision         INTEGER NOT NULL,
    content_revision INTEGER NOT NULL,
    content_at       INTEGER NOT NULL,
    CONSTRAINT environment_key UNIQUE (project_id, key),
    CONSTRAINT environment_name UNIQUE (project_id, name),
    -- For foreign keys that must not cross the border of a project.
    CONSTRAINT environment_of_project UNIQUE (project_id, id)
) STRICT;

CREATE TABLE exposure_schedules (
    id            BLOB NOT NULL PRIMARY KEY,
    allocation_id BLOB NOT NULL REFERENCES allocations (id) ON DELETE CASCADE
, strategy TEXT NOT NULL DEFAULT 'UNIFORM_INTERVALS', status TEXT NOT NULL DEFAULT 'NOT_STARTED', sequence INTEGER NOT NULL DEFAULT 0, next_transition_at INTEGER) STRICT, WITHOUT ROWID;

CREATE INDEX exposure_schedules_by_allocation ON exposure_schedules (allocation_id);

CREATE INDEX exposure_schedules_due ON exposure_schedules (next_transition_at, id)
    WHERE next_transition_at IS NOT NULL;

CREATE TABLE flag_environments (
    flag_id        BLOB    NOT NULL,
    environment_id BLOB    NOT NULL,
    project_id     BLOB    NOT NULL,
    format         INTEGER NOT NULL,
    document       TEXT    NOT NULL,
    updated_at     INTEGER NOT NULL,
    revision       INTEGER NOT NULL,
    PRIMARY KEY (flag_id, environment_id),
    CONSTRAINT flag_environment_flag
        FOREIGN KEY (project_id, flag_id) REFERENCES flags (project_id, id) ON DELETE CASCADE,
    CONSTRAINT flag_environment_environment
        FOREIGN KEY (project_id, environment_id) REFERENCES environments (project_id, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX flag_environments_by_environment ON flag_environments (project_id, environment_id);

CREATE INDEX flag_environments_by_revision ON flag_environments (project_id, revision);

CREATE TABLE flag_tags (
    flag_id    BLOB NOT NULL REFERENCES listed_flags (flag_id) ON DELETE CASCADE,
    tag        TEXT NOT NULL,
    project_id BLOB NOT NULL,
    PRIMARY KEY (flag_id, tag)
) STRICT, WITHOUT ROWID;

CREATE INDEX flag_tags_by_tag ON flag_tags (project_id, tag);

CREATE TABLE flag_variants (
    id      BLOB NOT NULL PRIMARY KEY,
    flag_id BLOB NOT NULL REFERENCES flags (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX flag_variants_by_flag ON flag_variants (flag_id);

CREATE TABLE flags (
    id          BLOB    NOT NULL PRIMARY KEY,
    project_id  BLOB    NOT NULL REFERENCES projects (id),
    key         TEXT    NOT NULL,
    -- The key in lower case: both engines then find parts of it the same way, in every script.
    key_folded  TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    format      INTEGER NOT NULL,
    document    TEXT    NOT NULL,
    archived_at INTEGER,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    revision    INTEGER NOT NULL,
    CONSTRAINT flag_key UNIQUE (project_id, key),
    CONSTRAINT flag_name UNIQUE (project_id, name),
    CONSTRAINT flag_of_project UNIQUE (project_id, id)
) STRICT;

CREATE INDEX flags_by_age ON flags (project_id, created_at, id);

CREATE INDEX flags_by_revision ON flags (project_id, revision);

CREATE TABLE guarded_runs (
    schedule_id    BLOB NOT NULL,
    run            INTEGER NOT NULL,
    project_id     BLOB NOT NULL,
    flag_id        BLOB NOT NULL,
    environment_id BLOB NOT NULL,
    allocation_id  BLOB NOT NULL,
    allocation_key TEXT NOT NULL,
    started_at     INTEGER NOT NULL,
    -- None while it is on.
    ended_at       INTEGER,
    format         INTEGER NOT NULL,
    document       TEXT NOT NULL,
    PRIMARY KEY (schedule_id, run),
    CONSTRAINT guarded_run_environment
        FOREIGN KEY (project_id, environment_id) REFERENCES environments (project_id, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX guarded_runs_by_end ON guarded_runs (ended_at);

CREATE INDEX guarded_runs_by_environment ON guarded_runs (project_id, environment_id);

CREATE TABLE history (
    id             BLOB    NOT NULL PRIMARY KEY,
    project_id     BLOB    NOT NULL REFERENCES projects (id),
    revision       INTEGER NOT NULL,
    action         TEXT    NOT NULL,
    flag_id        BLOB,
    environment_id BLOB,
    at             INTEGER NOT NULL,
    format         INTEGER NOT NULL,
    document       TEXT    NOT NULL, user_id BLOB, aggregate TEXT NOT NULL DEFAULT '',
    CONSTRAINT history_revision UNIQUE (project_id, revision)
) STRICT;

CREATE INDEX history_by_environment ON history (project_id, environment_id, revision);

CREATE INDEX history_by_flag ON history (project_id, flag_id, revision);

CREATE INDEX history_by_time ON history (project_id, at, revision);

CREATE TABLE installation_secrets (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE listed_entries (
    flag_id           BLOB    NOT NULL,
    environment_id    BLOB    NOT NULL,
    enabled           INTEGER,
    -- The variant that everybody gets, if there is one.
    served_variant_id BLOB,
    updated_at        INTEGER NOT NULL,
    PRIMARY KEY (flag_id, environment_id),
    CONSTRAINT listed_entry_place
        FOREIGN KEY (flag_id, environment_id) REFERENCES flag_environments (flag_id, environment_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX listed_entries_to_read ON listed_entries (flag_id, environment_id) WHERE enabled IS NULL;

CREATE TABLE listed_flags (
    flag_id      BLOB    NOT NULL PRIMARY KEY REFERENCES flags (id) ON DELETE CASCADE,
    project_id   BLOB    NOT NULL,
    key          TEXT    NOT NULL,
    -- Key, name and description in lower case.
    searched     TEXT,
    value_type   TEXT    NOT NULL DEFAULT '',
    channel      TEXT    NOT NULL DEFAULT '',
    is_permanent INTEGER NOT NULL DEFAULT 0,
    is_archived  INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX listed_flags_by_age ON listed_flags (project_id, is_archived, created_at, flag_id);

CREATE INDEX listed_flags_by_key ON listed_flags (project_id, is_archived, key);

CREATE INDEX listed_flags_by_update ON listed_flags (project_id, is_archived, updated_at, flag_id);

CREATE INDEX listed_flags_to_read ON listed_flags (flag_id) WHERE searched IS NULL;

CREATE TABLE memberships (
    project_id BLOB NOT NULL REFERENCES projects (id),
    user_id    BLOB NOT NULL REFERENCES users (id),
    role       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, user_id)
) STRICT;

CREATE INDEX memberships_by_user ON memberships (user_id);

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

CREATE TABLE projects (
    id         BLOB    NOT NULL PRIMARY KEY,
    key        TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    -- Counts changes without gaps: every writer takes the next number before it does anything else.
    revision   INTEGER NOT NULL,
    created_at INTEGER NOT NULL, description TEXT, updated_at INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT project_key UNIQUE (key)
) STRICT;

CREATE TABLE restriction_policies (
    flag_id    BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL,
    format     INTEGER NOT NULL,
    document   TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    CONSTRAINT restriction_policy_flag
        FOREIGN KEY (project_id, flag_id) REFERENCES flags (project_id, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX restriction_policies_by_project ON restriction_policies (project_id, flag_id);

CREATE TABLE roles (
    id         BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    name       TEXT NOT NULL,
    format     INTEGER NOT NULL,
    document   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    CONSTRAINT role_name UNIQUE (project_id, name)
) STRICT;

CREATE TABLE rollout_transitions (
    project_id     BLOB NOT NULL REFERENCES projects (id),
    -- The project's revision, and with it the history entry, that it belongs to.
    revision       INTEGER NOT NULL,
    schedule_id    BLOB NOT NULL,
    sequence       INTEGER NOT NULL,
    flag_id        BLOB NOT NULL,
    environment_id BLOB NOT NULL,
    deed           TEXT NOT NULL,
    cause          TEXT NOT NULL,
    run            INTEGER NOT NULL,
    status         TEXT NOT NULL,
    pause_reason   TEXT,
    step_position  INTEGER,
    exposure_ratio REAL NOT NULL,
    due_at         INTEGER NOT NULL,
    at             INTEGER NOT NULL,
    PRIMARY KEY (project_id, revision, schedule_id, sequence)
) STRICT, WITHOUT ROWID;

CREATE INDEX rollout_transitions_by_schedule ON rollout_transitions (schedule_id, revision, sequence);

CREATE TABLE saved_filter_uses (
    saved_filter_id BLOB NOT NULL,
    flag_id         BLOB NOT NULL,
    environment_id  BLOB NOT NULL,
    PRIMARY KEY (saved_filter_id, flag_id, environment_id),
    CONSTRAINT saved_filter_use_place
        FOREIGN KEY (flag_id, environment_id) REFERENCES flag_environments (flag_id, environment_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX saved_filter_uses_by_place ON saved_filter_uses (flag_id, environment_id);

CREATE TABLE saved_filters (
    id         BLOB    NOT NULL PRIMARY KEY,
    project_id BLOB    NOT NULL REFERENCES projects (id),
    name       TEXT    NOT NULL,
    format     INTEGER NOT NULL,
    document   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    revision   INTEGER NOT NULL, key TEXT,
    CONSTRAINT saved_filter_name UNIQUE (project_id, name)
) STRICT;

CREATE UNIQUE INDEX saved_filter_key ON saved_filters (project_id, key);

CREATE TABLE sessions (
    id          BLOB NOT NULL PRIMARY KEY,
    user_id     BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of the secret.
    secret_hash BLOB NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    CONSTRAINT session_secret UNIQUE (secret_hash)
) STRICT;

CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE suggestions (
    id             BLOB NOT NULL PRIMARY KEY,
    project_id     BLOB NOT NULL,
    flag_id        BLOB NOT NULL,
    environment_id BLOB,
    -- Flag, environment and property while the suggestion is open: there is one open suggestion for each.
    open_scope     TEXT,
    created_at     INTEGER NOT NULL,
    format         INTEGER NOT NULL,
    document       TEXT NOT NULL,
    revision       INTEGER NOT NULL,
    CONSTRAINT suggestion_open UNIQUE (open_scope),
    CONSTRAINT suggestion_flag
        FOREIGN KEY (project_id, flag_id) REFERENCES flags (project_id, id) ON DELETE CASCADE,
    CONSTRAINT suggestion_environment
        FOREIGN KEY (project_id, environment_id) REFERENCES environments (project_id, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX suggestions_by_environment ON suggestions (project_id, environment_id);

CREATE INDEX suggestions_by_flag ON suggestions (flag_id, created_at, id);

CREATE INDEX suggestions_by_revision ON suggestions (project_id, revision);

CREATE TABLE teams (
    id         BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    handle     TEXT NOT NULL,
    format     INTEGER NOT NULL,
    document   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    CONSTRAINT team_handle UNIQUE (project_id, handle)
) STRICT;

CREATE TABLE users (
    id            BLOB    NOT NULL PRIMARY KEY,
    email         TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    password_hash TEXT,
    created_at    INTEGER NOT NULL, kind TEXT NOT NULL DEFAULT 'person', is_installation_admin INTEGER NOT NULL DEFAULT 0, disabled_at INTEGER,
    CONSTRAINT user_email UNIQUE (email)
) STRICT;

CREATE TABLE webhook_deliveries (
    id              BLOB NOT NULL PRIMARY KEY,
    project_id      BLOB NOT NULL REFERENCES projects (id),
    webhook_id      BLOB NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event           TEXT NOT NULL,
    history_id      BLOB NOT NULL,
    state           TEXT NOT NULL,
    attempts        INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    last_status     INTEGER,
    last_error      TEXT,
    created_at      INTEGER NOT NULL,
    finished_at     INTEGER
) STRICT;

CREATE INDEX webhook_deliveries_by_due ON webhook_deliveries (state, next_attempt_at, id);

CREATE INDEX webhook_deliveries_by_end ON webhook_deliveries (finished_at);

CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_id, created_at, id);

CREATE TABLE webhooks (
    id         BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    format     INTEGER NOT NULL,
    document   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    revision   INTEGER NOT NULL
) STRICT;

CREATE INDEX webhooks_by_project ON webhooks (project_id, created_at, id);

