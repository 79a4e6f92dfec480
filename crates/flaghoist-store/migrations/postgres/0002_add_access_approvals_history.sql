-- Who may do what, who approves it, and what happened.

-- What users are, and whether they administer the installation. Before this the only users were first administrators.
ALTER TABLE users ADD COLUMN kind text NOT NULL DEFAULT 'person';
ALTER TABLE users ADD COLUMN is_installation_admin boolean NOT NULL DEFAULT false;
ALTER TABLE users ADD COLUMN disabled_at bigint;
UPDATE users SET is_installation_admin = true;

-- That users belong to projects, and as what: a built-in role by name or a custom one by id.
CREATE TABLE memberships (
    project_id uuid NOT NULL REFERENCES projects (id),
    user_id    uuid NOT NULL REFERENCES users (id),
    role       text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (project_id, user_id)
);
CREATE INDEX memberships_by_user ON memberships (user_id);
INSERT INTO memberships (project_id, user_id, role, created_at)
    SELECT project_id, user_id,
        CASE MAX(CASE document ->> 'role' WHEN 'admin' THEN 3 WHEN 'editor' THEN 2 ELSE 1 END)
            WHEN 3 THEN 'admin' WHEN 2 THEN 'editor' ELSE 'viewer' END,
        MIN(created_at)
    FROM credentials WHERE user_id IS NOT NULL GROUP BY project_id, user_id;

-- The end of the secret, by which people tell keys apart; who made the key; until when it is taken; its last use.
ALTER TABLE credentials ADD COLUMN secret_end text NOT NULL DEFAULT '';
ALTER TABLE credentials ADD COLUMN created_by uuid;
ALTER TABLE credentials ADD COLUMN expires_at bigint;
ALTER TABLE credentials ADD COLUMN last_used_at bigint;
CREATE INDEX credentials_by_project ON credentials (project_id, created_at, id);

CREATE TABLE sessions (
    id          uuid NOT NULL PRIMARY KEY,
    user_id     uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of the secret.
    secret_hash bytea NOT NULL,
    created_at  bigint NOT NULL,
    expires_at  bigint NOT NULL,
    CONSTRAINT session_secret UNIQUE (secret_hash)
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE roles (
    id         uuid NOT NULL PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES projects (id),
    name       text NOT NULL,
    format     bigint NOT NULL,
    document   json NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    revision   bigint NOT NULL,
    CONSTRAINT role_name UNIQUE (project_id, name)
);

-- The document has the members.
CREATE TABLE teams (
    id         uuid NOT NULL PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES projects (id),
    handle     text NOT NULL,
    format     bigint NOT NULL,
    document   json NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    revision   bigint NOT NULL,
    CONSTRAINT team_handle UNIQUE (project_id, handle)
);

CREATE TABLE restriction_policies (
    flag_id    uuid NOT NULL PRIMARY KEY,
    project_id uuid NOT NULL,
    format     bigint NOT NULL,
    document   json NOT NULL,
    updated_at bigint NOT NULL,
    CONSTRAINT restriction_policy_flag
        FOREIGN KEY (project_id, flag_id) REFERENCES flags (project_id, id) ON DELETE CASCADE
);

CREATE INDEX restriction_policies_by_project ON restriction_policies (project_id, flag_id);

CREATE TABLE suggestions (
    id             uuid NOT NULL PRIMARY KEY,
    project_id     uuid NOT NULL,
    flag_id        uuid NOT NULL,
    environment_id uuid,
    -- Flag, environment and property while the suggestion is open: there is one open suggestion for each.
    open_scope     text,
    created_at     bigint NOT NULL,
    format         bigint NOT NULL,
    document       json NOT NULL,
    revision       bigint NOT NULL,
    CONSTRAINT suggestion_open UNIQUE (open_scope),
    CONSTRAINT suggestion_flag
        FOREIGN KEY (project_id, flag_id) REFERENCES flags (project_id, id) ON DELETE CASCADE,
    CONSTRAINT suggestion_environment
        FOREIGN KEY (project_id, environment_id) REFERENCES environments (project_id, id) ON DELETE CASCADE
);
CREATE INDEX suggestions_by_revision ON suggestions (project_id, revision);
CREATE INDEX suggestions_by_flag ON suggestions (flag_id, created_at, id);
CREATE INDEX suggestions_by_environment ON suggestions (project_id, environment_id);

CREATE TABLE webhooks (
    id         uuid NOT NULL PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES projects (id),
    format     bigint NOT NULL,
    document   json NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    revision   bigint NOT NULL
);
CREATE INDEX webhooks_by_project ON webhooks (project_id, created_at, id);

-- The outbox: written in the transaction of the change that it tells of.
CREATE TABLE webhook_deliveries (
    id              uuid NOT NULL PRIMARY KEY,
    project_id      uuid NOT NULL REFERENCES projects (id),
    webhook_id      uuid NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event           text NOT NULL,
    history_id      uuid NOT NULL,
    state           text NOT NULL,
    attempts        bigint NOT NULL,
    next_attempt_at bigint NOT NULL,
    last_status     bigint,
    last_error      text,
    created_at      bigint NOT NULL,
    finished_at     bigint
);
CREATE INDEX webhook_deliveries_by_due ON webhook_deliveries (state, next_attempt_at, id);
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_id, created_at, id);
CREATE INDEX webhook_deliveries_by_end ON webhook_deliveries (finished_at);

-- Who made a change and what kind of thing it changed, to search by.
ALTER TABLE history ADD COLUMN user_id uuid;
ALTER TABLE history ADD COLUMN aggregate text NOT NULL DEFAULT '';
-- By its text: PostgreSQL's operators refuse a document in which somebody once wrote a NUL. Texts of people cannot look
-- like it, because their quotes are escaped.
UPDATE history SET
    user_id = substring(document::text FROM '"actor":\{[^{}]*"user_id":"([0-9a-f-]{36})"')::uuid,
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
