-- What guardrails know of runs of rollouts and their subjects. States are the engine's own.

-- Whoever writes about a run takes its row first.
CREATE TABLE evidence_runs (
    schedule_id BLOB NOT NULL,
    run         INTEGER NOT NULL,
    -- Counts how often its cells were written.
    version     INTEGER NOT NULL,
    written_at  INTEGER NOT NULL,
    PRIMARY KEY (schedule_id, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX evidence_runs_by_age ON evidence_runs (written_at);

-- What the tests of a run rest on, by metric and step.
CREATE TABLE evidence_cells (
    schedule_id BLOB NOT NULL,
    run         INTEGER NOT NULL,
    metric      INTEGER NOT NULL,
    step        INTEGER NOT NULL,
    state       BLOB NOT NULL,
    PRIMARY KEY (schedule_id, run, metric, step)
) STRICT, WITHOUT ROWID;

-- What was counted of each subject, by a keyed hash of its targeting key.
CREATE TABLE evidence_subjects (
    schedule_id BLOB NOT NULL,
    subject     INTEGER NOT NULL,
    state       BLOB NOT NULL,
    -- When it is to be looked at again.
    due_at      INTEGER,
    PRIMARY KEY (schedule_id, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX evidence_subjects_due ON evidence_subjects (schedule_id, due_at) WHERE due_at IS NOT NULL;

-- What is to be counted once: idempotency keys of reports, and ids of events.
CREATE TABLE taken_keys (
    environment_id BLOB NOT NULL,
    key            BLOB NOT NULL,
    taken_at       INTEGER NOT NULL,
    PRIMARY KEY (environment_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX taken_keys_by_age ON taken_keys (taken_at);

-- How the evidence stood, for charts. The document is JSON.
CREATE TABLE evidence_points (
    schedule_id BLOB NOT NULL,
    run         INTEGER NOT NULL,
    metric_id   TEXT NOT NULL,
    variant_id  BLOB NOT NULL,
    at          INTEGER NOT NULL,
    document    TEXT NOT NULL,
    PRIMARY KEY (schedule_id, run, metric_id, variant_id, at)
) STRICT, WITHOUT ROWID;
