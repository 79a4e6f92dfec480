-- What guardrails know of runs of rollouts and their subjects. States are the engine's own.

-- Whoever writes about a run takes its row first.
CREATE TABLE evidence_runs (
    schedule_id uuid NOT NULL,
    run         bigint NOT NULL,
    -- Counts how often its cells were written.
    version     bigint NOT NULL,
    written_at  bigint NOT NULL,
    PRIMARY KEY (schedule_id, run)
);
CREATE INDEX evidence_runs_by_age ON evidence_runs (written_at);

-- What the tests of a run rest on, by metric and step.
CREATE TABLE evidence_cells (
    schedule_id uuid NOT NULL,
    run         bigint NOT NULL,
    metric      bigint NOT NULL,
    step        bigint NOT NULL,
    state       bytea NOT NULL,
    PRIMARY KEY (schedule_id, run, metric, step)
);

-- What was counted of each subject, by a keyed hash of its targeting key.
CREATE TABLE evidence_subjects (
    schedule_id uuid NOT NULL,
    subject     bigint NOT NULL,
    state       bytea NOT NULL,
    -- When it is to be looked at again.
    due_at      bigint,
    PRIMARY KEY (schedule_id, subject)
);
CREATE INDEX evidence_subjects_due ON evidence_subjects (schedule_id, due_at) WHERE due_at IS NOT NULL;

-- What is to be counted once: idempotency keys of reports, and ids of events.
CREATE TABLE taken_keys (
    environment_id uuid NOT NULL,
    key            bytea NOT NULL,
    taken_at       bigint NOT NULL,
    PRIMARY KEY (environment_id, key)
);
CREATE INDEX taken_keys_by_age ON taken_keys (taken_at);

-- How the evidence stood, for charts. The document is JSON.
CREATE TABLE evidence_points (
    schedule_id uuid NOT NULL,
    run         bigint NOT NULL,
    metric_id   text NOT NULL,
    variant_id  uuid NOT NULL,
    at          bigint NOT NULL,
    document    text NOT NULL,
    PRIMARY KEY (schedule_id, run, metric_id, variant_id, at)
);
