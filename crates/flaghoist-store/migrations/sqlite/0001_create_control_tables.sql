-- Moments are microseconds since 1970 in UTC. Identifiers are the 16 bytes of a UUID. A document is the part of
-- an aggregate that is never searched; `format` says how to read it.

CREATE TABLE projects (
    id         BLOB    NOT NULL PRIMARY KEY,
    key        TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    -- Counts changes without gaps: every writer takes the next number before it does anything else.
    revision   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT project_key UNIQUE (key)
) STRICT;

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

-- Index rows of the DD_ENV values in environment documents.
CREATE TABLE environment_queries (
    project_id     BLOB NOT NULL,
    query          TEXT NOT NULL,
    environment_id BLOB NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    CONSTRAINT environment_query PRIMARY KEY (project_id, query)
) STRICT, WITHOUT ROWID;
CREATE INDEX environment_queries_by_environment ON environment_queries (environment_id);

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

-- Index rows of the variants in flag documents.
CREATE TABLE flag_variants (
    id      BLOB NOT NULL PRIMARY KEY,
    flag_id BLOB NOT NULL REFERENCES flags (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX flag_variants_by_flag ON flag_variants (flag_id);

-- What a flag serves in an environment, where anything was changed since the flag was made.
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

-- Index rows of the allocations in flag_environments documents.
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

-- Index rows of the exposure schedules in flag_environments documents.
CREATE TABLE exposure_schedules (
    id            BLOB NOT NULL PRIMARY KEY,
    allocation_id BLOB NOT NULL REFERENCES allocations (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX exposure_schedules_by_allocation ON exposure_schedules (allocation_id);

CREATE TABLE saved_filters (
    id         BLOB    NOT NULL PRIMARY KEY,
    project_id BLOB    NOT NULL REFERENCES projects (id),
    name       TEXT    NOT NULL,
    format     INTEGER NOT NULL,
    document   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    CONSTRAINT saved_filter_name UNIQUE (project_id, name)
) STRICT;

-- People and service accounts of the installation; no project owns them.
CREATE TABLE users (
    id            BLOB    NOT NULL PRIMARY KEY,
    email         TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    password_hash TEXT,
    created_at    INTEGER NOT NULL,
    CONSTRAINT user_email UNIQUE (email)
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
    created_at     INTEGER NOT NULL,
    CONSTRAINT credential_secret UNIQUE (secret_hash),
    CONSTRAINT credential_environment
        FOREIGN KEY (project_id, environment_id) REFERENCES environments (project_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX credentials_by_environment ON credentials (project_id, environment_id);
CREATE INDEX credentials_by_user ON credentials (user_id);

-- One row for every revision of a project. Flags and environments may be gone: no foreign keys.
CREATE TABLE history (
    id             BLOB    NOT NULL PRIMARY KEY,
    project_id     BLOB    NOT NULL REFERENCES projects (id),
    revision       INTEGER NOT NULL,
    action         TEXT    NOT NULL,
    flag_id        BLOB,
    environment_id BLOB,
    at             INTEGER NOT NULL,
    format         INTEGER NOT NULL,
    document       TEXT    NOT NULL,
    CONSTRAINT history_revision UNIQUE (project_id, revision)
) STRICT;
