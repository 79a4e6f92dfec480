-- Who may do what, who approves it, and what happened.

-- What users are, and whether they administer the installation. Before this the only users were first administrators.
ALTER TABLE users ADD COLUMN kind TEXT NOT NULL DEFAULT 'person';
ALTER TABLE users ADD COLUMN is_installation_admin INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN disabled_at INTEGER;
UPDATE users SET is_installation_admin = 1;

-- That users belong to projects, and as what: a built-in role by name or a custom one by id.
CREATE TABLE memberships (
    project_id BLOB NOT NULL REFERENCES projects (id),
    user_id    BLOB NOT NULL REFERENCES users (id),
    role       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, user_id)
) STRICT;
CREATE INDEX memberships_by_user ON memberships (user_id);
INSERT INTO memberships (project_id, user_id, role, created_at)
    SELECT project_id, user_id,
        CASE MAX(CASE document ->> '$.role' WHEN 'admin' THEN 3 WHEN 'editor' THEN 2 ELSE 1 END)
            WHEN 3 THEN 'admin' WHEN 2 THEN 'editor' ELSE 'viewer' END,
        MIN(created_at)
    FROM credentials WHERE user_id IS NOT NULL GROUP BY project_id, user_id;

-- The end of the secret, by which people tell keys apart; who made the key; until when it is taken; its last use.
ALTER TABLE credentials ADD COLUMN secret_end TEXT NOT NULL DEFAULT '';
ALTER TABLE credentials ADD COLUMN created_by BLOB;
ALTER TABLE credentials ADD COLUMN expires_at INTEGER;
ALTER TABLE credentials ADD COLUMN last_used_at INTEGER;
CREATE INDEX credentials_by_project ON credentials (project_id, created_at, id);

CREATE TABLE sessions (
    id          BLOB NOT NULL PRIMARY KEY,
    user_id     BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of the secret.
    secret_hash BLOB NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    CONSTRAINT session_secret UNIQUE (secret_hash)
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

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

-- The document has the members.
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
CREATE INDEX suggestions_by_revision ON suggestions (project_id, revision);
CREATE INDEX suggestions_by_flag ON suggestions (flag_id, created_at, id);
CREATE INDEX suggestions_by_environment ON suggestions (project_id, environment_id);

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

-- The outbox: written in the transaction of the change that it tells of.
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
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_id, created_at, id);
CREATE INDEX webhook_deliveries_by_end ON webhook_deliveries (finished_at);

-- Who made a change and what kind of thing it changed, to search by.
ALTER TABLE history ADD COLUMN user_id BLOB;
ALTER TABLE history ADD COLUMN aggregate TEXT NOT NULL DEFAULT '';
UPDATE history SET
    user_id = unhex(replace(document ->> '$.actor.user_id', '-', '')),
    aggregate = CASE
        WHEN action = 'project_created' THEN 'project'
        WHEN action LIKE 'environment_%' THEN 'environment'
        WHEN action IN ('flag_enabled', 'flag_disabled', 'allocation_created', 'allocations_replaced', 'serving_updated')
            THEN 'flag_environment'
        WHEN action = 'saved_filter_created' THEN 'saved_filter'
        WHEN action = 'credentials_created' THEN 'credential'
        ELSE 'flag' END;
CREATE INDEX history_by_flag ON history (project_id, flag_id, revision);
CREATE INDEX history_by_environment ON history (project_id, environment_id, revision);
CREATE INDEX history_by_time ON history (project_id, at, revision);
