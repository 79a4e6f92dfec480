CREATE TABLE evaluation_counts (
    environment_id BLOB NOT NULL,
    flag_id        BLOB NOT NULL,
    -- Since 1970.
    start_minute   INTEGER NOT NULL,
    -- 1 or 60.
    length_minutes INTEGER NOT NULL,
    -- Keys; empty for none.
    allocation     TEXT NOT NULL,
    variant        TEXT NOT NULL,
    evaluations    INTEGER NOT NULL,
    exposures      INTEGER NOT NULL,
    -- Evaluations that served the default of the code, and those that failed.
    defaults       INTEGER NOT NULL,
    errors         INTEGER NOT NULL,
    PRIMARY KEY (environment_id, flag_id, start_minute, length_minutes, allocation, variant)
) STRICT, WITHOUT ROWID;

CREATE INDEX evaluation_counts_by_age ON evaluation_counts (length_minutes, start_minute);

CREATE TABLE evaluation_totals (
    environment_id BLOB NOT NULL,
    flag_id        BLOB NOT NULL,
    allocation     TEXT NOT NULL,
    variant        TEXT NOT NULL,
    evaluations    INTEGER NOT NULL,
    exposures      INTEGER NOT NULL,
    defaults       INTEGER NOT NULL,
    errors         INTEGER NOT NULL,
    -- Microseconds since 1970.
    first_at       INTEGER NOT NULL,
    last_at        INTEGER NOT NULL,
    PRIMARY KEY (environment_id, flag_id, allocation, variant)
) STRICT, WITHOUT ROWID;

CREATE TABLE evidence_cells (
    schedule_id BLOB NOT NULL,
    run         INTEGER NOT NULL,
    metric      INTEGER NOT NULL,
    step        INTEGER NOT NULL,
    state       BLOB NOT NULL,
    PRIMARY KEY (schedule_id, run, metric, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE evidence_points (
    schedule_id BLOB NOT NULL,
    run         INTEGER NOT NULL,
    metric_id   TEXT NOT NULL,
    variant_id  BLOB NOT NULL,
    at          INTEGER NOT NULL,
    document    TEXT NOT NULL,
    PRIMARY KEY (schedule_id, run, metric_id, variant_id, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE evidence_runs (
    schedule_id BLOB NOT NULL,
    run         INTEGER NOT NULL,
    -- Counts how often its cells were written.
    version     INTEGER NOT NULL,
    written_at  INTEGER NOT NULL,
    PRIMARY KEY (schedule_id, run)
) STRICT, WITHOUT ROWID;

CREATE INDEX evidence_runs_by_age ON evidence_runs (written_at);

CREATE TABLE evidence_subjects (
    schedule_id BLOB NOT NULL,
    subject     INTEGER NOT NULL,
    state       BLOB NOT NULL,
    -- When it is to be looked at again.
    due_at      INTEGER,
    PRIMARY KEY (schedule_id, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX evidence_subjects_due ON evidence_subjects (schedule_id, due_at) WHERE due_at IS NOT NULL;

CREATE TABLE taken_keys (
    environment_id BLOB NOT NULL,
    key            BLOB NOT NULL,
    taken_at       INTEGER NOT NULL,
    PRIMARY KEY (environment_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX taken_keys_by_age ON taken_keys (taken_at);

