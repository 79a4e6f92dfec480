-- Moments are microseconds since 1970 in UTC. A document is the part of an aggregate that is never searched;
-- `format` says how to read it. Documents are json and not jsonb, which refuses the character U+0000 in values
-- and changes numbers: what is stored is what is read, as on SQLite.

CREATE TABLE projects (
    id         uuid    NOT NULL PRIMARY KEY,
    key        text    NOT NULL,
    name       text    NOT NULL,
    -- Counts changes without gaps: every writer takes the next number before it does anything else.
    revision   bigint  NOT NULL,
    created_at bigint  NOT NULL,
    CONSTRAINT project_key UNIQUE (key)
);

CREATE TABLE environments (
    id               uuid    NOT NULL PRIMARY KEY,
    project_id       uuid    NOT NULL REFERENCES projects (id),
    key              text    NOT NULL,
    name             text    NOT NULL,
    format           bigint  NOT NULL,
    document         json    NOT NULL,
    created_at       bigint  NOT NULL,
    updated_at       bigint  NOT NULL,
    revision         bigint  NOT NULL,
    content_revision bigint  NOT NULL,
    content_at       bigint  NOT NULL,
    CONSTRAINT environment_key UNIQUE (project_id, key),
    CONSTRAINT environment_name UNIQUE (project_id, name),
    -- For foreign keys that must not cross the border of a project.
    CONSTRAINT environment_of_project UNIQUE (project_id, id)
);

-- Index rows of the DD_ENV values in environment documents.
CREATE TABLE environment_queries (
    project_id     uuid NOT NULL,
    query          text NOT NULL,
    environment_id uuid NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    CONSTRAINT environment_query PRIMARY KEY (project_id, query)
);
CREATE INDEX environment_queries_by_environment ON environment_queries (environment_id);

CREATE TABLE flags (
    id          uuid    NOT NULL PRIMARY KEY,
    project_id  uuid    NOT NULL REFERENCES projects (id),
    key         text    NOT NULL,
    -- The key in lower case: both engines then find parts of it the same way, in every script.
    key_folded  text    NOT NULL,
    name        text    NOT NULL,
    format      bigint  NOT NULL,
    document    json    NOT NULL,
    archived_at bigint,
    created_at  bigint  NOT NULL,
    updated_at  bigint  NOT NULL,
    revision    bigint  NOT NULL,
    CONSTRAINT flag_key UNIQUE (project_id, key),
    CONSTRAINT flag_name UNIQUE (project_id, name),
    CONSTRAINT flag_of_project UNIQUE (project_id, id)
);
CREATE INDEX flags_by_age ON flags (project_id, created_at, id);
CREATE INDEX flags_by_revision ON flags (project_id, revision);

-- Index rows of the variants in flag documents.
CREATE TABLE flag_variants (
    id      uuid NOT NULL PRIMARY KEY,
    flag_id uuid NOT NULL REFERENCES flags (id) ON DELETE CASCADE
);
CREATE INDEX flag_variants_by_flag ON flag_variants (flag_id);

-- What a flag serves in an environment, where anything was changed since the flag was made.
CREATE TABLE flag_environments (
    flag_id        uuid    NOT NULL,
    environment_id uuid    NOT NULL,
    project_id     uuid    NOT NULL,
    format         bigint  NOT NULL,
    document       json    NOT NULL,
    updated_at     bigint  NOT NULL,
    revision       bigint  NOT NULL,
    PRIMARY KEY (flag_id, environment_id),
    CONSTRAINT flag_environment_flag
        FOREIGN KEY (project_id, flag_id) REFERENCES flags (project_id, id) ON DELETE CASCADE,
    CONSTRAINT flag_environment_environment
        FOREIGN KEY (project_id, environment_id) REFERENCES environments (project_id, id) ON DELETE CASCADE
);
CREATE INDEX flag_environments_by_environment ON flag_environments (project_id, environment_id);
CREATE INDEX flag_environments_by_revision ON flag_environments (project_id, revision);

-- Index rows of the allocations in flag_environments documents.
CREATE TABLE allocations (
    id             uuid NOT NULL PRIMARY KEY,
    project_id     uuid NOT NULL,
    key            text NOT NULL,
    flag_id        uuid NOT NULL,
    environment_id uuid NOT NULL,
    CONSTRAINT allocation_key UNIQUE (project_id, key),
    CONSTRAINT allocation_place
        FOREIGN KEY (flag_id, environment_id) REFERENCES flag_environments (flag_id, environment_id) ON DELETE CASCADE
);
CREATE INDEX allocations_by_place ON allocations (flag_id, environment_id);

-- Index rows of the exposure schedules in flag_environments documents.
CREATE TABLE exposure_schedules (
    id            uuid NOT NULL PRIMARY KEY,
    allocation_id uuid NOT NULL REFERENCES allocations (id) ON DELETE CASCADE
);
CREATE INDEX exposure_schedules_by_allocation ON exposure_schedules (allocation_id);

CREATE TABLE saved_filters (
    id         uuid    NOT NULL PRIMARY KEY,
    project_id uuid    NOT NULL REFERENCES projects (id),
    name       text    NOT NULL,
    format     bigint  NOT NULL,
    document   json    NOT NULL,
    created_at bigint  NOT NULL,
    updated_at bigint  NOT NULL,
    revision   bigint  NOT NULL,
    CONSTRAINT saved_filter_name UNIQUE (project_id, name)
);

-- People and service accounts of the installation; no project owns them.
CREATE TABLE users (
    id            uuid    NOT NULL PRIMARY KEY,
    email         text    NOT NULL,
    name          text    NOT NULL,
    password_hash text,
    created_at    bigint  NOT NULL,
    CONSTRAINT user_email UNIQUE (email)
);

CREATE TABLE credentials (
    id             uuid    NOT NULL PRIMARY KEY,
    project_id     uuid    NOT NULL REFERENCES projects (id),
    name           text    NOT NULL,
    -- SHA-256 of the secret.
    secret_hash    bytea    NOT NULL,
    -- For people; the document says the same in full.
    kind           text    NOT NULL,
    -- Of application keys.
    user_id        uuid    REFERENCES users (id),
    -- Of SDK keys.
    environment_id uuid,
    format         bigint  NOT NULL,
    document       json    NOT NULL,
    created_at     bigint  NOT NULL,
    CONSTRAINT credential_secret UNIQUE (secret_hash),
    CONSTRAINT credential_environment
        FOREIGN KEY (project_id, environment_id) REFERENCES environments (project_id, id) ON DELETE CASCADE
);
CREATE INDEX credentials_by_environment ON credentials (project_id, environment_id);
CREATE INDEX credentials_by_user ON credentials (user_id);

-- One row for every revision of a project. Flags and environments may be gone: no foreign keys.
CREATE TABLE history (
    id             uuid    NOT NULL PRIMARY KEY,
    project_id     uuid    NOT NULL REFERENCES projects (id),
    revision       bigint  NOT NULL,
    action         text    NOT NULL,
    flag_id        uuid,
    environment_id uuid,
    at             bigint  NOT NULL,
    format         bigint  NOT NULL,
    document       json    NOT NULL,
    CONSTRAINT history_revision UNIQUE (project_id, revision)
);
